import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { canonicalJson, type Digest, InvalidArgumentError, isPlainObject } from "@verdigris/contracts";

/**
 * SHA-256 of `content` as `sha256:` and 64 lower-case hex digits; text is digested as its UTF-8 bytes, exactly as it is
 * (line endings and a byte order mark count).
 *
 * Throws `invalid-argument` for anything but text and bytes, and for text with a lone surrogate, which has no bytes of
 * its own and would share a digest with other text.
 */
export function digestOf(content: string | Uint8Array): Digest {
  if (typeof content === "string") return `sha256:${bytesToHex(sha256(utf8Bytes(content)))}`;
  if (content instanceof Uint8Array) return `sha256:${bytesToHex(sha256(content))}`;
  throw new InvalidArgumentError("content", `must be text or a Uint8Array, got ${typeof content}`);
}

/** What a tool declares to a model: the text and schemas that decide when and how it is called. */
export interface ToolContract {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of the arguments, as JSON. */
  readonly inputSchema: object;
  /** JSON Schema of the result, as JSON. */
  readonly outputSchema?: object;
  /** Hints such as read-only or destructive, as JSON. */
  readonly annotations?: object;
  /** Version the tool's server reports, where it does. */
  readonly serverVersion?: string;
}

const contractFields: ReadonlySet<string> = new Set([
  "name",
  "description",
  "inputSchema",
  "outputSchema",
  "annotations",
  "serverVersion",
]);

/**
 * The digest of a tool's declared contract, the same one that `defineBundle` writes: read the tool again later and
 * compare. Members that are undefined count as absent.
 *
 * Throws `invalid-argument` naming the member for a missing name, description or input schema, for an unknown member
 * and for what is no JSON.
 */
export function digestOfContract(contract: ToolContract): Digest {
  const present = Object.entries(contract).filter(([, member]) => member !== undefined);
  const unknown = present.find(([field]) => !contractFields.has(field));
  if (unknown !== undefined) {
    throw new InvalidArgumentError(`contract.${unknown[0]}`, "is no part of a tool contract");
  }
  for (const field of ["name", "description"] as const) {
    if (typeof contract[field] !== "string")
      throw new InvalidArgumentError(`contract.${field}`, "must be text");
  }
  for (const field of ["inputSchema", "outputSchema", "annotations"] as const) {
    const member: unknown = contract[field];
    const absent = member === undefined && field !== "inputSchema";
    if (!absent && !isPlainObject(member))
      throw new InvalidArgumentError(`contract.${field}`, "must be an object of JSON");
  }
  if (contract.serverVersion !== undefined && typeof contract.serverVersion !== "string") {
    throw new InvalidArgumentError("contract.serverVersion", "must be text");
  }
  return digestOf(canonicalJson(Object.fromEntries(present)));
}

/** The number of bytes of `text` in UTF-8. */
export function utf8Length(text: string): number {
  return new TextEncoder().encode(text).length;
}

function utf8Bytes(text: string): Uint8Array {
  if (/\p{Surrogate}/u.test(text)) {
    throw new InvalidArgumentError("content", "holds half of a surrogate pair, which UTF-8 cannot encode");
  }
  return new TextEncoder().encode(text);
}

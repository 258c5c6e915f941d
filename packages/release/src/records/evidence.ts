import {
  type AgentKeys,
  canonicalJson,
  type Digest,
  InvalidArgumentError,
  type JsonValue,
  type StoreOp,
  storeLimits,
  VerdigrisError,
} from "@verdigris/contracts";
import { textDigest } from "@verdigris/router";
import type { World } from "./world.ts";

/** Three bytes a unit at most, in JSON text of JSON text: within what one value may take. */
const partUnits = 20_000;
const mostParts = 32;

function partKeys(keys: AgentKeys, digest: Digest, parts: number): string[] {
  const hex = digest.slice("sha256:".length);
  return Array.from({ length: parts }, (_, part) => keys.evidence(hex, part));
}

/**
 * Keeps evidence under the digest of its canonical JSON; what is kept already is not written again. Throws
 * `invalid-argument` for what is no JSON, and for more than 640,000 characters of it: keep that elsewhere and name its digest.
 */
export async function keepEvidence(
  { store, keys, format }: Pick<World, "store" | "keys" | "format">,
  evidence: JsonValue,
): Promise<Digest> {
  const text = canonicalJson(evidence);
  const parts = Math.max(1, Math.ceil(text.length / partUnits));
  if (parts > mostParts)
    throw new InvalidArgumentError(
      "evidence",
      `has ${text.length} characters, ${mostParts * partUnits} are allowed`,
    );
  const digest = textDigest(text);
  const [first, ...rest] = partKeys(keys, digest, parts);
  const known = await store.get(first === undefined ? [] : [first]);
  if (known.entries[0]) return digest;
  const ops = [first, ...rest].map((key, part): StoreOp => {
    const piece = text.slice(part * partUnits, (part + 1) * partUnits);
    return {
      op: "put",
      key: key ?? "",
      rev: 0,
      value: JSON.stringify({ v: format(), parts, text: piece }),
    };
  });
  // Lost to another writer of the same content, which is as good.
  await store.commit(ops);
  return digest;
}

/** Evidence by its digest, checked against it; null where there is none here. Throws `digest-mismatch`. */
export async function readEvidence(
  { store, keys }: Pick<World, "store" | "keys">,
  digest: Digest,
): Promise<JsonValue | null> {
  const hex = digest.slice("sha256:".length);
  const prefix = keys.evidence(hex, 0).slice(0, -3);
  const { entries } = await store.list(prefix, { limit: Math.min(mostParts, storeLimits.listLimit) });
  if (entries.length === 0) return null;
  const text = entries.map(({ value }) => (JSON.parse(value) as { readonly text: string }).text).join("");
  if (textDigest(text) !== digest)
    throw new VerdigrisError(
      "digest-mismatch",
      `the evidence kept under ${digest} is another: find out who can write to the store`,
      { digest },
    );
  return JSON.parse(text) as JsonValue;
}

import { InvalidArgumentError, isId } from "@verdigris/contracts";

/** Where one value of the memory stands: a namespace, perhaps a subject (a user, a tenant), and a key. */
export interface StateAddress {
  readonly namespace: string;
  /** Null for what belongs to nobody in particular. */
  readonly subject: string | null;
  readonly key: string;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });
const plain = /^[\x22-\x7d]*$/;
const unpaired = /\p{Surrogate}/u;
const lowest = 0x22;
const highest = 0x7d;

function escapeByte(byte: number): string {
  if (byte >= lowest && byte <= highest) return String.fromCharCode(byte);
  return `${byte < lowest ? "!" : "~"}${byte.toString(16).padStart(2, "0")}`;
}

/**
 * Text as printable ASCII whose byte order is the order of the text's UTF-8 bytes: `!` sorts below and `~` above what
 * stands for itself. A prefix of the text is a prefix of the result. Unpaired surrogates are refused, since two of them
 * would become one key.
 */
function escapeText(argument: string, text: string): string {
  if (plain.test(text)) return text;
  if (unpaired.test(text)) throw new InvalidArgumentError(argument, "must not hold an unpaired surrogate");
  let escaped = "";
  for (const byte of encoder.encode(text)) escaped += escapeByte(byte);
  return escaped;
}

function unescapeText(escaped: string): string {
  if (plain.test(escaped)) return escaped;
  const bytes: number[] = [];
  for (let at = 0; at < escaped.length; at += 1) {
    const code = escaped.charCodeAt(at);
    if (code >= lowest && code <= highest) bytes.push(code);
    else {
      bytes.push(Number.parseInt(escaped.slice(at + 1, at + 3), 16));
      at += 2;
    }
  }
  return decoder.decode(Uint8Array.from(bytes));
}

function requireText(argument: string, value: unknown): string {
  if (typeof value === "string" && value !== "") return value;
  throw new InvalidArgumentError(
    argument,
    `must be text that is not empty, got ${value === "" ? '""' : typeof value}`,
  );
}

/** The name of a namespace, which is part of every key. */
export function requireNamespace(value: unknown): string {
  if (isId(value)) return value;
  throw new InvalidArgumentError("namespace", "must be 1 to 128 of A-Z a-z 0-9 . _ : -");
}

/** What all rows of a layer begin with. */
export function layerPrefix(layer: string): string {
  return `layer/${layer}/`;
}

/** What all rows of one namespace of a layer begin with. */
export function namespacePrefix(layer: string, namespace: string): string {
  return `${layerPrefix(layer)}${namespace}/`;
}

/** A subject never holds the separator, so that one person's prefix is never part of another's. */
function subjectText(subject: string | null): string {
  if (subject === null) return "";
  return escapeText("subject", requireText("subject", subject)).replaceAll("/", "~2f");
}

/** What all rows of one subject begin with, after the name of the layer. */
export function subjectPrefix(layer: string, namespace: string, subject: string | null): string {
  return `${namespacePrefix(layer, namespace)}${subjectText(subject)}/`;
}

/** The part of a row's key that follows {@link subjectPrefix}. */
export function keyText(key: string): string {
  return escapeText("key", requireText("key", key));
}

/** As {@link keyText}, for the beginning of a key, which may be empty. */
export function keyPrefixText(prefix: string): string {
  if (typeof prefix !== "string") throw new InvalidArgumentError("prefix", "must be text");
  return escapeText("prefix", prefix);
}

/** The key of the row that holds what `address` names in `layer`. */
export function rowKey(layer: string, { namespace, subject, key }: StateAddress): string {
  return subjectPrefix(layer, namespace, subject) + keyText(key);
}

/** The address a row of `layer` stands at; the inverse of {@link rowKey}. */
export function addressOf(layer: string, row: string): StateAddress {
  const rest = row.slice(layerPrefix(layer).length);
  const namespaceEnd = rest.indexOf("/");
  const subjectEnd = rest.indexOf("/", namespaceEnd + 1);
  const subject = rest.slice(namespaceEnd + 1, subjectEnd);
  return {
    namespace: rest.slice(0, namespaceEnd),
    subject: subject === "" ? null : unescapeText(subject),
    key: unescapeText(rest.slice(subjectEnd + 1)),
  };
}

/** The same row in another layer. */
export function rowIn(layer: string, row: string, from: string): string {
  return layerPrefix(layer) + row.slice(layerPrefix(from).length);
}

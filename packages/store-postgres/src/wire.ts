import type { CommitResult, StoreOp } from "@verdigris/contracts";

/** `commit_v1` takes its ops as parallel arrays. */
export interface EncodedOps {
  /** A letter per op: c, p or d. */
  readonly kinds: string;
  readonly keys: string[];
  readonly revs: number[];
  readonly values: string[];
  /** Places, from 1, in byte order of the key: every commit takes its locks in this order, so none waits in a circle. */
  readonly order: number[];
}

export function encodeOps(ops: readonly StoreOp[]): EncodedOps {
  const order = ops.map((_, n) => n + 1);
  const keyAt = (place: number): string => ops[place - 1]?.key ?? "";
  order.sort((a, b) => (keyAt(a) < keyAt(b) ? -1 : 1));
  return {
    kinds: ops.map(({ op }) => op[0]).join(""),
    keys: ops.map(({ key }) => key),
    revs: ops.map(({ rev }) => rev),
    values: ops.map((op) => (op.op === "put" ? op.value : "")),
    order,
  };
}

/** The numbers of a text with one space between them. */
function numbers(text: string, from: number): number[] {
  const found: number[] = [];
  for (let at = from; at > 0; ) {
    const end = text.indexOf(" ", at);
    found.push(Number(end < 0 ? text.slice(at) : text.slice(at, end)));
    at = end + 1;
  }
  return found;
}

/** Cuts `count` words off the front; the last part is what follows them, spaces and all. */
function words(text: string, count: number): string[] {
  const parts: string[] = [];
  let at = 0;
  for (let n = 0; n < count; n += 1) {
    const end = text.indexOf(" ", at);
    parts.push(text.slice(at, end));
    at = end + 1;
  }
  parts.push(text.slice(at));
  return parts;
}

/**
 * Reads what the functions of the schema answer: `+ {at} {rev} …` with a revision per op; `- {at} {op}` when the key of that
 * op, counted from 0, is absent; `! {at} {op} {rev} {entry's at} {value}` when it has another revision. `keys` are those of
 * the ops.
 */
export function decodeReply(reply: string, keys: readonly string[]): CommitResult {
  if (reply.startsWith("+")) {
    const revs = numbers(reply, 2);
    const at = revs.shift() ?? 0;
    return { ok: true, revs, at };
  }
  if (reply.startsWith("-")) {
    const [, at, place] = words(reply, 2);
    return { ok: false, key: keys[Number(place)] ?? "", current: null, at: Number(at) };
  }
  const [, at, place, rev, entryAt, value = ""] = words(reply, 5);
  const key = keys[Number(place)] ?? "";
  const current = { key, rev: Number(rev), at: Number(entryAt), value };
  return { ok: false, key, current, at: Math.max(Number(at), current.at) };
}

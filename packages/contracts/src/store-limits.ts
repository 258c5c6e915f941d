import { InvalidArgumentError, VerdigrisError } from "./errors.ts";
import { type StoreOp, storeLimits } from "./store.ts";

/** Printable ASCII: byte order and code-unit order agree, and no engine rewrites it. */
const keyPattern = /^[\x20-\x7e]+$/;
const prefixPattern = /^[\x20-\x7e]*$/;

function limitError(message: string, details: Readonly<Record<string, unknown>>): VerdigrisError {
  return new VerdigrisError("store-limit", message, details);
}

/** The keys last found good: a route is checked by every start, and a pin is deleted under the key it was put under. */
let lastGood: string | null = null;
let goodBefore: string | null = null;

function checkKey(key: string): void {
  if (key === lastGood || key === goodBefore) return;
  checkNewKey(key);
  goodBefore = lastGood;
  lastGood = key;
}

function checkNewKey(key: string): void {
  if (typeof key !== "string") throw new InvalidArgumentError("key", `must be text, got ${typeof key}`);
  if (key.length > storeLimits.keyBytes || !keyPattern.test(key)) {
    throw limitError(
      `the key ${JSON.stringify(key.slice(0, 80))} must be 1 to ${storeLimits.keyBytes} printable ASCII characters: shorten the ids it is made of`,
      { key: key.slice(0, 80), length: key.length, limit: storeLimits.keyBytes },
    );
  }
}

function checkValue(key: string, value: string): void {
  if (typeof value !== "string") throw new InvalidArgumentError("value", `must be text, got ${typeof value}`);
  // A UTF-16 unit takes at most three bytes of UTF-8, so most values need no encoding to be cleared.
  if (value.length * 3 <= storeLimits.valueBytes) return;
  const bytes = value.length > storeLimits.valueBytes ? value.length : new TextEncoder().encode(value).length;
  if (bytes > storeLimits.valueBytes) {
    throw limitError(
      `the value of ${key} has at least ${bytes} bytes and ${storeLimits.valueBytes} are allowed: split it over several keys`,
      { key, bytes, limit: storeLimits.valueBytes },
    );
  }
}

function checkOp(op: StoreOp): void {
  checkKey(op.key);
  if (!Number.isSafeInteger(op.rev) || op.rev < 0 || (op.rev === 0 && op.op === "del")) {
    throw new InvalidArgumentError("rev", `of ${op.op} ${op.key} must be a revision, got ${op.rev}`);
  }
  switch (op.op) {
    case "put":
      checkValue(op.key, op.value);
      return;
    case "check":
    case "del":
      return;
    default:
      throw new InvalidArgumentError(
        "op",
        `must be check, put or del, got ${JSON.stringify((op as { op: unknown }).op)}`,
      );
  }
}

function checkDistinct(ops: readonly StoreOp[]): void {
  const seen = new Set<string>();
  for (const { key } of ops) {
    if (seen.has(key)) {
      throw limitError(`a commit holds at most one op per key, and ${key} has two: merge them`, { key });
    }
    seen.add(key);
  }
}

/**
 * Returns when `ops` are within the limits that every adapter enforces on `commit`; for authors of adapters, who call
 * it first. Throws `store-limit` (more than 32 ops, a key twice, a key that is not 1 to 512 printable ASCII
 * characters, a value over 65,536 bytes of UTF-8) and `invalid-argument` (an unknown op, a revision that cannot be one;
 * `del` needs a revision above 0). An empty commit is within them: it changes nothing and reads the store's time.
 */
export function checkCommit(ops: readonly StoreOp[]): void {
  if (ops.length > storeLimits.opsPerCommit) {
    throw limitError(
      `a commit holds at most ${storeLimits.opsPerCommit} ops, not ${ops.length}: split the work into several commits`,
      { ops: ops.length, limit: storeLimits.opsPerCommit },
    );
  }
  for (const op of ops) checkOp(op);
  if (ops.length > 2 || (ops.length === 2 && ops[0]?.key === ops[1]?.key)) checkDistinct(ops);
}

/** Returns when every key may stand in a store. Throws `store-limit` as {@link checkCommit} does. */
export function checkGet(keys: readonly string[]): void {
  for (const key of keys) checkKey(key);
}

/**
 * Returns when a `list` call is within the limits: `limit` is an integer from 1 to 1,000, `prefix` and `after` are at
 * most 512 printable ASCII characters (both may be empty). Throws `store-limit` otherwise.
 */
export function checkList(
  prefix: string,
  options: { readonly after?: string; readonly limit: number },
): void {
  const { after, limit } = options;
  if (!Number.isInteger(limit) || limit < 1 || limit > storeLimits.listLimit) {
    throw limitError(`limit must be an integer from 1 to ${storeLimits.listLimit}, got ${limit}`, { limit });
  }
  checkPrefix(prefix);
  if (after !== undefined) checkPrefix(after);
}

/** Returns when `prefix` may be listed or watched: at most 512 printable ASCII characters. Throws `store-limit` otherwise. */
export function checkPrefix(prefix: string): void {
  if (typeof prefix !== "string")
    throw new InvalidArgumentError("prefix", `must be text, got ${typeof prefix}`);
  if (prefix.length > storeLimits.keyBytes || !prefixPattern.test(prefix)) {
    throw limitError(
      `the prefix ${JSON.stringify(prefix.slice(0, 80))} must be at most ${storeLimits.keyBytes} printable ASCII characters`,
      { prefix: prefix.slice(0, 80), length: prefix.length, limit: storeLimits.keyBytes },
    );
  }
}

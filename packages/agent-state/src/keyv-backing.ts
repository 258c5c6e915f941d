import { InvalidArgumentError, VerdigrisError } from "@verdigris/contracts";
import type { StateBacking, StateChange, StateRow } from "./backing.ts";

/** What is used of a `keyv` (version 5 or later); pass your own instance, with a namespace of its own. */
export interface KeyvLike {
  get(keys: string[]): Promise<(unknown | undefined)[]>;
  set(key: string, value: unknown, ttl?: number): Promise<unknown>;
  delete(key: string): Promise<unknown>;
  /** Missing where the storage adapter cannot list its keys. */
  iterator?: ((namespace?: string) => AsyncGenerator<unknown, void>) | undefined;
  /** False where an adapter's failure is only emitted, not thrown. */
  throwOnErrors?: boolean;
  /** What it puts before its keys, unless `useKeyPrefix` is off. */
  namespace?: string | undefined;
  useKeyPrefix?: boolean;
}

const scanRows = 500;

function asText(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

async function* rowsUnder(keyv: KeyvLike, prefix: string): AsyncGenerator<StateRow, void> {
  if (typeof keyv.iterator !== "function") {
    const message = "this keyv cannot list its keys: use a storage adapter that has an iterator";
    throw new VerdigrisError("store-lacks-capability", message, { needs: "iterator" });
  }
  for await (const pair of keyv.iterator(undefined)) {
    const [key, value] = pair as [string, unknown];
    const text = asText(value);
    if (typeof key === "string" && key.startsWith(prefix) && text !== undefined) yield { key, text };
  }
}

async function apply(keyv: KeyvLike, { key, text, ttlMs, expect }: StateChange): Promise<boolean> {
  if (expect !== undefined) {
    const [current] = await keyv.get([key]);
    if ((asText(current) ?? null) !== expect) return false;
  }
  if (text === null) await keyv.delete(key);
  else if ((await keyv.set(key, text, ttlMs)) === false) {
    throw new VerdigrisError("store-unavailable", `the keyv did not store ${key}`, { key });
  }
  return true;
}

/**
 * Keeps the memory in any `keyv`: its time to live is used for what nothing hides behind. A `keyv` cannot compare and
 * set, so a change of the lineage reaches other processes within `refreshMs`, and a list looks at every key of the
 * instance. Throws `store-lacks-capability` where its adapter cannot list.
 */
export function createKeyvBacking(keyv: KeyvLike): StateBacking {
  if (typeof keyv?.get !== "function" || typeof keyv.set !== "function") {
    throw new InvalidArgumentError("keyv", "must be a keyv: new Keyv(…)");
  }
  // Its iterator takes everything up to the first colon off a key, so anything else would lose keys without a word.
  const prefixes = "useKeyPrefix" in keyv && keyv.useKeyPrefix !== false;
  if (prefixes && !/^[^:]+$/.test(keyv.namespace ?? "")) {
    const problem =
      "must have a namespace without a colon, or useKeyPrefix: false: it cannot list its keys otherwise";
    throw new InvalidArgumentError("keyv", problem);
  }
  // Otherwise a write that failed looks like one that was made.
  keyv.throwOnErrors = true;
  return {
    fenced: false,
    async get(keys) {
      return keys.length === 0 ? [] : (await keyv.get([...keys])).map(asText);
    },
    async write(changes, guard) {
      if (guard !== undefined) {
        const [current] = await keyv.get([guard.key]);
        if (current !== guard.text) return null;
      }
      const answers: boolean[] = [];
      for (const change of changes) answers.push(await apply(keyv, change));
      return answers;
    },
    async list(prefix, { after, limit }) {
      const rows: StateRow[] = [];
      for await (const row of rowsUnder(keyv, prefix)) {
        if (after === undefined || row.key > after) rows.push(row);
      }
      return rows.sort((a, b) => (a.key < b.key ? -1 : 1)).slice(0, limit);
    },
    async *scan(prefix) {
      let rows: StateRow[] = [];
      for await (const row of rowsUnder(keyv, prefix)) {
        rows.push(row);
        if (rows.length < scanRows) continue;
        yield { rows, cursor: null };
        rows = [];
      }
      if (rows.length > 0) yield { rows, cursor: null };
    },
  };
}

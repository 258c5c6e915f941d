import {
  agentKeys,
  isVerdigrisError,
  type Store,
  type StoreEntry,
  type StoreOp,
  storeLimits,
  VerdigrisError,
} from "@verdigris/contracts";
import type { StateBacking, StateChange, StateGuard } from "./backing.ts";

/** The guard takes one op of a commit. */
const changesPerCommit = storeLimits.opsPerCommit - 1;
const attempts = 8;

function opOf(key: string, change: StateChange, current: StoreEntry | null): StoreOp | null {
  if (change.text !== null) return { op: "put", key, rev: current?.rev ?? 0, value: change.text };
  return current === null ? null : { op: "del", key, rev: current.rev };
}

/** The ops of changes whose expectation holds; a change that leaves nothing to do is done. */
function plan(
  prefix: string,
  changes: readonly StateChange[],
  entries: readonly (StoreEntry | null)[],
): { readonly ops: StoreOp[]; readonly answers: boolean[] } {
  const ops: StoreOp[] = [];
  const answers = changes.map((change, index) => {
    const current = entries[index] ?? null;
    if (change.expect !== undefined && (current?.value ?? null) !== change.expect) return false;
    const op = opOf(prefix + change.key, change, current);
    if (op !== null) ops.push(op);
    return true;
  });
  return { ops, answers };
}

/** True for a lost reply to a write that may be made again: what is put does not depend on what was there. */
function mayRepeat(error: unknown, changes: readonly StateChange[]): boolean {
  const lost = isVerdigrisError(error) && error.code === "store-indeterminate";
  return lost && changes.every(({ expect }) => expect === undefined);
}

/** One attempt: `again` when somebody else wrote one of the rows meanwhile. */
async function tryBatch(
  store: Store,
  prefix: string,
  changes: readonly StateChange[],
  guard: StateGuard | undefined,
): Promise<readonly boolean[] | null | "again"> {
  const keys = changes.map(({ key }) => prefix + key);
  const { entries } = await store.get(guard === undefined ? keys : [...keys, prefix + guard.key]);
  const guarded = guard === undefined ? null : (entries[keys.length] ?? null);
  if (guard !== undefined && guarded?.value !== guard.text) return null;
  const { ops, answers } = plan(prefix, changes, entries);
  if (ops.length === 0) return answers;
  if (guarded !== null) ops.push({ op: "check", key: guarded.key, rev: guarded.rev });
  return (await store.commit(ops)).ok ? answers : "again";
}

/** One batch, all or nothing; asked again when somebody else wrote one of its rows meanwhile, or a reply was lost. */
async function commitBatch(
  store: Store,
  prefix: string,
  changes: readonly StateChange[],
  guard: StateGuard | undefined,
): Promise<readonly boolean[] | null> {
  let lost: unknown;
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    try {
      const answer = await tryBatch(store, prefix, changes, guard);
      if (answer !== "again") return answer;
    } catch (error) {
      if (!mayRepeat(error, changes)) throw error;
      lost = error;
    }
  }
  throw new VerdigrisError(
    "state-contended",
    `${changes.length} rows of the memory changed under each of ${attempts} attempts to write them: try again`,
    { rows: changes.length },
    { cause: lost },
  );
}

/** A write of one row twice would be two ops on one key: only the last counts. */
function batches(changes: readonly StateChange[]): StateChange[][] {
  const found: StateChange[][] = [];
  let batch: StateChange[] = [];
  let keys = new Set<string>();
  for (const change of changes) {
    if (batch.length === changesPerCommit || keys.has(change.key)) {
      found.push(batch);
      batch = [];
      keys = new Set();
    }
    batch.push(change);
    keys.add(change.key);
  }
  if (batch.length > 0) found.push(batch);
  return found;
}

/**
 * Keeps the memory of `agent` in one of Verdigris's own stores, under `{agent}/state/`: exact (`fenced`), and a page of a
 * list reads a page. A value may take up to 64 KiB with its envelope, a key up to 512 characters with its layer
 * (`store-limit`). Up to 31 changes are all or nothing. A write is a read and a commit.
 */
export function createStoreBacking(store: Store, agent: string): StateBacking {
  const prefix = agentKeys(agent).state;
  const strip = (entry: StoreEntry) => ({ key: entry.key.slice(prefix.length), text: entry.value });
  const list: StateBacking["list"] = async (under, { after, limit }) => {
    const from = after === undefined ? {} : { after: prefix + after };
    const { entries } = await store.list(prefix + under, {
      ...from,
      limit: Math.min(limit, storeLimits.listLimit),
    });
    return entries.map(strip);
  };
  return {
    fenced: true,
    async get(keys) {
      if (keys.length === 0) return [];
      const { entries } = await store.get(keys.map((key) => prefix + key));
      return entries.map((entry) => entry?.value);
    },
    async write(changes, guard) {
      const answers: boolean[] = [];
      for (const batch of batches(changes)) {
        const done = await commitBatch(store, prefix, batch, guard);
        // Some batches may be written: whoever asked writes them all again under the lineage as it is now.
        if (done === null) return null;
        answers.push(...done);
      }
      return answers;
    },
    list,
    async *scan(under, cursor) {
      let after = cursor ?? undefined;
      for (;;) {
        const rows = await list(under, { after, limit: storeLimits.listLimit });
        if (rows.length === 0) return;
        after = rows[rows.length - 1]?.key;
        yield { rows, cursor: after ?? null };
        if (rows.length < storeLimits.listLimit) return;
      }
    },
  };
}

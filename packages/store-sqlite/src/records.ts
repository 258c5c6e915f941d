import type { CommitResult, StoreEntry, StoreOp } from "@verdigris/contracts";
import type { Database, Row } from "./database.ts";
import { isUnknownOutcome, toIndeterminate } from "./failures.ts";
import type { Revisions } from "./revisions.ts";
import type { StoreTime } from "./store-time.ts";

/** Reads and the one write over an open file; everything here is synchronous and throws what the engine throws. */
export interface Records {
  get(keys: readonly string[]): { readonly entries: readonly (StoreEntry | null)[]; readonly at: number };
  commit(ops: readonly StoreOp[]): CommitResult;
  list(
    prefix: string,
    after: string | undefined,
    limit: number,
  ): { readonly entries: readonly StoreEntry[]; readonly at: number };
}

export interface RecordsOptions {
  readonly file: string;
  readonly database: Database;
  readonly revisions: Revisions;
  readonly time: StoreTime;
}

const columns = "key, rev, at, value FROM verdigris_entries";

function toEntry(row: Row): StoreEntry {
  return { key: String(row[0]), rev: Number(row[1]), at: Number(row[2]), value: String(row[3]) };
}

function newest(entries: readonly (StoreEntry | null)[]): number {
  return entries.reduce((at, entry) => (entry !== null && entry.at > at ? entry.at : at), 0);
}

interface Writes {
  /** Returns the op's new revision, or null when the key does not have the revision the op expects. */
  apply(op: StoreOp, at: number): number | null;
}

function createWrites(database: Database, revisions: Revisions): Writes {
  const check = database.prepare("SELECT rev FROM verdigris_entries WHERE key = ?");
  const create = database.prepare(
    "INSERT INTO verdigris_entries (key, rev, at, value) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
  );
  const replace = database.prepare(
    "UPDATE verdigris_entries SET rev = ?, at = ?, value = ? WHERE key = ? AND rev = ?",
  );
  const remove = database.prepare("DELETE FROM verdigris_entries WHERE key = ? AND rev = ?");
  return {
    apply(op, at) {
      switch (op.op) {
        case "check":
          return (check.first(op.key)?.[0] ?? 0) === op.rev ? op.rev : null;
        case "put": {
          const rev = revisions.take();
          const changed =
            op.rev === 0
              ? create.run(op.key, rev, at, op.value)
              : replace.run(rev, at, op.value, op.key, op.rev);
          return changed === 1 ? rev : null;
        }
        case "del":
          return remove.run(op.key, op.rev) === 1 ? 0 : null;
      }
    },
  };
}

/** Ends a transaction; where nobody can say whether it happened, throws `store-indeterminate`. */
function finish(database: Database, file: string): void {
  try {
    database.exec("COMMIT");
  } catch (error) {
    if (isUnknownOutcome(error)) throw toIndeterminate(error, file);
    throw error;
  }
}

export function createRecords({ file, database, revisions, time }: RecordsOptions): Records {
  const writes = createWrites(database, revisions);
  const getOne = database.prepare(`SELECT ${columns} WHERE key = ?`);
  const getMany = database.prepare(`SELECT ${columns} WHERE key IN (SELECT value FROM json_each(?))`);
  // A key holds no character above `~`, so one past it closes the range of a prefix.
  const listFrom = database.prepare(`SELECT ${columns} WHERE key >= ? AND key < ? ORDER BY key LIMIT ?`);
  const listAfter = database.prepare(`SELECT ${columns} WHERE key > ? AND key < ? ORDER BY key LIMIT ?`);

  function applyAll(ops: readonly StoreOp[], at: number): CommitResult {
    const revs: number[] = [];
    for (const op of ops) {
      const rev = writes.apply(op, at);
      if (rev === null) {
        return { ok: false, key: op.key, current: readOne(op.key), at };
      }
      revs.push(rev);
    }
    finish(database, file);
    return { ok: true, revs, at };
  }

  function readOne(key: string): StoreEntry | null {
    const row = getOne.first(key);
    return row === undefined ? null : toEntry(row);
  }

  function readMany(keys: readonly string[]): readonly (StoreEntry | null)[] {
    const found = new Map(getMany.all(JSON.stringify(keys)).map((row) => [row[0], toEntry(row)]));
    return keys.map((key) => found.get(key) ?? null);
  }

  return {
    get(keys) {
      const [only] = keys;
      const entries = keys.length === 1 && only !== undefined ? [readOne(only)] : readMany(keys);
      return { entries, at: time.forRead(newest(entries)) };
    },
    commit(ops) {
      if (ops.length === 0) return { ok: true, revs: [], at: time.forRead(0) };
      const puts = ops.reduce((count, op) => (op.op === "put" ? count + 1 : count), 0);
      if (puts > 0) revisions.reserve(puts);
      // Only the beginning waits for other writers: what follows has the lock.
      database.exec("BEGIN IMMEDIATE");
      let done = false;
      try {
        const result = applyAll(ops, time.forCommit());
        done = result.ok;
        return result;
      } finally {
        if (!done && database.inTransaction) database.exec("ROLLBACK");
        time.settled(done);
      }
    },
    list(prefix, after, limit) {
      const end = `${prefix}\x7f`;
      const rows =
        after !== undefined && after >= prefix
          ? listAfter.all(after, end, limit)
          : listFrom.all(prefix, end, limit);
      const entries = rows.map(toEntry);
      return { entries, at: time.forRead(newest(entries)) };
    },
  };
}

import { announces, type CommitResult, type StoreEntry, type StoreOp } from "@verdigris/contracts";
import type { Call } from "./calls.ts";
import { notificationOf } from "./notification.ts";
import { decodeReply, encodeOps } from "./wire.ts";

/** Reads and the one write, one statement each. */
export interface Records {
  get(
    keys: readonly string[],
  ): Promise<{ readonly entries: readonly (StoreEntry | null)[]; readonly at: number }>;
  commit(ops: readonly StoreOp[]): Promise<CommitResult>;
  list(
    prefix: string,
    after: string | undefined,
    limit: number,
  ): Promise<{ readonly entries: readonly StoreEntry[]; readonly at: number }>;
}

export interface RecordsOptions {
  readonly call: Call;
  readonly schema: string;
  readonly durability: "required" | "accept-loss";
}

/** A row of a read: the entry's columns are null when there is none. */
interface ReadRow {
  readonly now: unknown;
  readonly key: string | null;
  readonly rev: unknown;
  readonly at: unknown;
  readonly value: string;
}

function entriesOf(rows: readonly object[]): StoreEntry[] {
  const entries: StoreEntry[] = [];
  for (const { key, rev, at, value } of rows as readonly ReadRow[]) {
    if (key !== null) entries.push({ key, rev: Number(rev), at: Number(at), value });
  }
  return entries;
}

type Check = Extract<StoreOp, { op: "check" }>;
type Put = Extract<StoreOp, { op: "put" }>;

/** A pin of a start: the check of the route and one new key, which is locked first and so has to come first in byte order. */
function startOf(ops: readonly StoreOp[]): readonly [Check, Put] | null {
  const [check, put] = ops;
  if (ops.length !== 2 || check?.op !== "check" || put?.op !== "put") return null;
  if (check.rev === 0 || put.rev !== 0 || put.key >= check.key) return null;
  return announces(put.key) ? null : [check, put];
}

export function createRecords({ call, schema, durability }: RecordsOptions): Records {
  const durable = durability === "required";
  const now = `SELECT ${schema}.read_v1() AS now`;
  const getText = `SELECT n.now, e.key, e.rev, e.at, e.value FROM (${now}) n
    LEFT JOIN ${schema}.entries e ON e.key = ANY($1::text[])`;
  // A key holds no character above `~`, so one past it closes the range of a prefix.
  const listText = `SELECT n.now, e.key, e.rev, e.at, e.value FROM (${now}) n LEFT JOIN LATERAL (
      SELECT * FROM ${schema}.entries WHERE key >= $1 AND key < $2 AND key > $3 ORDER BY key LIMIT $4
    ) e ON true ORDER BY e.key`;
  const commitText = `SELECT ${schema}.commit_v1($1, $2, $3, $4, $5, $6, $7, $8) AS reply`;
  const startText = `SELECT ${schema}.start_v1($1, $2, $3, $4, $5, $6) AS reply`;
  /** The latest time this handle has heard of: no later reply to it is before that. */
  let latest = 0;

  const timed = (at: number): number => {
    latest = Math.max(latest, at);
    return latest;
  };
  const read = async (text: string, values: unknown[]): Promise<{ entries: StoreEntry[]; at: number }> => {
    const rows = await call("read", text, values);
    const entries = entriesOf(rows);
    const newest = entries.reduce((at, entry) => Math.max(at, entry.at), 0);
    return { entries, at: timed(Math.max(newest, Number((rows[0] as ReadRow | undefined)?.now))) };
  };
  /** Resolves with the result for ops with these keys; `values` hold all of a commit, whose ops the caller may change. */
  const write = async (keys: readonly string[], text: string, values: unknown[]): Promise<CommitResult> => {
    const [row] = await call("commit", text, values);
    const result = decodeReply(String((row as { reply: unknown } | undefined)?.reply), keys);
    timed(result.at);
    return result;
  };

  return {
    async get(keys) {
      const { entries, at } = await read(getText, [[...keys]]);
      const found = new Map(entries.map((entry) => [entry.key, entry]));
      return { entries: keys.map((key) => copyOf(found.get(key))), at };
    },
    async commit(ops) {
      if (ops.length === 0) return { ok: true, revs: [], at: (await read(getText, [[]])).at };
      const start = startOf(ops);
      if (start !== null) {
        const [check, put] = start;
        const values = [check.key, check.rev, put.key, put.value, latest, durable];
        return write([check.key, put.key], startText, values);
      }
      const { kinds, keys, revs, values, order } = encodeOps(ops);
      const notification = notificationOf(ops);
      return write(keys, commitText, [kinds, keys, revs, values, order, latest, notification, durable]);
    },
    list: (prefix, after, limit) => read(listText, [prefix, `${prefix}\x7f`, after ?? "", limit]),
  };
}

/** A key asked for twice is answered twice, each with an object of its own. */
function copyOf(entry: StoreEntry | undefined): StoreEntry | null {
  return entry === undefined ? null : { ...entry };
}

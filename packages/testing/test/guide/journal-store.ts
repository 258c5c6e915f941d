import { open } from "node:fs/promises";
import {
  type Clock,
  type CommitResult,
  checkCommit,
  checkGet,
  checkList,
  checkPrefix,
  createStoreWatchers,
  type Store,
  type StoreEntry,
  type StoreOp,
  systemClock,
  VerdigrisError,
} from "@verdigris/contracts";

/** One line of the file: one commit that happened. */
interface Line {
  readonly rev: number;
  readonly at: number;
  readonly ops: readonly StoreOp[];
}

/** A store of one process in one append-only file. It is small, not fast: everything is kept in memory, too. */
export async function openJournalStore(file: string, clock: Clock = systemClock): Promise<Store> {
  const entries = new Map<string, StoreEntry>();
  const watchers = createStoreWatchers();
  const journal = await open(file, "a+");
  let [rev, at] = [0, 0];
  let state: "open" | "broken" | "closed" = "open";
  let last: Promise<unknown> = Promise.resolve();

  function apply(line: Line): void {
    ({ rev, at } = line);
    for (const op of line.ops) {
      if (op.op === "del") entries.delete(op.key);
      else if (op.op === "put") entries.set(op.key, { key: op.key, rev, at, value: op.value });
    }
  }

  // A line without its end was never acknowledged: the process died while it was written.
  const text = await journal.readFile("utf8");
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  await journal.truncate(Buffer.byteLength(whole));
  for (const line of whole.split("\n")) if (line !== "") apply(JSON.parse(line) as Line);

  const time = (): number => Math.max(at, Math.floor(clock.now()));
  const copy = (entry: StoreEntry | undefined): StoreEntry | null => (entry ? { ...entry } : null);

  function requireOpen(): void {
    if (state === "closed") throw new VerdigrisError("closed", `${file} is closed: open it again`, { file });
    if (state === "broken") {
      throw new VerdigrisError("store-unavailable", `${file}: a write failed: open it again`, { file });
    }
  }

  async function commit(ops: readonly StoreOp[]): Promise<CommitResult> {
    requireOpen();
    for (const { key, rev: expected } of ops) {
      const current = copy(entries.get(key));
      if ((current?.rev ?? 0) !== expected) return { ok: false, key, current, at: time() };
    }
    const line: Line = { rev: rev + 1, at: time(), ops: ops.filter(({ op }) => op !== "check") };
    if (line.ops.length > 0) {
      try {
        await journal.appendFile(`${JSON.stringify(line)}\n`);
        await journal.datasync();
      } catch (cause) {
        // Whether the line is on the disk cannot be known, so nothing may be built on it.
        state = "broken";
        const problem = `${file}: a write failed: read again to learn whether it happened`;
        throw new VerdigrisError("store-indeterminate", problem, { file }, { cause });
      }
      apply(line);
      watchers.announce(line.ops);
    }
    const revs = ops.map((op) => (op.op === "put" ? line.rev : op.op === "del" ? 0 : op.rev));
    return { ok: true, revs, at: line.at };
  }

  return {
    capabilities: Object.freeze({ multiKey: true, crossProcess: false, durableAck: true, push: true }),
    async get(keys) {
      requireOpen();
      checkGet(keys);
      return { entries: keys.map((key) => copy(entries.get(key))), at: time() };
    },
    async commit(ops) {
      requireOpen();
      checkCommit(ops);
      // Copied, since the caller goes on meanwhile; in a queue, since the check must still hold at the write.
      const own = ops.map((op) => ({ ...op }));
      const result = last.then(() => commit(own));
      last = result.catch(() => undefined);
      return result;
    },
    async list(prefix, { after = "", limit }) {
      requireOpen();
      checkList(prefix, { after, limit });
      const keys = [...entries.keys()].filter((key) => key.startsWith(prefix) && key > after).sort();
      const found = keys.slice(0, limit).flatMap((key) => copy(entries.get(key)) ?? []);
      return { entries: found, at: time() };
    },
    watch(prefix, onHint) {
      requireOpen();
      checkPrefix(prefix);
      return watchers.add(prefix, onHint);
    },
    async close() {
      if (state === "closed") return;
      state = "closed";
      watchers.clear();
      await last;
      await journal.close();
    },
  };
}

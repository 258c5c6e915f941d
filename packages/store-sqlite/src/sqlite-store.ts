import {
  type Clock,
  checkCommit,
  checkGet,
  checkList,
  checkPrefix,
  createStoreWatchers,
  InvalidArgumentError,
  type Store,
  systemClock,
  VerdigrisError,
} from "@verdigris/contracts";
import { createChanges } from "./changes.ts";
import { type Database, openDatabase } from "./database.ts";
import { createPatience, type Patience } from "./patience.ts";
import { createRecords } from "./records.ts";
import { createRevisions } from "./revisions.ts";
import { prepareFile } from "./schema.ts";
import { createStoreTime } from "./store-time.ts";

/** Settings of {@link createSqliteStore}. */
export interface SqliteStoreOptions {
  /** Path of the database file, on a local disk; created when missing. Its directory must exist. */
  readonly file: string;
  /**
   * `full`: an acknowledged commit survives a crash of the process and of the machine. `normal`: of the process only,
   * and commits are several times faster. @default "full"
   */
  readonly synchronous?: "full" | "normal";
  /** How long one attempt may block the event loop waiting for another writer, 0 to 20 ms. @default 5 */
  readonly busyMs?: number;
  /** How often to look for commits of others while somebody watches, in ms. @default 100 */
  readonly pollMs?: number;
  /** Where store time and pauses come from. @default systemClock */
  readonly clock?: Clock;
  /** Numbers in [0, 1) that spread the pauses of waiting writers. @default Math.random */
  readonly random?: () => number;
}

/** A store in one file, shared by the processes of one host. */
export interface SqliteStore extends Store {
  readonly file: string;
}

interface Settings {
  readonly file: string;
  readonly synchronous: "full" | "normal";
  readonly busyMs: number;
  readonly pollMs: number;
  readonly clock: Clock;
  readonly random: () => number;
}

function readSettings(options: Partial<SqliteStoreOptions> = {}): Settings {
  const { file, synchronous = "full", busyMs = 5, pollMs = 100 } = options;
  const { clock = systemClock, random = Math.random } = options;
  if (typeof file !== "string" || file === "" || file === ":memory:" || file.includes("://")) {
    throw new InvalidArgumentError("file", `must be the path of a file, got ${JSON.stringify(file)}`);
  }
  if (synchronous !== "full" && synchronous !== "normal") {
    throw new InvalidArgumentError("synchronous", `must be full or normal, got ${String(synchronous)}`);
  }
  if (!Number.isFinite(busyMs) || busyMs < 0 || busyMs > 20) {
    throw new InvalidArgumentError(
      "busyMs",
      `must be 0 to 20, since it blocks the event loop, got ${busyMs}`,
    );
  }
  if (!Number.isFinite(pollMs) || pollMs < 1) {
    throw new InvalidArgumentError("pollMs", `must be at least 1, got ${pollMs}`);
  }
  return { file, synchronous, busyMs, pollMs, clock, random };
}

function openPrepared({ file, busyMs, synchronous }: Settings): Database {
  const database = openDatabase({ file, busyMs, session: `PRAGMA synchronous = ${synchronous}` });
  try {
    prepareFile(database, file, synchronous);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function wire(database: Database, settings: Settings, patience: Patience, gate: Gate): SqliteStore {
  const { file, synchronous, clock, pollMs } = settings;
  const records = createRecords({
    file,
    database,
    revisions: createRevisions(database, synchronous),
    time: createStoreTime(database, clock),
  });
  const watchers = createStoreWatchers();
  const changes = createChanges({ clock, pollMs, watchers, readVersion: database.dataVersion });

  return {
    file,
    capabilities: Object.freeze({
      multiKey: true,
      crossProcess: true,
      durableAck: synchronous === "full",
      push: true,
    }),
    async get(keys) {
      gate.requireOpen();
      checkGet(keys);
      return patience(() => records.get(keys));
    },
    async commit(ops) {
      gate.requireOpen();
      checkCommit(ops);
      // A retry happens after the caller has gone on, who may have changed them.
      const own = ops.map((op) => ({ ...op }));
      const result = await patience(() => records.commit(own));
      if (result.ok) watchers.announce(own);
      return result;
    },
    async list(prefix, options) {
      gate.requireOpen();
      checkList(prefix, options);
      return patience(() => records.list(prefix, options.after, options.limit));
    },
    watch(prefix, onHint) {
      gate.requireOpen();
      checkPrefix(prefix);
      const stop = watchers.add(prefix, onHint);
      changes.start();
      return () => {
        stop();
        if (watchers.size === 0) changes.stop();
      };
    },
    async close() {
      if (!gate.close()) return;
      watchers.clear();
      changes.stop();
      tidy(database);
    },
  };
}

/** Leaves one file behind where nobody else has it open. A failure costs nothing: the next opener reads the log. */
function tidy(database: Database): void {
  try {
    database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  } catch {
    // Another connection is at work, so the log is still wanted.
  }
  database.close();
}

interface Gate {
  requireOpen(): void;
  /** False when it was closed before. */
  close(): boolean;
}

function createGate(file: string): Gate {
  let closed = false;
  return {
    requireOpen() {
      if (closed) throw new VerdigrisError("closed", `the store ${file} is closed: open it again`, { file });
    },
    close() {
      const first = !closed;
      closed = true;
      return first;
    },
  };
}

/**
 * Opens a store in a file that many processes of one host may share. Commits are linearizable across them. A commit waits
 * at most `busyMs` inside the engine and otherwise between turns of the event loop; after 2 s behind another writer it
 * rejects with `store-unavailable`, never with a conflict.
 *
 * Store time is the host's clock and never goes back from one commit to a later one, across handles, processes and
 * restarts; with several writers it may run up to 10 ms ahead of the clock. Revisions are never issued twice.
 *
 * Errors: `store-unavailable` (not a database, not writable, disk full; with the engine's error as cause),
 * `store-indeterminate` (the disk failed inside COMMIT), `record-too-new` (a later release laid out the file),
 * `store-limit`, `closed`, `invalid-argument`.
 */
export async function createSqliteStore(options: SqliteStoreOptions): Promise<SqliteStore> {
  const settings = readSettings(options);
  const gate = createGate(settings.file);
  const patience = createPatience({ ...settings, requireOpen: gate.requireOpen });
  const database = await patience(() => openPrepared(settings));
  return patience(() => wire(database, settings, patience, gate));
}

import {
  type Clock,
  checkCommit,
  checkGet,
  checkList,
  checkPrefix,
  createStoreWatchers,
  InvalidArgumentError,
  type Store,
  type StoreCapabilities,
  systemClock,
  VerdigrisError,
} from "@verdigris/contracts";
import { type Call, createCalls } from "./calls.ts";
import { createListener, type Listener, type ListenerOptions } from "./listener.ts";
import { keysOf } from "./notification.ts";
import type { PostgresClient, PostgresListenClient } from "./postgres-client.ts";
import { createRecords, type Records } from "./records.ts";
import { namesOf, prepareSchema } from "./schema.ts";
import { capabilitiesOf, readServerFacts } from "./server-facts.ts";

/** What the store has to tell that is nobody's answer. Logging it is enough. */
export type PostgresNotice =
  /** Notifications arrive. */
  | { readonly type: "push-up" }
  /** They do not for now; the connection is being made again and polls carry on. */
  | { readonly type: "push-down"; readonly error: unknown }
  /** They never arrived when the store was opened: `listen` leads through a pooler. `capabilities.push` is false. */
  | { readonly type: "push-refused" };

/** Settings of {@link createPostgresStore}. */
export interface PostgresStoreOptions {
  /** What to commit and read through: `pg`'s `Pool` (also through a pooler by transaction), a single `Client`, or PGlite. */
  readonly client: PostgresClient;
  /**
   * Opens a connection of its own, directly to the server, for hearing of other processes' commits. Called again whenever
   * it is lost. Without it `capabilities.push` is false and readers poll. @default none
   */
  readonly listen?: () => PostgresListenClient | Promise<PostgresListenClient>;
  /** Where everything lives; made when missing. @default "verdigris" */
  readonly schema?: string;
  /** False refuses a schema that is not ready instead of making it, for a role that may create nothing. @default true */
  readonly migrate?: boolean;
  /**
   * `required`: every commit is flushed before it is acknowledged, whatever `synchronous_commit` says, and a server with
   * `fsync` off is refused. `accept-loss`: the server's settings decide, and `durableAck` says what they give. @default "required"
   */
  readonly durability?: "required" | "accept-loss";
  /** How often to ask the listening connection whether it still listens, in ms. @default 2000 */
  readonly heartbeatMs?: number;
  /** Longest pause between two attempts to listen again, in ms; under half the time after which a node is stale. @default 2000 */
  readonly reconnectMs?: number;
  /** Called with what there is to report. @default nothing happens */
  readonly onNotice?: (notice: PostgresNotice) => void;
  /** Where bounds and pauses come from; store time is the server's. @default systemClock */
  readonly clock?: Clock;
  /** Numbers in [0, 1) that spread the pauses of retries. @default Math.random */
  readonly random?: () => number;
  /** Makes the token of a test notification. @default crypto.randomUUID */
  readonly newId?: () => string;
}

/** A store in a PostgreSQL schema. */
export interface PostgresStore extends Store {
  readonly schema: string;
  /** True while notifications of other processes arrive. */
  readonly listening: boolean;
}

type Settings = Required<Omit<PostgresStoreOptions, "listen">> & Pick<PostgresStoreOptions, "listen">;

function readSettings(options: Partial<PostgresStoreOptions> = {}): Settings {
  const { client, listen, schema = "verdigris", migrate = true, durability = "required" } = options;
  const { heartbeatMs = 2_000, reconnectMs = 2_000, onNotice = () => undefined } = options;
  const { clock = systemClock, random = Math.random, newId = () => crypto.randomUUID() } = options;
  if (typeof client !== "object" || client === null || !("query" in client || "connect" in client)) {
    throw new InvalidArgumentError("client", "must be a pool or a connection with a query method");
  }
  if (listen !== undefined && typeof listen !== "function") {
    throw new InvalidArgumentError("listen", "must be a function that opens a connection");
  }
  namesOf(schema);
  if (durability !== "required" && durability !== "accept-loss") {
    throw new InvalidArgumentError(
      "durability",
      `must be required or accept-loss, got ${String(durability)}`,
    );
  }
  for (const [name, ms, most] of [
    ["heartbeatMs", heartbeatMs, 60_000],
    ["reconnectMs", reconnectMs, 2_499],
  ] as const) {
    if (!(ms >= 1 && ms <= most)) throw new InvalidArgumentError(name, `must be 1 to ${most}, got ${ms}`);
  }
  const settings = {
    client,
    schema,
    migrate,
    durability,
    heartbeatMs,
    reconnectMs,
    onNotice,
    clock,
    random,
    newId,
  };
  return listen === undefined ? settings : { ...settings, listen };
}

interface Push {
  readonly watchers: ReturnType<typeof createStoreWatchers>;
  readonly listener: Listener | null;
}

/** Listens, and settles whether notifications come through at all. */
async function openPush(settings: Settings, call: Call): Promise<Push> {
  const watchers = createStoreWatchers();
  const { listen, schema, clock, heartbeatMs, reconnectMs, newId, onNotice } = settings;
  if (listen === undefined) return { watchers, listener: null };
  const { channel } = namesOf(schema);
  const options: ListenerOptions = {
    open: listen,
    channel,
    clock,
    heartbeatMs,
    longestPauseMs: reconnectMs,
    newId,
    async send(payload) {
      await call("read", "SELECT pg_notify($1, $2)", [channel, payload]);
    },
    onPayload(payload) {
      const keys = keysOf(payload);
      if (keys === null) watchers.broadcast({ type: "resync" });
      else watchers.announce(keys.map((key) => ({ op: "del", key, rev: 1 })));
    },
    onUp() {
      onNotice({ type: "push-up" });
      // What was committed while nobody listened is nowhere to be heard.
      watchers.broadcast({ type: "resync" });
    },
    onDown(error) {
      onNotice({ type: "push-down", error });
      watchers.broadcast({ type: "down" });
    },
  };
  const listener = createListener(options);
  if ((await listener.first) !== "deaf") return { watchers, listener };
  await listener.stop();
  onNotice({ type: "push-refused" });
  return { watchers, listener: null };
}

function wire(
  { schema }: Settings,
  capabilities: StoreCapabilities,
  records: Records,
  { watchers, listener }: Push,
  gate: Gate,
): PostgresStore {
  return {
    schema,
    capabilities: Object.freeze(capabilities),
    get listening() {
      return listener?.up ?? false;
    },
    async get(keys) {
      gate.requireOpen();
      checkGet(keys);
      return records.get([...keys]);
    },
    async commit(ops) {
      gate.requireOpen();
      checkCommit(ops);
      return records.commit(ops);
    },
    async list(prefix, options) {
      gate.requireOpen();
      checkList(prefix, options);
      return records.list(prefix, options.after, options.limit);
    },
    watch(prefix, onHint) {
      gate.requireOpen();
      checkPrefix(prefix);
      const stop = watchers.add(prefix, onHint);
      if (listener?.up === false) watchers.broadcast({ type: "down" });
      return stop;
    },
    async close() {
      if (!gate.close()) return;
      watchers.clear();
      await listener?.stop();
    },
  };
}

interface Gate {
  requireOpen(): void;
  /** False when it was closed before. */
  close(): boolean;
}

function createGate(schema: string): Gate {
  let closed = false;
  return {
    requireOpen() {
      if (closed)
        throw new VerdigrisError("closed", `the store ${schema} is closed: open it again`, { schema });
    },
    close() {
      const first = !closed;
      closed = true;
      return first;
    },
  };
}

/**
 * Opens a store in a schema of a PostgreSQL database (14 or later) that any number of processes share. Commits are linearizable
 * across them, one round trip each, and bounded by 2 s. The client stays the caller's: closing the store does not end it.
 *
 * Store time is the server's clock and does not go back from one commit to a later one, also when that clock is set back (it
 * stands still then). The exception is a clock set back within the millisecond of two commits at once, or of a read, whose
 * time nothing remembers: then another handle may be told an earlier time by as much, this one never. Revisions are never
 * issued twice, not even by a standby that was promoted.
 *
 * Changes are pushed except those of single runs and node records (`pin`, `claim`, `moved`, `node`, `notice`, `chunk` keys).
 *
 * Errors: `store-unavailable` (refused, timed out before anything was sent, or undone by the server; its error is the cause),
 * `store-indeterminate` (the reply to a commit was lost), `store-lacks-capability` (the server may forget acknowledged commits,
 * or its transactions are not read committed), `record-too-new`, `store-limit`, `closed`, `invalid-argument`.
 */
export async function createPostgresStore(options: PostgresStoreOptions): Promise<PostgresStore> {
  const settings = readSettings(options);
  const { schema, durability } = settings;
  const gate = createGate(schema);
  const call = createCalls({ ...settings, requireOpen: gate.requireOpen });
  const facts = capabilitiesOf(await readServerFacts(call, schema), durability, schema);
  await prepareSchema(call, schema, settings.migrate);
  const push = await openPush(settings, call);
  const records = createRecords({ call, schema, durability });
  return wire(settings, { ...facts, push: push.listener !== null }, records, push, gate);
}

import {
  type Clock,
  checkCommit,
  checkGet,
  checkList,
  checkPrefix,
  createStoreWatchers,
  createTimeLimits,
  InvalidArgumentError,
  type Store,
  storeLimits,
  systemClock,
  type TimeLimits,
  VerdigrisError,
} from "@verdigris/contracts";
import { within } from "./bounded.ts";
import { type Connection, connectionOf, type RedisClient } from "./client.ts";
import { readSettings } from "./read-settings.ts";
import { createRecords, type Records } from "./records.ts";
import { type RedisRisk, type RedisRiskCode, type RedisSettings, risksOf } from "./risks.ts";
import { openScript } from "./scripts.ts";
import { createServer, type Server, scriptOf } from "./server.ts";
import { createSubscription } from "./subscription.ts";

/** Settings of {@link createRedisStore}. */
export interface RedisStoreOptions {
  /** A connected client of `redis` or `ioredis`, or a cluster client of either. Stays open when the store is closed. */
  readonly client: RedisClient;
  /** What the store's keys in Redis begin with; also their hash tag, so that all share one slot. @default "verdigris" */
  readonly prefix?: string;
  /** Risks to run knowingly; a server that has others is refused. @default [] */
  readonly accept?: readonly RedisRiskCode[];
  /** Called when the store is opened, once for every accepted risk that the server has. @default nothing */
  readonly onRisk?: (risk: RedisRisk) => void;
  /** The server's settings, where it does not tell them (managed services). @default read from the server */
  readonly settings?: RedisSettings;
  /**
   * How many replicas must have a commit before it is acknowledged; fewer in time is `store-indeterminate`. Every command
   * behind it on the same connection waits, too. Not with a cluster client of `ioredis`. @default 0
   */
  readonly waitForReplicas?: number;
  /** How often to prove that hints still arrive, in ms, only while somebody watches; 100 to 60,000. @default 2000 */
  readonly heartbeatMs?: number;
  /** Where limits and pauses are measured; store time is the server's. @default the system's */
  readonly clock?: Clock;
}

/** A store on a Redis server, shared by many machines. */
export interface RedisStore extends Store {
  /** The risks the server had when the store was opened, all of them accepted. */
  readonly risks: readonly RedisRisk[];
}

interface Checked extends Required<Omit<RedisStoreOptions, "client" | "settings">> {
  readonly connection: Connection;
  readonly settings: RedisSettings | null;
  readonly limits: TimeLimits;
  /** What the store is called in messages. */
  readonly name: string;
}

const riskCodes: readonly RedisRiskCode[] = ["persistence", "fsync", "eviction", "replication", "unknown"];
const layout = 1;
const keysOf = (prefix: string): readonly [string, string] => [`{${prefix}}:entries`, `{${prefix}}:keys`];
const channelOf = (prefix: string): string => `{${prefix}}:changes`;

function check(options: Partial<RedisStoreOptions> = {}): Checked {
  const { client, prefix = "verdigris", accept = [], onRisk = () => undefined, settings = null } = options;
  const { heartbeatMs = 2_000, waitForReplicas = 0, clock = systemClock } = options;
  if (typeof prefix !== "string" || !/^[\x21-\x7a|~]{1,128}$/.test(prefix)) {
    throw new InvalidArgumentError(
      "prefix",
      `must be 1 to 128 ASCII characters without space and braces, got ${JSON.stringify(prefix)}`,
    );
  }
  const connection = client === undefined ? null : connectionOf(client, keysOf(prefix)[0]);
  if (connection === null) {
    throw new InvalidArgumentError("client", "must be a client of redis (node-redis) or ioredis");
  }
  if (!Array.isArray(accept) || accept.some((code) => !riskCodes.includes(code))) {
    throw new InvalidArgumentError(
      "accept",
      `must be a list of ${riskCodes.join(", ")}, got ${JSON.stringify(accept)}`,
    );
  }
  if (typeof onRisk !== "function") throw new InvalidArgumentError("onRisk", "must be a function");
  if (!Number.isFinite(heartbeatMs) || heartbeatMs < 100 || heartbeatMs > 60_000) {
    throw new InvalidArgumentError("heartbeatMs", `must be 100 to 60,000, got ${heartbeatMs}`);
  }
  if (!Number.isInteger(waitForReplicas) || waitForReplicas < 0) {
    throw new InvalidArgumentError("waitForReplicas", `must be a whole number, got ${waitForReplicas}`);
  }
  if (waitForReplicas > 0 && !connection.isOneConnection) {
    throw new InvalidArgumentError(
      "waitForReplicas",
      "needs a client that sends WAIT where it sends the commit: a cluster client of ioredis does not",
    );
  }
  return {
    connection,
    prefix,
    accept,
    onRisk,
    settings,
    waitForReplicas,
    heartbeatMs,
    clock,
    limits: createTimeLimits(clock),
    name: `redis {${prefix}}`,
  };
}

async function openData(server: Server, { name, prefix }: Checked): Promise<void> {
  const script = await scriptOf(openScript);
  const [, found] = await server.read(script, [String(layout), channelOf(prefix), ""]);
  if (Number(found) > layout) {
    throw new VerdigrisError(
      "record-too-new",
      `${name}: a later release laid out the data (${found}): upgrade this process`,
      { store: name, found: Number(found), supported: layout },
    );
  }
}

async function risksOfServers({
  connection,
  settings,
  waitForReplicas,
  limits,
}: Checked): Promise<readonly RedisRisk[]> {
  if (settings !== null) return risksOf(settings, waitForReplicas);
  const found = await Promise.all(
    connection
      .servers()
      .map(async (ask) =>
        risksOf(await within(limits, storeLimits.callMs, readSettings(ask)), waitForReplicas),
      ),
  );
  return [...new Map(found.flat().map((risk) => [risk.code, risk])).values()];
}

async function weigh(checked: Checked): Promise<readonly RedisRisk[]> {
  const { accept, onRisk, name } = checked;
  const risks = await risksOfServers(checked);
  const refused = risks.filter(({ code }) => !accept.includes(code));
  if (refused.length > 0) {
    throw new VerdigrisError(
      "store-lacks-capability",
      `${name}: this server can lose an acknowledged flip: ${refused.map(({ message }) => message).join("; ")}. To run the risk, name it in \`accept\``,
      { store: name, risks: refused.map(({ code }) => code) },
    );
  }
  for (const risk of risks) onRisk(risk);
  return risks;
}

function wire(checked: Checked, server: Server, records: Records, risks: readonly RedisRisk[]): RedisStore {
  const { connection, prefix, clock, limits, heartbeatMs, name } = checked;
  const watchers = createStoreWatchers();
  const subscription = createSubscription({
    connection,
    channel: channelOf(prefix),
    ownChannel: `${channelOf(prefix)}:${crypto.randomUUID()}`,
    publish: (channel, text) => server.ask("PUBLISH", channel, text),
    watchers,
    clock,
    limits,
    heartbeatMs,
  });
  let closed = false;
  const requireOpen = (): void => {
    if (closed) throw new VerdigrisError("closed", `${name} is closed: open it again`, { store: name });
  };
  return {
    risks,
    capabilities: Object.freeze({
      multiKey: true,
      crossProcess: true,
      durableAck: risks.length === 0,
      push: true,
    }),
    async get(keys) {
      requireOpen();
      checkGet(keys);
      return records.get([...keys]);
    },
    async commit(ops) {
      requireOpen();
      checkCommit(ops);
      return records.commit(ops);
    },
    async list(under, options) {
      requireOpen();
      checkList(under, options);
      return records.list(under, options.after, options.limit);
    },
    watch(under, onHint) {
      requireOpen();
      checkPrefix(under);
      const stop = watchers.add(under, onHint);
      subscription.start();
      return () => {
        stop();
        if (watchers.size === 0) subscription.stop();
      };
    },
    async close() {
      if (closed) return;
      closed = true;
      watchers.clear();
      subscription.stop();
      server.close();
    },
  };
}

/**
 * Opens a store on a Redis or Valkey server that many machines share. A commit is one script and one round trip, and is
 * linearizable; a commit that was reported as failed cannot happen afterwards, whatever the client does with it.
 *
 * Store time is the server's clock and never goes back from one commit to a later one; revisions are never issued twice,
 * also after a server that lost its latest writes came back, as long as the server's clock was not set back with it.
 *
 * Errors: `store-lacks-capability` (the server can lose what it acknowledges, and that was not accepted; see
 * `details.risks`), `store-unavailable` (not connected, no reply, out of memory, a replica; with the client's error as
 * cause and the server's word for it as `details.engineCode`), `store-indeterminate` (the reply to a commit was lost),
 * `record-too-new` (a later release laid out the data), `store-limit`, `closed`, `invalid-argument`.
 */
export async function createRedisStore(options: RedisStoreOptions): Promise<RedisStore> {
  const checked = check(options);
  const { prefix } = checked;
  const server = createServer({ ...checked, keys: keysOf(prefix) });
  try {
    await server.ready();
    // Before anything is written: a server that is refused is left as it was.
    const risks = await weigh(checked);
    await openData(server, checked);
    return wire(checked, server, await createRecords(server, channelOf(prefix)), risks);
  } catch (error) {
    server.close();
    throw error;
  }
}

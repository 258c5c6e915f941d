import { createRedisStore, type RedisClient } from "@verdigris/store-redis";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { type BenchServer, type OpenStore, routeKey, type StartLane, value } from "./server.ts";
import { agent } from "./world.ts";

const url = process.env.VERDIGRIS_REDIS_URL ?? "redis://127.0.0.1:6379";
const accept = ["persistence", "fsync", "replication"] as const;

function openClient(): Redis {
  const client = new Redis(url, { retryStrategy: () => null });
  client.on("error", () => {});
  return client;
}

/** Runs `work` over a connection of its own. */
async function withClient<T>(work: (client: Redis) => Promise<T>): Promise<T> {
  const client = openClient();
  try {
    return await work(client);
  } finally {
    client.disconnect();
  }
}

/** What the processes of a load open, too. @public */
export async function openStore(prefix: string): Promise<OpenStore> {
  const client = openClient();
  const store = await createRedisStore({ client, prefix, accept });
  return {
    store,
    async close() {
      await store.close();
      client.disconnect();
    },
  };
}

interface Caller {
  readonly client: RedisClient;
  send(args: readonly string[]): Promise<unknown>;
  /** Commands that the store has sent. */
  sent(): number;
  end(): void;
}

function ioCaller(): Caller {
  const client = openClient();
  let sent = 0;
  const call = client.call.bind(client) as (...args: readonly string[]) => Promise<unknown>;
  client.call = ((...args: string[]) => {
    sent += 1;
    return call(...args);
  }) as typeof client.call;
  return { client, send: (args) => call(...args), sent: () => sent, end: () => client.disconnect() };
}

async function nodeCaller(): Promise<Caller> {
  const client = createClient({ url });
  client.on("error", () => {});
  await client.connect();
  let sent = 0;
  const send = client.sendCommand.bind(client) as (args: readonly string[]) => Promise<unknown>;
  client.sendCommand = ((args: readonly string[]) => {
    sent += 1;
    return send(args);
  }) as typeof client.sendCommand;
  return { client, send, sent: () => sent, end: () => client.destroy() };
}

/** The floor: a script with the arguments of a start that writes the same bytes to a hash and a sorted set, unfenced. */
const bareScript = `
redis.call('HSET', KEYS[1], ARGV[4], '1760000000000000 ' .. ARGV[5])
redis.call('ZADD', KEYS[2], '0', ARGV[4])
return 1760000000000000
`;

async function openLane(name: string, prefix: string): Promise<StartLane> {
  const caller = name.endsWith("ioredis") ? ioCaller() : await nodeCaller();
  const store = await createRedisStore({ client: caller.client, prefix, accept });
  const digest = String(await caller.send(["SCRIPT", "LOAD", bareScript]));
  const head = ["EVALSHA", digest, "2", `{${prefix}}:bare`, `{${prefix}}:bare-keys`];
  return {
    store,
    floor: (key) => caller.send([...head, "1760000000000000", routeKey, "1760000000000000 ", key, value]),
    sent: caller.sent,
    async close() {
      await store.close();
      caller.end();
    },
  };
}

const bareFlipScript = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return redis.error_reply('lost') end
redis.call('SET', KEYS[1], ARGV[2])
return 1
`;

/** Copies one pin to so many. */
const multiplyScript = `
local key = redis.call('ZRANGEBYLEX', KEYS[2], '[' .. ARGV[3], '+', 'LIMIT', 0, 1)[1]
local packed = redis.call('HGET', KEYS[1], key)
for n = tonumber(ARGV[1]), tonumber(ARGV[2]) do
  local copy = key .. '-' .. string.format('%d', n)
  redis.call('HSET', KEYS[1], copy, packed)
  redis.call('ZADD', KEYS[2], 0, copy)
end
return 1
`;

export const redis: BenchServer = {
  name: "redis",
  sharesRoundTrips: true,
  floorName: "one script of its size",
  module: import.meta.url,
  problem: () =>
    withClient((client) => client.ping()).then(
      () => null,
      (error: unknown) => `${String(error)}; set VERDIGRIS_REDIS_URL`,
    ),
  clients: ["redis, ioredis", "redis, node-redis"],
  openLane,
  open: openStore,
  async openBareFlip(prefix) {
    const client = openClient();
    const key = `{${prefix}}:bare-route`;
    const recordOf = (generation: number): string => `${generation} ${value}`;
    let generation = 1;
    await client.set(key, recordOf(generation));
    return {
      async flip() {
        await client.eval(bareFlipScript, 1, key, recordOf(generation), recordOf(generation + 1));
        generation += 1;
      },
      close: async () => client.disconnect(),
    };
  },
  multiplyPins: (prefix, from, to) =>
    withClient(async (client) => {
      const keys = [`{${prefix}}:entries`, `{${prefix}}:keys`] as const;
      for (let n = from; n <= to; n += 10_000) {
        await client.eval(multiplyScript, 2, ...keys, n, Math.min(to, n + 9_999), `${agent}/pin/`);
      }
    }),
  remove: (prefixes) =>
    withClient(async (client) => {
      const names = ["entries", "keys", "bare", "bare-keys", "bare-route"];
      for (const prefix of prefixes) await client.unlink(...names.map((name) => `{${prefix}}:${name}`));
    }),
};

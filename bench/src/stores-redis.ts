import type { Store } from "@verdigris/contracts";
import { createRedisStore } from "@verdigris/store-redis";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { ratioOf, spreadOf } from "./measure.ts";
import { type Findings, type Goal, goal, type Row } from "./report.ts";
import { countStale, perSecond, quantile, runStarters, sharedNow } from "./server-load.ts";
import { agent, blue, leavePins, openAgent } from "./world.ts";

const url = process.env.VERDIGRIS_REDIS_URL ?? "redis://127.0.0.1:6379";
const accept = ["persistence", "fsync", "replication"] as const;
const routeKey = `${agent}/route`;
const pinUnder = `${agent}/pin/support-41/1760000000000/`;
const value = JSON.stringify({
  v: 1,
  run: "01K0000000000000000000000",
  bundle: "support-41",
  epoch: 1,
  generation: 1,
});

/** The floor: one script with the same arguments that writes the same bytes to a hash and a sorted set, unfenced. */
const bareScript = `
redis.call('HSET', KEYS[1], ARGV[8], '1760000000000000 ' .. ARGV[10])
redis.call('ZADD', KEYS[2], 0, ARGV[8])
return {'ok', 1760000000000000, '1760000000000000'}
`;

function openClient(): Redis {
  const client = new Redis(url, { retryStrategy: () => null });
  client.on("error", () => {});
  return client;
}

/** What a worker opens: see `StoreSource`. @public */
export async function openStore(prefix: string): Promise<{ store: Store; close(): Promise<void> }> {
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
  readonly name: string;
  readonly client: Parameters<typeof createRedisStore>[0]["client"];
  send(args: readonly string[]): Promise<unknown>;
  /** Commands sent so far. */
  sent(): number;
  end(): void;
}

function ioCaller(): Caller {
  const client = openClient();
  let sent = 0;
  const call = client.call.bind(client) as (command: string, ...args: string[]) => Promise<unknown>;
  client.call = ((command: string, ...args: string[]) => {
    sent += 1;
    return call(command, ...args);
  }) as typeof client.call;
  return {
    name: "ioredis",
    client,
    send: ([command = "", ...rest]) => call(command, ...rest),
    sent: () => sent,
    end: () => client.disconnect(),
  };
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
  return { name: "node-redis", client, send, sent: () => sent, end: () => client.destroy() };
}

/** A start beside one script of the same size, over the same connection, in turn. */
async function throughput(prefix: string, caller: Caller): Promise<Findings> {
  const group = `redis start, ${caller.name}`;
  const rows: Row[] = [];
  const goals: Goal[] = [];
  const store = await createRedisStore({ client: caller.client, prefix, accept });
  const made = await store.commit([
    { op: "put", key: routeKey, rev: 0, value: JSON.stringify({ generation: 1 }) },
  ]);
  const rev = made.ok ? (made.revs[0] ?? 0) : 0;
  const digest = String(await caller.send(["SCRIPT", "LOAD", bareScript]));
  let key = 0;
  const start = (): Promise<unknown> =>
    store.commit([
      { op: "check", key: routeKey, rev },
      { op: "put", key: pinUnder + key++, rev: 0, value },
    ]);
  const head = ["EVALSHA", digest, "2", `{${prefix}}:bare`, `{${prefix}}:bare-keys`];
  const fence = ["1760000000000000", `{${prefix}}:changes`, "", "c", routeKey, String(rev), ""];
  // The key and the value stand where the floor's script looks for them.
  const bare = (): Promise<unknown> =>
    caller.send([...head, ...fence.slice(0, 6), "p", pinUnder + key++, "0", value, "", ""]);
  for (const inFlight of [8, 48]) {
    const seen = { bare: [] as number[], start: [] as number[] };
    for (let round = -1; round < 5; round++) {
      const floor = await perSecond(inFlight, 600, bare);
      const fenced = await perSecond(inFlight, 600, start);
      if (round < 0) continue;
      seen.bare.push(floor);
      seen.start.push(fenced);
    }
    const ratio = ratioOf(seen.start, seen.bare);
    rows.push({ group, name: `one script, ${inFlight} in flight`, unit: "/s", ...spreadOf(seen.bare) });
    rows.push({
      group,
      name: `start, ${inFlight} in flight`,
      unit: "/s",
      ...spreadOf(seen.start),
      ratio,
      ratioTo: "script",
    });
    if (inFlight === 8) {
      goals.push(goal(`${group}: start / one script of its size at 8 in flight`, ratio, "higher", 0.75));
    }
  }
  const before = caller.sent();
  for (let n = 0; n < 100; n++) await start();
  goals.push(goal(`${group}: commands per start`, (caller.sent() - before) / 100, "lower", 1));
  await store.close();
  caller.end();
  return { rows, goals };
}

/** Flips alone, then beside 48 lanes of eight processes that start runs without a pause. */
async function flips(prefix: string): Promise<Findings> {
  const group = "redis flip";
  const { store, close } = await openStore(prefix);
  const done: { resolvedAt: number; generation: number }[] = [];
  let generation = 1;
  const made = await store.commit([
    { op: "put", key: routeKey, rev: 0, value: JSON.stringify({ generation }) },
  ]);
  let rev = made.ok ? (made.revs[0] ?? 0) : 0;
  const flip = async (): Promise<number> => {
    generation += 1;
    const began = performance.now();
    const result = await store.commit([
      { op: "put", key: routeKey, rev, value: JSON.stringify({ generation }) },
      { op: "put", key: `${agent}/audit/${String(generation).padStart(10, "0")}`, rev: 0, value },
    ]);
    if (!result.ok) throw new Error("a flip lost, and nobody else flips");
    rev = result.revs[0] ?? 0;
    done.push({ resolvedAt: sharedNow(), generation });
    return performance.now() - began;
  };
  const idle: number[] = [];
  for (let n = 0; n < 100; n++) idle.push(await flip());
  const starters = await runStarters({ module: import.meta.url, args: [prefix] }, routeKey, 8, 6);
  const busy: number[] = [];
  const began = performance.now();
  while ((busy.length < 200 || starters.accepted < 100_000) && performance.now() - began < 60_000) {
    busy.push(await flip());
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const starts = await starters.stop();
  await close();
  const p99 = quantile(busy, 0.99);
  return {
    rows: [
      { group, name: "flip, nobody starts", unit: "ms", ...spreadOf(idle) },
      { group, name: `flip, 48 in flight start (${busy.length})`, unit: "ms", ...spreadOf(busy) },
      { group, name: "the same, p99", unit: "ms", ...spreadOf([p99]) },
    ],
    goals: [
      goal(`${group}: p99 beside 48 saturating starters (ms)`, p99, "lower", 50),
      goal(`${group}: stale starts`, countStale(starts, done), "lower", 0),
      goal(`${group}: starts checked`, starts.length, "higher", 100_000),
      goal(`${group}: flips`, busy.length, "higher", 200),
    ],
  };
}

async function millisecondsOf(call: () => Promise<unknown>): Promise<number[]> {
  const took: number[] = [];
  for (let round = 0; round < 5; round++) {
    const began = performance.now();
    await call();
    took.push(performance.now() - began);
  }
  return took;
}

/** Copies one pin to so many, in the form the store keeps it. */
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

/** Counts and recycling with few and with many pins, left as real starts write them and multiplied by the server. */
async function million(prefix: string): Promise<Findings> {
  const group = "redis pins";
  const rows: Row[] = [];
  const { store, close } = await openStore(prefix);
  const admin = openClient();
  const verdigris = await openAgent(store);
  await leavePins(store, 1);
  const medians: number[] = [];
  let left = 1;
  for (const count of [10_000, 1_000_000]) {
    for (; left < count; left += 10_000) {
      const to = String(Math.min(count, left + 10_000) - 1);
      await admin.eval(
        multiplyScript,
        2,
        `{${prefix}}:entries`,
        `{${prefix}}:keys`,
        left,
        to,
        `${agent}/pin/`,
      );
    }
    left = count;
    const counted = await millisecondsOf(() => verdigris.drainReport(blue.id));
    const recyclable = await millisecondsOf(() => verdigris.canRecycle(blue.id));
    const any = await millisecondsOf(() => store.list(`${agent}/pin/`, { limit: 1 }));
    medians.push(spreadOf(any).median);
    for (const [name, took] of [
      ["drain report", counted],
      ["canRecycle", recyclable],
      ["list, limit 1", any],
    ] as const) {
      rows.push({
        group,
        name: `${name}, ${count.toLocaleString("en")} pins`,
        unit: "ms",
        ...spreadOf(took),
      });
    }
  }
  await verdigris.close();
  await close();
  admin.disconnect();
  const [few = 1, many = 1] = medians;
  return {
    rows,
    goals: [goal(`${group}: list of one entry, a million / ten thousand`, many / few, "lower", 3)],
  };
}

/** Everything on Redis; nothing, with the reason printed, where no server answers. */
export async function onRedis(): Promise<Findings> {
  const probe = openClient();
  const problem = await probe.ping().then(
    () => null,
    (error: unknown) => String(error),
  );
  if (problem !== null) {
    process.stderr.write(`  skipped: no Redis (${problem}); set VERDIGRIS_REDIS_URL\n`);
    return { rows: [], goals: [] };
  }
  const prefix = `bench-${process.pid}`;
  const names = ["io", "node", "flip", "pins"].map((name) => `${prefix}-${name}`);
  const [io = "", node = "", flipping = "", pins = ""] = names;
  try {
    const found = [
      await throughput(io, ioCaller()),
      await throughput(node, await nodeCaller()),
      await flips(flipping),
      await million(pins),
    ];
    return { rows: found.flatMap(({ rows }) => rows), goals: found.flatMap(({ goals }) => goals) };
  } finally {
    for (const name of names) {
      const keys = ["entries", "keys", "bare", "bare-keys"].map((key) => `{${name}}:${key}`);
      await probe.unlink(...keys);
    }
    probe.disconnect();
  }
}

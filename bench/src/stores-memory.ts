import { agentKeys, type Store } from "@verdigris/contracts";
import type { RunPinning } from "@verdigris/run-pinning";
import { createMemoryStore } from "@verdigris/store-memory";
import { monotonicFactory } from "ulid";
import type { Verdigris } from "verdigris";
import { randomFrom } from "./ids.ts";
import { collect, microsecondsEach, ratioOf, spreadOf } from "./measure.ts";
import { type Findings, goal, type Row } from "./report.ts";
import { agent, leavePins, openAgent, openPinning, type Pipeline } from "./world.ts";

const rounds = 9;
const pairs = 20_000;
const million = 1_000_000;
const dayMs = 86_400_000;

/** One round: `calls` runs started and finished one after another, in microseconds each. */
export async function startAndFinish(
  runs: Pick<RunPinning<Pipeline> | Verdigris<Pipeline>, "start">,
  calls: number,
): Promise<number> {
  const began = process.hrtime.bigint();
  for (let i = 0; i < calls; i++) {
    const started = await runs.start();
    if (started.placed) await started.run.finish({ outcome: "completed" });
  }
  return Number(process.hrtime.bigint() - began) / 1_000 / calls;
}

/** The floor: an id, a text and a key, one commit that puts a pin under the route's fence, and one that deletes it. */
async function putAndDelete(store: Store, calls: number): Promise<number> {
  const keys = agentKeys(agent);
  const { entries } = await store.get([keys.route]);
  const fence = { op: "check", key: keys.route, rev: entries[0]?.rev ?? 0 } as const;
  const newId = monotonicFactory();
  const began = process.hrtime.bigint();
  for (let i = 0; i < calls; i++) {
    const run = newId();
    const deadline = Date.now() + dayMs;
    const key = keys.pin("support-41", deadline, run);
    const value = JSON.stringify({ v: 1, run, bundle: "support-41", epoch: 1, deadline, class: "live" });
    const put = await store.commit([fence, { op: "put", key, rev: 0, value }]);
    if (put.ok) await store.commit([{ op: "del", key, rev: put.revs[1] ?? 0 }]);
  }
  return Number(process.hrtime.bigint() - began) / 1_000 / calls;
}

interface Measured {
  readonly rows: Row[];
  readonly medians: Readonly<Record<"pinning" | "facade", number>>;
}

async function startFinishRows(store: Store, filled: string): Promise<Measured> {
  const facade = await openAgent(store);
  const pinning = (await openPinning(store)) as unknown as RunPinning<Pipeline>;
  const seen = { floor: [] as number[], pinning: [] as number[], facade: [] as number[] };
  for (let round = -1; round < rounds; round++) {
    const bare = await putAndDelete(store, pairs);
    const direct = await startAndFinish(pinning, pairs);
    const whole = await startAndFinish(facade, pairs);
    if (round < 0) continue;
    seen.floor.push(bare);
    seen.pinning.push(direct);
    seen.facade.push(whole);
  }
  await pinning.close();
  const [direct, whole] = [spreadOf(seen.pinning), spreadOf(seen.facade)];
  const beside = (times: readonly number[]): Pick<Row, "ratio" | "ratioTo"> => ({
    ratio: ratioOf(times, seen.floor),
    ratioTo: "floor",
  });
  const group = "memory";
  const unit = "µs";
  return {
    rows: [
      { group, name: `floor: put + delete by hand, ${filled}`, unit, ...spreadOf(seen.floor) },
      { group, name: `start + finish, run-pinning, ${filled}`, unit, ...direct, ...beside(seen.pinning) },
      { group, name: `start + finish, verdigris, ${filled}`, unit, ...whole, ...beside(seen.facade) },
    ],
    medians: { pinning: direct.median, facade: whole.median },
  };
}

/** Ids of runs started in one tick, and of runs some time apart: a new millisecond asks for fresh randomness. */
async function idSource(): Promise<Row[]> {
  const together: number[] = [];
  const apart: number[] = [];
  const nextId = monotonicFactory();
  let now = 1_760_000_000_000;
  for (let round = 0; round < rounds; round++) {
    const steady = now;
    together.push(
      await microsecondsEach(pairs, () => {
        nextId(steady);
        return undefined;
      }),
    );
    apart.push(
      await microsecondsEach(2_000, () => {
        now += 1;
        nextId(now);
        return undefined;
      }),
    );
  }
  return [
    { group: "ids", name: "ulid monotonicFactory, within a millisecond", unit: "µs", ...spreadOf(together) },
    { group: "ids", name: "ulid monotonicFactory, a new millisecond", unit: "µs", ...spreadOf(apart) },
  ];
}

/** Start and finish of runs that come one a millisecond: the rate of most services, and the dearest for the id source. */
async function oneEachMillisecond(): Promise<Row> {
  const store = createMemoryStore();
  const verdigris = await openAgent(store);
  const each: number[] = [];
  for (let i = 0; i < 1_500; i++) {
    for (const tick = Date.now(); Date.now() === tick; );
    each.push(await startAndFinish(verdigris, 1));
  }
  await verdigris.close();
  return {
    group: "memory",
    name: "start + finish, verdigris, one run a millisecond",
    unit: "µs",
    ...spreadOf(each.slice(500)),
  };
}

/** What the process holds on to, in the heap and in array buffers beside it. */
function bytesHeld(): number {
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Bytes that a pin keeps in the store, once the process that started it is gone. */
async function bytesPerPin(store: Store, maxAgeMs?: (index: number) => number): Promise<number> {
  await openAgent(store);
  const before = bytesHeld();
  await leavePins(store, million, maxAgeMs);
  return (bytesHeld() - before) / million;
}

export async function inMemory(): Promise<Findings> {
  const ids = [...(await idSource()), await oneEachMillisecond()];
  const emptyStore = createMemoryStore();
  const empty = await startFinishRows(emptyStore, "no pins");
  await emptyStore.close();
  const store = createMemoryStore();
  const bytes = await bytesPerPin(store);
  const { entries } = await store.list(`${agent}/pin/`, { limit: 1 });
  const characters = (entries[0]?.key.length ?? 0) + (entries[0]?.value.length ?? 0);
  const full = await startFinishRows(store, "a million pins");
  await store.close();
  const mixedStore = createMemoryStore();
  const random = randomFrom(17);
  const mixedBytes = await bytesPerPin(mixedStore, () => 60_000 + random() * (dayMs / 2));
  await mixedStore.close();
  const bytesRow = (name: string, value: number): Row => ({
    group: "memory",
    name,
    unit: "B",
    min: value,
    median: value,
    max: value,
  });
  return {
    rows: [
      ...ids,
      ...empty.rows,
      ...full.rows,
      bytesRow("characters in the key and value of a pin", characters),
      bytesRow("per pin in the store, one million, equal max age", bytes),
      bytesRow("per pin in the store, one million, mixed max ages", mixedBytes),
    ],
    goals: [
      goal("memory: start + finish, run-pinning, no pins (µs)", empty.medians.pinning, "lower", 5),
      goal("memory: start + finish, verdigris, no pins (µs)", empty.medians.facade, "lower", 5),
      goal("memory: start + finish, run-pinning, a million pins (µs)", full.medians.pinning, "lower", 5),
      goal("memory: start + finish, verdigris, a million pins (µs)", full.medians.facade, "lower", 5),
      goal("memory: bytes per pin, equal max age (B)", bytes, "lower", 600),
      goal("memory: bytes per pin, mixed max ages (B)", mixedBytes, "lower", 600),
    ],
  };
}

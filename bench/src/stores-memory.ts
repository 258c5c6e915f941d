import type { Store } from "@verdigris/contracts";
import type { RunPinning } from "@verdigris/run-pinning";
import { createMemoryStore } from "@verdigris/store-memory";
import { monotonicFactory } from "ulid";
import type { Verdigris } from "verdigris";
import { randomFrom } from "./ids.ts";
import { collect, microsecondsEach, spreadOf } from "./measure.ts";
import { type Findings, goal, type Row } from "./report.ts";
import { agent, leavePins, openAgent, openPinning, type Pipeline } from "./world.ts";

const rounds = 9;
const pairs = 20_000;
const million = 1_000_000;
const dayMs = 86_400_000;

/** One round: `calls` runs started and finished one after another, in microseconds each. */
export function startAndFinish(
  runs: Pick<RunPinning<Pipeline> | Verdigris<Pipeline>, "start">,
  calls: number,
): Promise<number> {
  return microsecondsEach(calls, async () => {
    const started = await runs.start();
    if (started.placed) await started.run.finish({ outcome: "completed" });
  });
}

interface Measured {
  readonly rows: Row[];
  readonly medians: Readonly<Record<"pinning" | "facade", number>>;
}

async function startFinishRows(store: Store, filled: string): Promise<Measured> {
  const facade = await openAgent(store);
  const pinning = (await openPinning(store)) as unknown as RunPinning<Pipeline>;
  const seen = { pinning: [] as number[], facade: [] as number[] };
  for (let round = -1; round < rounds; round++) {
    const direct = await startAndFinish(pinning, pairs);
    const whole = await startAndFinish(facade, pairs);
    if (round < 0) continue;
    seen.pinning.push(direct);
    seen.facade.push(whole);
  }
  await pinning.close();
  const [direct, whole] = [spreadOf(seen.pinning), spreadOf(seen.facade)];
  return {
    rows: [
      { group: "memory", name: `start + finish, run-pinning, ${filled}`, unit: "µs", ...direct },
      { group: "memory", name: `start + finish, verdigris, ${filled}`, unit: "µs", ...whole },
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

/** Bytes that a pin keeps in the store, once the process that started it is gone. */
async function bytesPerPin(store: Store, maxAgeMs?: (index: number) => number): Promise<number> {
  await openAgent(store);
  collect();
  const before = process.memoryUsage().heapUsed;
  await leavePins(store, million, maxAgeMs);
  collect();
  return (process.memoryUsage().heapUsed - before) / million;
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

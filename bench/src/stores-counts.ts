import { join } from "node:path";
import type { Store } from "@verdigris/contracts";
import { exactCountLimit } from "@verdigris/run-pinning";
import { createMemoryStore } from "@verdigris/store-memory";
import { createSqliteStore } from "@verdigris/store-sqlite";
import { spreadOf } from "./measure.ts";
import { type Findings, type Goal, goal, type Row } from "./report.ts";
import { withDirectory } from "./stores-sqlite.ts";
import { blue, leavePins, openAgent } from "./world.ts";

const rounds = 9;

/** The longest time, in ms, between two turns of the event loop while `work` runs. */
async function longestStall(work: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  let watching = true;
  let last = performance.now();
  const look = (): void => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (watching) setImmediate(look);
  };
  setImmediate(look);
  await work();
  watching = false;
  look();
  return longest;
}

async function countsOf(group: string, store: Store): Promise<Findings> {
  const verdigris = await openAgent(store);
  await leavePins(store, exactCountLimit);
  const exact = (await verdigris.drainReport(blue.id)).inFlight;
  await leavePins(store, 2_500);
  const stalls: number[] = [];
  const took: number[] = [];
  let beyond = exact;
  for (let round = -1; round < rounds; round++) {
    const began = performance.now();
    const stall = await longestStall(async () => {
      beyond = (await verdigris.drainReport(blue.id)).inFlight;
    });
    if (round < 0) continue;
    took.push(performance.now() - began);
    stalls.push(stall);
  }
  await verdigris.close();
  const rows: Row[] = [
    { group, name: "count of more than 10,000 runs", unit: "ms", ...spreadOf(took) },
    { group, name: "longest stall of the event loop meanwhile", unit: "ms", ...spreadOf(stalls) },
  ];
  const isExact = exact?.count === exactCountLimit && !exact.more;
  const isBounded = beyond?.count === exactCountLimit && beyond.more;
  const goals: Goal[] = [
    goal(
      `${group}: longest stall during a count, median of the rounds (ms)`,
      spreadOf(stalls).median,
      "lower",
      20,
    ),
    goal(`${group}: 10,000 runs are counted exactly (1 = yes)`, isExact ? 1 : 0, "higher", 1),
    goal(`${group}: 12,500 runs are "more than 10,000" (1 = yes)`, isBounded ? 1 : 0, "higher", 1),
  ];
  return { rows, goals };
}

export async function counts(): Promise<Findings> {
  const memory = createMemoryStore();
  const inMemory = await countsOf("memory count", memory);
  await memory.close();
  const inFile = await withDirectory(async (directory) => {
    const store = await createSqliteStore({ file: join(directory, "count.db"), synchronous: "normal" });
    const found = await countsOf("sqlite count", store);
    await store.close();
    return found;
  });
  return { rows: [...inMemory.rows, ...inFile.rows], goals: [...inMemory.goals, ...inFile.goals] };
}

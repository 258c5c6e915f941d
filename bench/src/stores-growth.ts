import { join } from "node:path";
import type { Store } from "@verdigris/contracts";
import { createMemoryStore } from "@verdigris/store-memory";
import { createSqliteStore } from "@verdigris/store-sqlite";
import type { Run, Verdigris } from "verdigris";
import { randomFrom } from "./ids.ts";
import { microsecondsEach, type Spread, spreadOf } from "./measure.ts";
import { type Findings, type Goal, goal, type Row } from "./report.ts";
import { withDirectory } from "./stores-sqlite.ts";
import { blue, generationOf, green, leavePins, openAgent, type Pipeline } from "./world.ts";

const rounds = 9;
const calls = ["start", "resume", "finish", "canRecycle"] as const;
type Call = (typeof calls)[number];
type Costs = Readonly<Record<Call, Spread>>;

const reason = "measured";

async function retireBlue(verdigris: Verdigris<Pipeline>): Promise<void> {
  await verdigris.flip({ to: green.id, reason, expect: await generationOf(verdigris) });
  await verdigris.settle({ reason, expect: await generationOf(verdigris) });
}

/** One round of runs started, taken up again from their tokens, and finished. */
async function lifeOf(
  verdigris: Verdigris<Pipeline>,
  batch: number,
): Promise<Readonly<Record<Exclude<Call, "canRecycle">, number>>> {
  let runs: Run<Pipeline>[] = [];
  const start = await microsecondsEach(batch, async () => {
    const started = await verdigris.start();
    if (started.placed) runs.push(started.run);
  });
  const tokens = runs.map((run) => run.park());
  runs = [];
  const resume = await microsecondsEach(batch, async (i) => {
    runs.push(await verdigris.resume(tokens[i] ?? ""));
  });
  const finish = await microsecondsEach(batch, (i) => runs[i]?.finish({ outcome: "completed" }));
  return { start, resume, finish };
}

async function costsAt(store: Store, pins: number, batch: number): Promise<Costs> {
  const verdigris = await openAgent(store);
  const random = randomFrom(pins);
  await leavePins(store, pins, () => 3_600_000 + random() * 36_000_000);
  const seen: Record<Call, number[]> = { start: [], resume: [], finish: [], canRecycle: [] };
  for (let round = -2; round < rounds; round++) {
    const life = await lifeOf(verdigris, batch);
    if (round < 0) continue;
    for (const call of ["start", "resume", "finish"] as const) seen[call].push(life[call]);
  }
  await retireBlue(verdigris);
  for (let round = -2; round < rounds; round++) {
    const each = await microsecondsEach(batch, () => verdigris.canRecycle(blue.id));
    if (round >= 0) seen.canRecycle.push(each);
  }
  const { blockers } = await verdigris.canRecycle(blue.id);
  if (!blockers.some(({ code }) => code === "runs-in-flight")) throw new Error("canRecycle saw no runs");
  await verdigris.close();
  return {
    start: spreadOf(seen.start),
    resume: spreadOf(seen.resume),
    finish: spreadOf(seen.finish),
    canRecycle: spreadOf(seen.canRecycle),
  };
}

function findingsOf(group: string, sizes: readonly number[], costs: readonly Costs[]): Findings {
  const rows: Row[] = [];
  const goals: Goal[] = [];
  for (const call of calls) {
    const smallest = costs[0]?.[call].median ?? Number.NaN;
    for (const [i, cost] of costs.entries()) {
      const name = `${call}, ${(sizes[i] ?? 0).toLocaleString("en-US")} pins`;
      const ratio = cost[call].median / smallest;
      rows.push({ group, name, unit: "µs", ...cost[call], ratio, ratioTo: "smallest" });
    }
    const largest = costs.at(-1)?.[call].median ?? Number.NaN;
    const span = `10^${Math.log10(sizes.at(-1) ?? 1)} against 10^${Math.log10(sizes[0] ?? 1)} pins`;
    goals.push(goal(`${group}: ${call}, ${span} (ratio)`, largest / smallest, "lower", 4));
  }
  return { rows, goals };
}

async function inMemoryGrowth(): Promise<Findings> {
  const sizes = [1_000, 10_000, 100_000, 1_000_000];
  const costs: Costs[] = [];
  for (const size of sizes) {
    const store = createMemoryStore();
    costs.push(await costsAt(store, size, 1_000));
    await store.close();
  }
  return findingsOf("memory growth", sizes, costs);
}

function inFileGrowth(): Promise<Findings> {
  const sizes = [1_000, 10_000, 100_000];
  return withDirectory(async (directory) => {
    const costs: Costs[] = [];
    for (const size of sizes) {
      const file = join(directory, `pins-${size}.db`);
      const store = await createSqliteStore({ file, synchronous: "normal" });
      costs.push(await costsAt(store, size, 300));
      await store.close();
    }
    return findingsOf("sqlite growth", sizes, costs);
  });
}

export async function growth(): Promise<Findings> {
  const [memory, file] = [await inMemoryGrowth(), await inFileGrowth()];
  return { rows: [...memory.rows, ...file.rows], goals: [...memory.goals, ...file.goals] };
}

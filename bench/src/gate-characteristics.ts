import { once } from "node:events";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { wilsonInterval } from "@verdigris/statistics";
import { judgingSpeed } from "./gate-speed.ts";
import type { Shared, Tally, Task } from "./gate-worker.ts";
import type { Cell } from "./gate-world.ts";
import { type Bench, type Findings, type Goal, goal, type Row } from "./report.ts";
import { specialFunctions } from "./special-functions.ts";

const seed = 20_261_125;
const margin = 0.05;
const repetitions = Number(process.env.VERDIGRIS_REPETITIONS ?? 20_000);
const perTask = 2_500;
const sizes = [50, 100, 200, 500] as const;
const program = new URL("gate-worker.js", import.meta.url);

/** A cell with the counts of all its repetitions. */
interface CellTally extends Tally {
  readonly cell: Cell;
}

const families = ["single", "even", "uneven"] as const;
const familyNames: Readonly<Record<Cell["documents"], string>> = {
  single: "without clusters",
  even: "documents of 4",
  uneven: "documents of 1 to 13",
};

function cellsToSimulate(): readonly Cell[] {
  const cells: Cell[] = [];
  for (const documents of families) {
    for (const repeats of [1, 3]) {
      for (const cases of sizes) {
        for (const change of [0, -margin]) cells.push({ cases, repeats, documents, change });
      }
    }
  }
  return cells;
}

/** Spreads all repetitions over the cores; the largest first, so that none is left with one at the end. */
async function simulateAll(cells: readonly Cell[], progress: (text: string) => void): Promise<CellTally[]> {
  const tallies = cells.map((cell): CellTally => {
    return { cell, repetitions: 0, pass: 0, fail: 0, meanLower: 0, anyCaseRegressed: 0, underThreshold: 0 };
  });
  const tasks = tallies.flatMap((tally, at) =>
    Array.from({ length: Math.ceil(repetitions / perTask) }, (_, part) => {
      const count = Math.min(perTask, repetitions - part * perTask);
      return { tally, task: { cell: tally.cell, stream: at * 1_000 + part, repetitions: count } };
    }),
  );
  tasks.sort((a, b) => b.task.cell.cases * b.task.cell.repeats - a.task.cell.cases * a.task.cell.repeats);
  const all = tasks.length;
  const work = async (): Promise<void> => {
    const worker = new Worker(program, { workerData: { seed, margin } satisfies Shared });
    for (let next = tasks.shift(); next !== undefined; next = tasks.shift()) {
      worker.postMessage(next.task satisfies Task);
      // An error in the worker rejects this.
      const [part] = (await once(worker, "message")) as [Tally];
      add(next.tally, part);
      if ((all - tasks.length) % 32 === 0) progress(`${all - tasks.length} of ${all} parts begun`);
    }
    await worker.terminate();
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), all) }, work));
  return tallies;
}

function add(tally: Tally, part: Tally): void {
  for (const count of Object.keys(part) as (keyof Tally)[]) tally[count] += part[count];
}

/** A share of the repetitions in percent; `min` and `max` are its 95 % Wilson interval. */
function shareRow(group: string, name: string, count: number): Row {
  const { lower, upper } = wilsonInterval({ successes: count, n: repetitions, alpha: 0.025 });
  const percent = (share: number): number => share * 100;
  return {
    group,
    name,
    unit: "%",
    min: percent(lower),
    median: percent(count / repetitions),
    max: percent(upper),
  };
}

function titleOf({ cases, repeats, documents, change }: Cell): string {
  const clusters = documents === "single" ? "" : `, ${familyNames[documents]}`;
  return `${change === 0 ? "identical" : "at the margin"}, ${cases} x ${repeats}${clusters}`;
}

function rowsOf(tally: CellTally): readonly Row[] {
  const group = titleOf(tally.cell);
  const halts = [
    shareRow(group, "mean lower: halts", tally.meanLower),
    shareRow(group, "any case regressed: halts", tally.anyCaseRegressed),
    shareRow(group, "pass rate under 0.80: halts", tally.underThreshold),
  ];
  return [shareRow(group, "gate: pass", tally.pass), shareRow(group, "gate: fail", tally.fail), ...halts];
}

function worst(tallies: readonly CellTally[], count: "pass" | "fail", of: (cell: Cell) => boolean): number {
  return Math.max(
    ...tallies.filter(({ cell }) => of(cell)).map((tally) => (tally[count] / repetitions) * 100),
  );
}

function goalsOf(tallies: readonly CellTally[]): readonly Goal[] {
  const goals: Goal[] = [];
  for (const documents of families) {
    const inFamily = (cell: Cell): boolean => cell.documents === documents;
    const family = familyNames[documents];
    const atMargin = (cell: Cell): boolean => inFamily(cell) && cell.change < 0;
    const large = worst(tallies, "pass", (cell) => atMargin(cell) && cell.cases > 50);
    const small = worst(tallies, "pass", (cell) => atMargin(cell) && cell.cases === 50);
    const wrongFail = worst(tallies, "fail", (cell) => inFamily(cell) && cell.change === 0);
    goals.push(
      goal(`wrong pass at the margin, ${family}, 100 to 500 cases (worst, %)`, large, "lower", 6),
      goal(`wrong pass at the margin, ${family}, 50 cases (worst, %)`, small, "lower", 7),
      goal(`wrong fail of an identical bundle, ${family} (worst, %)`, wrongFail, "lower", 6),
    );
  }
  const planned = worst(
    tallies,
    "pass",
    ({ cases, repeats, documents, change }) =>
      cases === 200 && repeats === 3 && documents === "single" && change === 0,
  );
  goals.push(goal("pass of an identical bundle, 200 cases x 3 (%)", planned, "higher", 90));
  return goals;
}

async function characteristics(progress: (text: string) => void): Promise<Findings> {
  progress(`seed ${seed}, ${repetitions} repetitions of each cell`);
  const tallies = await simulateAll(cellsToSimulate(), progress);
  return { rows: tallies.flatMap(rowsOf), goals: goalsOf(tallies) };
}

export const gateCharacteristics: Bench = {
  name: "gate-characteristics",
  sentence: "How often the gate passes, fails and cannot tell, beside simpler rules, by seeded simulation.",
  async run(progress) {
    const speed = judgingSpeed(progress);
    const simulated = await characteristics(progress);
    progress("special functions");
    const special = await specialFunctions();
    const parts = [simulated, speed, special];
    return { rows: parts.flatMap(({ rows }) => rows), goals: parts.flatMap(({ goals }) => goals) };
  },
};

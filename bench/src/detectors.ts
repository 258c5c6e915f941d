import { Worker } from "node:worker_threads";
import { wilsonInterval } from "@verdigris/statistics";
import { type Cell, cells } from "./detector-cells.ts";
import { detectorCosts } from "./detector-costs.ts";
import type { Played, Task } from "./detector-worker.ts";
import { type Bench, type Findings, type Goal, goal, type Row } from "./report.ts";

const seed = Number(process.env.VERDIGRIS_SEED ?? 20_261_125);
const nullReleases = Number(process.env.VERDIGRIS_REPETITIONS ?? 2_000);
const alternativeReleases = Math.max(1, Math.round(nullReleases * 0.15));
const perTask = 25;
const workers = 2;
const rules = ["latency-regression", "cost-regression", "pass-rate-floor", "hard-errors"] as const;

function tasksOf(chosen: readonly number[]): Task[] {
  return chosen.flatMap((cell) => {
    const releases = cells[cell]?.caught === undefined ? nullReleases : alternativeReleases;
    return Array.from({ length: Math.ceil(releases / perTask) }, (_, i) => ({
      cell,
      seed: (seed + cell * 1_000_003 + i * 7_919) >>> 0,
      releases: Math.min(perTask, releases - i * perTask),
    }));
  });
}

/** Deals tasks to workers until none is left. */
async function playAll(
  chosen: readonly number[],
  progress: (text: string) => void,
): Promise<readonly Played[]> {
  const tasks = tasksOf(chosen);
  const all = tasks.length;
  const played: Played[] = [];
  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL("./detector-worker.js", import.meta.url));
      const next = (): void => {
        const task = tasks.shift();
        if (task !== undefined) worker.postMessage(task);
        else void worker.terminate().then(() => resolve());
      };
      worker.on("message", (one: Played) => {
        played.push(one);
        if (played.length % 20 === 0) progress(`${played.length} of ${all} batches of releases`);
        next();
      });
      worker.on("error", reject);
      next();
    });
  await Promise.all(Array.from({ length: workers }, work));
  return played;
}

function together(played: readonly Played[], of: (one: Played) => Played["ours"], name: string): number[] {
  return played.flatMap((one) => of(one)[name] ?? []);
}

/** A share of releases in percent; `min` and `max` are its 95 % Wilson interval. */
function shareRow(group: string, name: string, count: number, n: number): Row {
  const { lower, upper } = wilsonInterval({ successes: count, n, alpha: 0.025 });
  return { group, name, unit: "%", min: lower * 100, median: (count / n) * 100, max: upper * 100 };
}

/** The median minute of the first alarm, releases without one being later than all others. */
function medianDelay(minutes: readonly number[], n: number): number {
  const sorted = minutes.toSorted((a, b) => a - b);
  return sorted[Math.ceil(n / 2) - 1] ?? Number.POSITIVE_INFINITY;
}

function delayRow(group: string, name: string, minutes: readonly number[], n: number): Row {
  const sorted = minutes.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.ceil(share * n) - 1] ?? Number.POSITIVE_INFINITY;
  return { group, name: `${name} (5, 50, 95 %)`, unit: "min", min: at(0.05), median: at(0.5), max: at(0.95) };
}

function titleOf({ family, regression }: Cell): string {
  const worse = Object.entries(regression).map(([what, how]) => `${what} ${how}`);
  return worse.length === 0 ? `unchanged: ${family.name}` : `${worse.join(", ")}: ${family.name}`;
}

function cellFindings(cell: Cell, played: readonly Played[]): Findings {
  const group = titleOf(cell);
  const n = played.reduce((sum, { releases }) => sum + releases, 0);
  const simpleNames = [...new Set(played.flatMap(({ simple }) => Object.keys(simple)))];
  const simple = (name: string): number[] => together(played, (one) => one.simple, name);
  if (cell.caught !== undefined) {
    const { signal, within } = cell.caught;
    const minutes = together(played, (one) => one.ours, signal);
    const rows = [
      delayRow(group, signal, minutes, n),
      ...simpleNames.map((name) => delayRow(group, name, simple(name), n)),
    ];
    return {
      rows,
      goals: [goal(`median minutes to catch ${group}`, medianDelay(minutes, n), "lower", within)],
    };
  }
  const counts = rules.map((name) => [name, together(played, (one) => one.ours, name).length] as const);
  const any = played.reduce((sum, one) => sum + one.any, 0);
  const watching = (name: string): number => played.reduce((sum, one) => sum + (one.watching[name] ?? 0), 0);
  const upper = (count: number): number => wilsonInterval({ successes: count, n, alpha: 0.025 }).upper * 100;
  const worst = Math.max(...counts.map(([, count]) => count));
  const goals: Goal[] = [
    goal(`${group}: false alarms of the worst rule, upper bound (%)`, upper(worst), "lower", 1),
    goal(`${group}: false alarms of all rules together, upper bound (%)`, upper(any), "lower", 2),
  ];
  const rows = [
    ...counts.map(([name, count]) => shareRow(group, `${name}: false alarm`, count, n)),
    shareRow(group, "any of ours: false alarm", any, n),
    ...rules.map((name) => shareRow(group, `${name}: watching at the end`, watching(name), n)),
    ...simpleNames.map((name) => shareRow(group, `${name}: false alarm`, simple(name).length, n)),
  ];
  return { rows, goals };
}

export const detectors: Bench = {
  name: "detectors",
  sentence:
    "How often detectors alarm on unchanged bundles, how soon on worse ones, beside simpler rules; what they cost.",
  async run(progress, only) {
    const asked = (part: string): boolean => only.length === 0 || only.includes(part);
    const costs = asked("costs") ? await detectorCosts() : { rows: [], goals: [] };
    const chosen = cells.flatMap((cell, index) =>
      asked(cell.caught === undefined ? "unchanged" : "worse") ? [index] : [],
    );
    if (chosen.length === 0) return costs;
    progress(
      `seed ${seed}, ${nullReleases} unchanged and ${alternativeReleases} worse releases a cell, two hours each`,
    );
    const played = await playAll(chosen, progress);
    const found = chosen.map((index) =>
      cellFindings(
        cells[index] as Cell,
        played.filter(({ cell }) => cell === index),
      ),
    );
    return {
      rows: [...costs.rows, ...found.flatMap(({ rows }) => rows)],
      goals: [...costs.goals, ...found.flatMap(({ goals }) => goals)],
    };
  },
};

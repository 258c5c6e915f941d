import { wilsonInterval } from "@verdigris/statistics";
import { decide, policyOf, setOf } from "./gate-decision.ts";
import { type Cell, createWorld, type World } from "./gate-world.ts";
import { type Bench, type Findings, type Goal, goal, type Row } from "./report.ts";
import { specialFunctions } from "./special-functions.ts";

const seed = 20_261_125;
const margin = 0.05;
const repetitions = Number(process.env.VERDIGRIS_REPETITIONS ?? 20_000);
const sizes = [50, 100, 200, 500] as const;

/** Counts over the repetitions of one cell. */
interface Tally {
  readonly cell: Cell;
  pass: number;
  fail: number;
  meanLower: number;
  anyCaseRegressed: number;
  underThreshold: number;
}

function simulate(world: World, cell: Cell): Tally {
  const tally: Tally = { cell, pass: 0, fail: 0, meanLower: 0, anyCaseRegressed: 0, underThreshold: 0 };
  const set = setOf(cell.cases, cell.clusterSize);
  const policy = policyOf(margin);
  for (let repetition = 0; repetition < repetitions; repetition++) {
    const decision = decide(set, policy, world.draw(cell), repetition);
    if (decision.gate !== "inconclusive") tally[decision.gate]++;
    if (decision.meanLower) tally.meanLower++;
    if (decision.anyCaseRegressed) tally.anyCaseRegressed++;
    if (decision.underThreshold) tally.underThreshold++;
  }
  return tally;
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

function titleOf({ cases, repeats, clusterSize, change }: Cell): string {
  const clusters = clusterSize > 1 ? `, documents of ${clusterSize}` : "";
  return `${change === 0 ? "identical" : "at the margin"}, ${cases} x ${repeats}${clusters}`;
}

function rowsOf(tally: Tally): readonly Row[] {
  const group = titleOf(tally.cell);
  const halts = [
    shareRow(group, "mean lower: halts", tally.meanLower),
    shareRow(group, "any case regressed: halts", tally.anyCaseRegressed),
    shareRow(group, "pass rate under 0.80: halts", tally.underThreshold),
  ];
  return [shareRow(group, "gate: pass", tally.pass), shareRow(group, "gate: fail", tally.fail), ...halts];
}

function worst(tallies: readonly Tally[], count: "pass" | "fail", of: (cell: Cell) => boolean): number {
  return Math.max(
    ...tallies.filter(({ cell }) => of(cell)).map((tally) => (tally[count] / repetitions) * 100),
  );
}

function goalsOf(tallies: readonly Tally[]): readonly Goal[] {
  const goals: Goal[] = [];
  for (const clustered of [false, true]) {
    const inFamily = (cell: Cell): boolean => cell.clusterSize > 1 === clustered;
    const family = clustered ? "with clusters" : "without clusters";
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
    ({ cases, repeats, clusterSize, change }) =>
      cases === 200 && repeats === 3 && clusterSize === 1 && change === 0,
  );
  goals.push(goal("pass of an identical bundle, 200 cases x 3 (%)", planned, "higher", 90));
  return goals;
}

function characteristics(progress: (text: string) => void): Findings {
  const world = createWorld(seed);
  progress(`seed ${seed}, ${repetitions} repetitions, mean pass rate ${world.meanPassRate.toFixed(3)}`);
  const tallies: Tally[] = [];
  for (const clusterSize of [1, 4]) {
    for (const repeats of [1, 3]) {
      for (const cases of sizes) {
        for (const change of [0, -margin]) {
          const cell = { cases, repeats, clusterSize, change };
          progress(titleOf(cell));
          tallies.push(simulate(world, cell));
        }
      }
    }
  }
  return { rows: tallies.flatMap(rowsOf), goals: goalsOf(tallies) };
}

export const gateCharacteristics: Bench = {
  name: "gate-characteristics",
  sentence: "How often the gate passes, fails and cannot tell, beside simpler rules, by seeded simulation.",
  async run(progress) {
    const simulated = characteristics(progress);
    progress("special functions");
    const special = await specialFunctions();
    return { rows: [...simulated.rows, ...special.rows], goals: [...simulated.goals, ...special.goals] };
  },
};

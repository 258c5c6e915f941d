import {
  defineEvalSet,
  definePolicy,
  defineResults,
  type EvalResults,
  type EvalSet,
  evaluateGate,
} from "@verdigris/eval-gate";
import { randomStream } from "./gate-world.ts";
import { spreadOf } from "./measure.ts";
import { type Findings, goal } from "./report.ts";

const cases = 10_000;
const repeats = 3;
const rounds = 21;
const judge = {
  ...{ model: "judge-1", prompt: { version: "1" }, labels: 120, sensitivity: 0.9, specificity: 0.9 },
  kappa: { estimate: 0.7, low: 0.58, high: 0.82 },
};

function largeSet(): EvalSet {
  return defineEvalSet({
    name: "large",
    version: "1",
    cases: Array.from({ length: cases }, (_, i) => ({
      id: `case-${i}`,
      input: `question ${i}, asked in full`,
      slice: `slice ${i % 20}`,
      cluster: `document ${i % 2_500}`,
    })),
  });
}

function resultsOf(set: EvalSet, bundle: "blue" | "green", random: () => number): EvalResults {
  const digest = `sha256:${(bundle === "blue" ? "b" : "e").repeat(64)}` as const;
  const scorers = [
    { metric: "exact", scorer: "exact", version: "1" },
    { metric: "helpful", scorer: "judge", version: "1", judge },
  ];
  const header = {
    ...({ v: 1, kind: "eval-results" } as const),
    ...{ set, scorers, startedAt: 0, bundle: { id: bundle, digest } },
  };
  const lines = set.cases.flatMap(({ id, digest: asked }) =>
    Array.from({ length: repeats }, (_, repeat) => ({
      ...{ case: id, digest: asked, repeat },
      scores: { exact: random() < 0.8 ? 1 : 0, helpful: random() },
    })),
  );
  return defineResults(header, lines);
}

/** What one gate of 10,000 cases x 3 costs: digests of cases, two metrics, 20 slices, 2,500 clusters, sealed evidence. */
export function judgingSpeed(progress: (text: string) => void): Findings {
  progress(`judging ${cases} cases x ${repeats}`);
  const set = largeSet();
  const random = randomStream(7, 0);
  const [baseline, candidate] = [resultsOf(set, "blue", random), resultsOf(set, "green", random)];
  const policy = definePolicy({
    metrics: [
      { kind: "pass-rate", metric: "exact", margin: 0.05 },
      { kind: "quality", metric: "helpful", by: "judge", judge, margin: 0.05 },
    ],
    critical: [{ slice: "slice 3", margins: { exact: 0.1 } }],
  });
  const [cpu, wall]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    const [from, began] = [process.cpuUsage(), performance.now()];
    const { verdict } = evaluateGate({ set, baseline, candidate, policy });
    if (verdict !== "pass") throw new Error(`an identical bundle got ${verdict}`);
    wall.push(performance.now() - began);
    const { user, system } = process.cpuUsage(from);
    cpu.push((user + system) / 1_000);
  }
  const group = `judging ${cases} x ${repeats}, 2 metrics`;
  const first = cpu[0] ?? Number.NaN;
  return {
    rows: [
      { group, name: "first in the process, CPU", unit: "ms", min: first, median: first, max: first },
      { group, name: "CPU", unit: "ms", ...spreadOf(cpu) },
      { group, name: "by the clock", unit: "ms", ...spreadOf(wall) },
    ],
    goals: [
      goal(`${group}: CPU, first in the process (ms)`, first, "lower", 200),
      goal(`${group}: CPU (median, ms)`, spreadOf(cpu).median, "lower", 120),
    ],
  };
}

import {
  type Comparison,
  defineEvalSet,
  definePolicy,
  defineResults,
  type EvalResults,
  type EvalSet,
  evaluateGate,
  type GatePolicy,
  judgeMetrics,
  metricScores,
} from "@verdigris/eval-gate";
import { type ClusterIndex, indexClusters } from "@verdigris/statistics";
import { type Cell, documentsOf, type Scores } from "./gate-world.ts";

/** What the gate says of one metric, and what simpler rules would have said. */
export interface Decision {
  readonly gate: "pass" | "fail" | "inconclusive";
  readonly meanLower: boolean;
  readonly anyCaseRegressed: boolean;
  readonly underThreshold: boolean;
}

/** Everything about a cell that does not change from one draw to the next. */
export interface Question {
  readonly set: EvalSet;
  readonly documents: readonly number[];
  readonly clusters: ClusterIndex | undefined;
  readonly policy: GatePolicy;
  /** Where each case begins in the scores. */
  readonly starts: Int32Array;
}

const threshold = 0.8;
const alpha = 0.05;
const startedAt = 1_790_000_000_000;

/** One metric, no slices: the decision rule and nothing beside it. */
export function questionOf(cell: Cell, margin: number): Question {
  const { cases, repeats } = cell;
  const documents = documentsOf(cell);
  const clustered = cell.documents !== "single";
  const set = defineEvalSet({
    name: "simulated",
    version: "1",
    cases: Array.from({ length: cases }, (_, i) => ({
      id: `case-${i}`,
      input: `question ${i}`,
      ...(clustered ? { cluster: `document ${documents[i]}` } : {}),
    })),
  });
  return {
    set,
    documents,
    clusters: clustered ? indexClusters(documents) : undefined,
    policy: definePolicy({ metrics: [{ kind: "pass-rate", metric: "exact", margin }] }),
    starts: Int32Array.from({ length: cases + 1 }, (_, i) => i * repeats),
  };
}

/** Asks what the gate itself asks once the results are read and matched, and the simpler rules. */
export function decide({ set, clusters, policy, starts }: Question, scores: Scores): Decision {
  const [blue, green] = [metricScores(scores.blue, starts), metricScores(scores.green, starts)];
  const comparison: Comparison = {
    cases: set.cases,
    clusters,
    baseline: new Map([["exact", blue]]),
    candidate: new Map([["exact", green]]),
  };
  const judged = judgeMetrics({ comparison, strata: null, policy, alpha, again: null, runCost: null });
  const [ofBlue, ofGreen] = [mean(blue.means), mean(green.means)];
  return {
    gate: verdictOf(judged),
    meanLower: ofGreen < ofBlue,
    anyCaseRegressed: green.means.some((value, i) => value < 0.5 && (blue.means[i] ?? 0) > 0.5),
    underThreshold: ofGreen < threshold,
  };
}

function verdictOf({ metrics, slices }: ReturnType<typeof judgeMetrics>): Decision["gate"] {
  const verdicts = metrics.map(({ verdict }) => verdict);
  if (verdicts.includes("fail") || slices.some(({ worse }) => worse)) return "fail";
  return verdicts.includes("inconclusive") ? "inconclusive" : "pass";
}

function mean(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] ?? 0;
  return sum / values.length;
}

/** What the whole gate says: results with digests in, evidence out. Throws where it is not what {@link decide} says. */
export function checkWholeGate(question: Question, scores: Scores, said: Decision["gate"]): void {
  const { set, policy } = question;
  const baseline = resultsOf(question, "blue", scores.blue);
  const candidate = resultsOf(question, "green", scores.green);
  const { verdict } = evaluateGate({ set, baseline, candidate, policy });
  if (verdict !== said) throw new Error(`the whole gate answered ${verdict}, its judgement ${said}`);
}

function resultsOf({ set, starts }: Question, bundle: "blue" | "green", scores: Float64Array): EvalResults {
  const digest = `sha256:${(bundle === "blue" ? "b" : "e").repeat(64)}` as const;
  const scorers = [{ metric: "exact", scorer: "exact", version: "1" }];
  const header = {
    ...({ v: 1, kind: "eval-results" } as const),
    ...{ set, scorers, startedAt, bundle: { id: bundle, digest } },
  };
  const lines = set.cases.flatMap(({ id, digest: asked }, i) =>
    Array.from(scores.subarray(starts[i], starts[i + 1]), (exact, repeat) => {
      return { case: id, digest: asked, repeat, scores: { exact } };
    }),
  );
  return defineResults(header, lines);
}

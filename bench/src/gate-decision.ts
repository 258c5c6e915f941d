import {
  type CaseResult,
  defineEvalSet,
  definePolicy,
  type EvalResults,
  type EvalSet,
  evaluateGate,
  type GatePolicy,
  judgeMetrics,
} from "@verdigris/eval-gate";
import type { Scores } from "./gate-world.ts";

/** What the gate says of one metric, and what simpler rules would have said. */
export interface Decision {
  readonly gate: "pass" | "fail" | "inconclusive";
  readonly meanLower: boolean;
  readonly anyCaseRegressed: boolean;
  readonly underThreshold: boolean;
}

const threshold = 0.8;
const startedAt = 1_790_000_000_000;
/** Every so many repetitions the whole gate is asked too, and must say the same. */
const wholeGateEvery = 200;

function mean(values: readonly number[]): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

/** One metric, no slices: the decision rule and nothing beside it. */
export function policyOf(margin: number): GatePolicy {
  return definePolicy({ metrics: [{ kind: "pass-rate", metric: "exact", margin }] });
}

export function setOf(cases: number, clusterSize: number): EvalSet {
  return defineEvalSet({
    name: "simulated",
    version: "1",
    cases: Array.from({ length: cases }, (_, i) => ({
      id: `case-${i}`,
      input: `question ${i}`,
      ...(clusterSize > 1 ? { cluster: `document ${Math.floor(i / clusterSize)}` } : {}),
    })),
  });
}

/**
 * Results as the builder makes them, but for their digest, which costs more than the verdict and decides only whether two
 * looks are at the same results.
 */
function resultsOf(set: EvalSet, bundle: "blue" | "green", scores: Scores["blue"]): EvalResults {
  const cases = new Map<string, CaseResult>();
  for (const [i, { id, digest }] of set.cases.entries()) {
    const repeats = (scores[i] ?? []).map((exact, repeat) => ({
      repeat,
      scores: { exact },
      error: null,
      durationMs: null,
      cost: null,
    }));
    cases.set(id, { case: id, digest, repeats });
  }
  const digest = `sha256:${(bundle === "blue" ? "b" : "e").repeat(64)}` as const;
  const scorers = [{ metric: "exact", scorer: "exact", version: "1" }];
  const header = {
    v: 1,
    kind: "eval-results",
    set,
    bundle: { id: bundle, digest },
    scorers,
    startedAt,
  } as const;
  return { header, cases, digest };
}

/** The gate's own judgement of metrics, without the digests and views around it. */
function judge(set: EvalSet, policy: GatePolicy, blue: EvalResults, green: EvalResults): Decision["gate"] {
  const comparison = {
    cases: set.cases,
    baseline: [...blue.cases.values()],
    candidate: [...green.cases.values()],
  };
  const judged = judgeMetrics({ comparison, strata: null, policy, alpha: 0.05, again: null, runCost: null });
  const verdicts = judged.metrics.map(({ verdict }) => verdict);
  if (verdicts.includes("fail") || judged.slices.some(({ worse }) => worse)) return "fail";
  return verdicts.includes("inconclusive") ? "inconclusive" : "pass";
}

/** Asks the gate, now and then all of it, and the simpler rules. */
export function decide(set: EvalSet, policy: GatePolicy, scores: Scores, repetition: number): Decision {
  const baseline = resultsOf(set, "blue", scores.blue);
  const candidate = resultsOf(set, "green", scores.green);
  const gate = judge(set, policy, baseline, candidate);
  if (repetition % wholeGateEvery === 0) {
    const { verdict } = evaluateGate({ set, baseline, candidate, policy });
    if (verdict !== gate) throw new Error(`the whole gate answered ${verdict}, its judgement ${gate}`);
  }
  const blue = scores.blue.map(mean);
  const green = scores.green.map(mean);
  return {
    gate,
    meanLower: mean(green) < mean(blue),
    anyCaseRegressed: green.some((value, i) => value < 0.5 && (blue[i] ?? 0) > 0.5),
    underThreshold: mean(green) < threshold,
  };
}

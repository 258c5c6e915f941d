import type { Digest } from "@verdigris/contracts";
import {
  defineEvalSet,
  definePolicy,
  defineResults,
  type EvalCaseInput,
  type EvalResults,
  type EvalSet,
  evaluateGate,
  type GateEvidence,
  type GateOptions,
  type GatePolicyInput,
  type JudgeCard,
  type ResultLine,
  type ResultsHeader,
  type ScorerIdentity,
} from "../src/index.ts";

export const hex = (digit: string): Digest => `sha256:${digit.repeat(64)}`;

/** A set of `n` cases `c000`, …, each as `of` has it. */
export function sampleSet(n: number, of: (at: number) => Partial<EvalCaseInput> = () => ({})): EvalSet {
  const cases = Array.from({ length: n }, (_, at) => ({
    id: caseId(at),
    input: `question number ${at}, asked in full`,
    ...of(at),
  }));
  return defineEvalSet({ name: "support", version: "7", cases });
}

export function caseId(at: number): string {
  return `c${String(at).padStart(3, "0")}`;
}

const exact: ScorerIdentity = { metric: "exact", scorer: "exact", version: "1" };

export interface SampleOptions {
  readonly bundle?: "blue" | "green" | "other";
  readonly repeats?: number;
  readonly scorers?: readonly ScorerIdentity[];
  readonly models?: readonly string[];
  readonly cost?: number;
  /** Cases that are not run. */
  readonly without?: readonly string[];
  readonly header?: Partial<ResultsHeader>;
  readonly line?: (line: ResultLine) => ResultLine;
}

/** Results of a bundle: `score` of each case (by position) and repeat, one number for `exact` or all metrics. */
export function sampleResults(
  set: EvalSet,
  score: (at: number, repeat: number) => number | null | Readonly<Record<string, number | null>>,
  options: SampleOptions = {},
): EvalResults {
  const { bundle = "blue", repeats = 1, scorers = [exact], models, cost, without = [], line } = options;
  const lines = set.cases.flatMap(({ id, digest }, at) =>
    without.includes(id)
      ? []
      : Array.from({ length: repeats }, (_, repeat): ResultLine => {
          const given = score(at, repeat);
          const scores = typeof given === "object" && given !== null ? given : { exact: given };
          return { case: id, digest, repeat, scores, ...(cost === undefined ? {} : { cost }) };
        }),
  );
  const digit = { blue: "b", green: "e", other: "0" }[bundle];
  return defineResults(
    {
      v: 1,
      kind: "eval-results",
      set,
      bundle: { id: bundle, digest: hex(digit), ...(models === undefined ? {} : { models }) },
      scorers,
      startedAt: 1_790_000_000_000,
      ...options.header,
    },
    line === undefined ? lines : lines.map(line),
  );
}

export const passRate = { kind: "pass-rate", metric: "exact", margin: 0.05 } as const;

export const judge: JudgeCard = {
  model: "judge-2025-08-07",
  prompt: { version: "3" },
  labels: 120,
  kappa: { estimate: 0.7, low: 0.58, high: 0.82 },
  sensitivity: 0.9,
  specificity: 0.9,
};

export const clock: GateOptions["clock"] & object = {
  now: () => 1_790_000_100_000,
  monotonic: () => 0,
  setTimer: () => () => {},
};

/** The gate's evidence, on the plainest policy unless another is given. */
export function gate(
  options: Omit<GateOptions, "policy" | "clock"> & { readonly policy?: GatePolicyInput },
): GateEvidence {
  const { policy = { metrics: [passRate] }, ...rest } = options;
  return evaluateGate({ ...rest, policy: definePolicy(policy), clock });
}

export function codes(evidence: GateEvidence): readonly string[] {
  return evidence.reasons.map(({ code }) => code);
}

export function notes(evidence: GateEvidence): readonly string[] {
  return evidence.notes.map(({ code }) => code);
}

/** Mulberry32: the same numbers for the same seed, everywhere. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

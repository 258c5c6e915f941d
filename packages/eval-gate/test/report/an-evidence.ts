import type { GateEvidence } from "../../src/evidence/evidence.ts";
import type { ComparedFinding } from "../../src/evidence/findings.ts";
import { definePolicy } from "../../src/index.ts";
import { digest } from "../run/a-run.ts";

/** What comes from outside in an evidence record: every name and sentence of it. */
export interface Names {
  readonly bundle: string;
  readonly metric: string;
  readonly slice: string;
  readonly id: string;
  readonly text: string;
}

export const plainNames: Names = {
  bundle: "green",
  metric: "right",
  slice: "natural",
  id: "q-1",
  text: "it is worse",
};

/** The same text everywhere. */
export function namesOf(text: string): Names {
  return { bundle: text, metric: text, slice: text, id: text, text };
}

export function aFinding(more: Partial<ComparedFinding> = {}, names: Names = plainNames): ComparedFinding {
  return {
    ...{ metric: names.metric, kind: "pass-rate", slice: null, verdict: "pass", text: names.text },
    ...{ n: 403, clusters: 403, candidate: 0.543, baseline: 0.484, difference: 0.059 },
    interval: { lower: 0.021, upper: 0.097, method: "tango" },
    ...{ margin: 0.05, agreedMargin: 0.05, p: 0.999, adjustedP: 1, floor: null },
    ...{ won: { count: 2, cases: [names.id, `${names.id} 2`] }, lost: { count: 1, cases: [names.id] } },
    ...{
      tied: 400,
      noise: { source: "split-half", difference: 0.004, expected: 0.024, disagree: 12 },
      plan: null,
    },
    ...more,
  };
}

/** An evidence record in which everything is present once. */
export function anEvidence(more: Partial<GateEvidence> = {}, names: Names = plainNames): GateEvidence {
  const { bundle, metric, slice, id, text } = names;
  const arm = (of: string) => ({
    bundle: { id: of, digest: digest("bundle") },
    results: digest("results"),
    startedAt: 0,
  });
  const policy = definePolicy({
    metrics: [{ kind: "pass-rate", metric: "right", margin: 0.05 }],
    critical: [{ slice: "natural", margins: { right: 0.03 } }],
  });
  return {
    ...{
      v: 1,
      kind: "gate-evidence",
      digest: digest("evidence"),
      verdict: "fail",
      exitCode: 1,
      summary: text,
    },
    reasons: [{ verdict: "fail", code: "worse", text, metric, slice }],
    notes: [{ code: "no-quality-axis", text }],
    ...{
      at: Date.UTC(2026, 0, 2),
      set: { name: "questions", version: "1", digest: digest("set"), cases: 403 },
    },
    ...{ baseline: arm("blue"), candidate: arm(bundle), policy },
    scorers: [{ metric, scorer: "custom", version: text }],
    qualityAxis: "none",
    compared: { cases: 403, clusters: 400, repeats: { least: 1, most: 1 }, added: [], leftOut: [] },
    coverage: {
      ...{
        state: "warn",
        text,
        runs: 1_000,
        overlap: 0.9,
        distance: 0.1,
        distanceByChance: 0.02,
        uncovered: 0,
        effectiveSize: 380,
      },
      slices: [
        {
          slice,
          runs: 500,
          productionShare: 0.5,
          cases: 100,
          share: 0.4,
          state: "warn",
          isNew: true,
          add: 40,
          text,
        },
      ],
    },
    metrics: [
      aFinding({}, names),
      aFinding(
        {
          ...{
            slice,
            verdict: "fail",
            candidate: 0.505,
            baseline: 0.56,
            difference: -0.055,
            n: 184,
            margin: 0.03,
          },
          interval: { lower: -0.094, upper: -0.016, method: "tango" },
        },
        names,
      ),
    ],
    rareEvents: [
      {
        metric,
        verdict: "inconclusive",
        text,
        events: 0,
        n: 100,
        ceiling: 0.01,
        lower: 0,
        upper: 0.03,
        casesNeeded: 299,
        cases: { count: 0, cases: [] },
      },
    ],
    slices: [
      {
        slice,
        metric,
        n: 20,
        candidate: 0.5,
        baseline: 0.6,
        difference: -0.1,
        shrunk: -0.05,
        p: 0.2,
        adjustedP: 0.4,
        worse: false,
      },
    ],
    mustPass: { checked: 3, failed: [{ case: id, metric, worst: 0 }] },
    looks: [
      {
        look: 1,
        at: 0,
        verdict: "fail",
        set: digest("set"),
        candidateResults: digest("r"),
        baselineResults: digest("b"),
        alpha: 0.05,
      },
    ],
    ...more,
  };
}

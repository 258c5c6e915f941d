import { isVerdigrisError } from "@verdigris/contracts";
import { describe, expect, it } from "vitest";
import { definePolicy, type GatePolicyInput, type JudgeCard } from "../src/index.ts";

const judge: JudgeCard = {
  model: "judge-2025-08-07",
  prompt: { version: "3" },
  labels: 120,
  kappa: { estimate: 0.7, low: 0.58, high: 0.82 },
  sensitivity: 0.92,
  specificity: 0.88,
};
const exact = { kind: "pass-rate", metric: "exact", margin: 0.05, floor: 0.8 } as const;
const helpful = { kind: "quality", metric: "helpful", margin: 0.05, by: "judge", judge } as const;
const leak = { kind: "rare-event", metric: "leak", ceiling: 0.01 } as const;
const base: GatePolicyInput = {
  metrics: [exact, helpful, leak],
  critical: [{ slice: "question", margins: { exact: 0.03 } }],
};

function pathsOf(input: unknown): readonly string[] {
  try {
    definePolicy(input as GatePolicyInput);
  } catch (error) {
    if (!isVerdigrisError(error, "policy-invalid")) throw error;
    return (error.details.issues as { path: string }[]).map(({ path }) => path);
  }
  return [];
}

describe("a policy", () => {
  it("has one digest whatever the order of its parts and whether defaults were written [GATE-POLICY-FIRST]", () => {
    const turned = definePolicy({
      alpha: 0.05,
      looks: 1,
      coverage: { minRuns: 200 },
      critical: base.critical ?? [],
      metrics: [leak, { ...helpful, kappaFloor: 0.4 }, exact],
    });
    expect(turned.digest).toBe(definePolicy(base).digest);
  });

  it.each([
    ["margin", { ...base, metrics: [{ ...exact, margin: 0.06 }, helpful, leak] }],
    ["floor", { ...base, metrics: [{ ...exact, floor: 0.7 }, helpful, leak] }],
    [
      "judge",
      { ...base, metrics: [exact, { ...helpful, judge: { ...judge, prompt: { version: "4" } } }, leak] },
    ],
    ["critical slice", { ...base, critical: [] }],
    ["alpha", { ...base, alpha: 0.1 }],
    ["number of looks", { ...base, looks: 2 as const }],
  ])("has another digest with another %s [GATE-POLICY-FIRST]", (_, changed) => {
    expect(definePolicy(changed as GatePolicyInput).digest).not.toBe(definePolicy(base).digest);
  });

  it.each<readonly [string, unknown, readonly string[]]>([
    ["nothing", null, ["", "metrics"]],
    ["no metric", { metrics: [] }, ["metrics"]],
    ["a metric twice", { metrics: [exact, exact] }, ["metrics"]],
    ["a margin of 0", { metrics: [{ ...exact, margin: 0 }] }, ["metrics.0.margin"]],
    ["a margin of NaN", { metrics: [{ ...exact, margin: Number.NaN }] }, ["metrics.0.margin"]],
    ["a floor above 1", { metrics: [{ ...exact, floor: 80 }] }, ["metrics.0.floor"]],
    ["a kind it does not know", { metrics: [{ ...exact, kind: "mean" }] }, ["metrics.0.kind", "metrics"]],
    ["a misspelt member", { metrics: [{ ...exact, flor: 0.5 }] }, ["metrics.0.flor"]],
    ["a ceiling of 0", { metrics: [{ ...leak, ceiling: 0 }] }, ["metrics.0.ceiling"]],
    [
      "a judge without sensitivity",
      { metrics: [{ ...helpful, judge: { ...judge, sensitivity: undefined } }] },
      ["metrics.0.judge.sensitivity"],
    ],
    [
      "quality by nobody",
      { metrics: [{ kind: "quality", metric: "h", margin: 0.1 }] },
      [
        "metrics.0.by",
        "metrics.0.judge.model",
        "metrics.0.judge.prompt.version",
        "metrics.0.judge.labels",
        "metrics.0.judge.kappa.estimate",
        "metrics.0.judge.kappa.low",
        "metrics.0.judge.kappa.high",
        "metrics.0.judge.sensitivity",
        "metrics.0.judge.specificity",
      ],
    ],
    [
      "a critical slice on a metric that is bounded, not compared",
      { ...base, critical: [{ slice: "x", margins: { leak: 0.1 } }] },
      ["critical.0.margins.leak"],
    ],
    ["three looks", { ...base, looks: 3 }, ["looks"]],
    ["coverage that is always met", { ...base, coverage: { maxDistance: 0 } }, ["coverage.maxDistance"]],
  ])("refuses %s with policy-invalid", (_, input, paths) => {
    expect(pathsOf(input)).toEqual(paths);
  });
});

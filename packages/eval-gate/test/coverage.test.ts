import { isVerdigrisError } from "@verdigris/contracts";
import { tInterval } from "@verdigris/statistics";
import { describe, expect, it } from "vitest";
import { countSlices, definePolicy, measureCoverage, type ProductionSlices, sliceOf } from "../src/index.ts";
import { codes, gate, notes, passRate, sampleResults, sampleSet } from "./samples.ts";

const policy = definePolicy({ metrics: [passRate] }).coverage;
const report = (
  cases: Readonly<Record<string, number>>,
  slices: Readonly<Record<string, number>>,
): ReturnType<typeof measureCoverage> =>
  measureCoverage({
    cases: Object.entries(cases).flatMap(([slice, count]) =>
      Array.from({ length: count }, () => ({ slice })),
    ),
    production: { slices },
    policy,
  });

describe("coverage", () => {
  it("fails a set with 10 % tool-heavy cases against 30 % of production, and says how many to add [GATE-COVERAGE]", () => {
    const found = report({ question: 90, "tool-heavy": 10 }, { question: 2_947, "tool-heavy": 1_263 });
    expect(found.state).toBe("fail");
    expect(found.distance).toBeCloseTo(0.2, 10);
    expect(found.overlap).toBeCloseTo(0.8, 10);
    expect(found.effectiveSize).toBeCloseTo(1 / (0.49 / 90 + 0.09 / 10), 6);
    expect(found.slices[0]).toMatchObject({
      slice: "tool-heavy",
      state: "fail",
      add: 29,
      cases: 10,
      runs: 1_263,
    });
    expect(found.slices[0]?.text).toContain("add 29 cases to tool-heavy");
    expect((10 + 29) / (100 + 29)).toBeGreaterThanOrEqual(0.3);
  });

  it("is content with a set in proportion, and asks for nothing", () => {
    const found = report({ question: 70, "tool-heavy": 30 }, { question: 700, "tool-heavy": 300 });
    expect(found).toMatchObject({ state: "ok", uncovered: 0, effectiveSize: 100, distance: 0 });
    expect(found.slices.map(({ add, text }) => [add, text])).toEqual([
      [0, ""],
      [0, ""],
    ]);
  });

  it("warns half way, where it does not fail yet", () => {
    expect(report({ question: 80, "tool-heavy": 20 }, { question: 7_000, "tool-heavy": 3_000 }).state).toBe(
      "warn",
    );
  });

  it("lists slices that the set has never seen first [GATE-COVERAGE]", () => {
    const found = report({ a: 50, b: 50 }, { a: 300, b: 670, c: 30 });
    expect(found.slices.map(({ slice }) => slice)).toEqual(["c", "b", "a"]);
    expect(found.slices[0]).toMatchObject({ isNew: true, state: "fail", add: 4 });
    expect(found.uncovered).toBeCloseTo(0.03, 10);
  });

  it("takes off what chance alone makes of small numbers", () => {
    const found = report({ a: 12, b: 8 }, { a: 100, b: 100 });
    expect(found.distance).toBeCloseTo(0.1, 10);
    expect(found.distanceByChance).toBeGreaterThan(0.08);
    expect(found.state).toBe("ok");
  });

  it("knows nothing from fewer than 200 production runs", () => {
    expect(report({ a: 50 }, { b: 199 }).state).toBe("unknown");
    expect(report({ a: 50 }, { b: 200 }).state).toBe("fail");
  });

  it.each([{ slices: { a: -1 } }, { slices: { a: 0.5 } }, { slices: { a: Number.NaN } }, {}, null])(
    "refuses counts that are none: %j [GATE-BAD-INPUT]",
    (production) => {
      let code: unknown;
      try {
        measureCoverage({ cases: [{ slice: "a" }], production: production as ProductionSlices, policy });
      } catch (error) {
        code = isVerdigrisError(error) ? error.code : error;
      }
      expect(code).toBe("production-invalid");
    },
  );
});

describe("a slice of production", () => {
  it("comes from cheap features alone, the same ones each time", () => {
    expect(sliceOf({ toolCalls: 0 })).toBe("no-tools");
    expect(sliceOf({ toolCalls: 2 })).toBe("tools");
    expect(
      sliceOf({ toolCalls: 3, turns: 5, inputLength: 200, language: "de", outcome: "refused" }, [
        "tools",
        "turns",
        "length",
        "language",
        "outcome",
      ]),
    ).toBe("tool-heavy/many-turns/medium/de/refused");
    const runs = [{ toolCalls: 0 }, { toolCalls: 7 }, { toolCalls: 0 }];
    expect(countSlices(runs, (run) => sliceOf(run))).toEqual({ slices: { "no-tools": 2, "tool-heavy": 1 } });
  });
});

describe("a gate that knows production", () => {
  const set = sampleSet(400, (at) => ({ slice: at < 280 ? "question" : "tool-heavy" }));
  const score = (at: number): number => (at % 10 === 0 ? 0 : 1);
  const baseline = sampleResults(set, score);
  const candidate = sampleResults(set, score, { bundle: "green" });
  const slices = (toolHeavy: number): ProductionSlices => ({
    slices: { question: 1_000 - toolHeavy, "tool-heavy": toolHeavy },
  });
  const run = (toolHeavy: number, coverage = {}, green = candidate): ReturnType<typeof gate> =>
    gate({
      set,
      baseline,
      candidate: green,
      production: slices(toolHeavy),
      policy: { metrics: [passRate], coverage },
    });

  it("passes in proportion, weighs when coverage warns, and fails when it fails [GATE-COVERAGE]", () => {
    expect(run(300)).toMatchObject({ verdict: "pass", coverage: { state: "ok" } });
    const warned = run(410);
    expect(warned).toMatchObject({ verdict: "pass", coverage: { state: "warn" } });
    expect(notes(warned)).toEqual(expect.arrayContaining(["coverage-warns", "post-stratified"]));
    const failed = run(700);
    expect(failed).toMatchObject({ verdict: "fail", exitCode: 1 });
    expect(codes(failed)).toEqual(["coverage-failed"]);
    expect(failed.summary).toContain("to tool-heavy");
    expect(run(700, { onFail: "post-stratify" }).verdict).toBe("pass");
  });

  it("counts a loss by what production asks, not by what the set happens to hold [GATE-COVERAGE]", () => {
    // Lost: 30 of the 120 tool-heavy cases.
    const green = sampleResults(set, (at) => (at >= 280 && at % 4 === 1 ? 0 : score(at)), {
      bundle: "green",
    });
    const finding = run(700, { onFail: "post-stratify" }, green).metrics[0];
    expect(finding?.difference).toBeCloseTo(0.7 * (-30 / 120), 10);
    expect(finding?.interval?.lower).toBeLessThan(-0.175);
    expect(finding?.interval?.upper).toBeGreaterThan(-0.175);
  });

  it("bounds a weighted change by the spread within slices, and takes a degree of freedom off for each [GATE-COVERAGE]", () => {
    const small = sampleSet(24, (at) => ({ slice: at < 16 ? "question" : "tool-heavy" }));
    // Slices far apart: the spread around the common mean is several times that within them.
    const change = (at: number): number => (at < 16 ? (at % 4) / 8 : 0.5 + (at % 4) / 8);
    const weighted = gate({
      set: small,
      baseline: sampleResults(small, () => 0),
      candidate: sampleResults(small, change, { bundle: "green" }),
      production: { slices: { question: 400, "tool-heavy": 600 } },
      policy: { metrics: [passRate], coverage: { onFail: "post-stratify" } },
    }).metrics[0];
    // Variance of 0, 1, 2, 3 eighths, each as often: 1.25 / 64, times n / (n - 1) of its slice.
    const spread = (n: number): number => ((1.25 / 64) * n) / (n - 1);
    const variance = (24 / 23) * ((0.4 ** 2 * spread(16)) / 16 + (0.6 ** 2 * spread(8)) / 8);
    const mean = 0.4 * (1.5 / 8) + 0.6 * (0.5 + 1.5 / 8);
    const wanted = tInterval({
      ...{ mean, standardError: Math.sqrt(variance) },
      ...{ degreesOfFreedom: 22, n: 24, clusters: 24 },
    });
    expect(weighted?.difference).toBeCloseTo(mean, 12);
    expect(weighted?.interval?.lower).toBeCloseTo(wanted.lower, 10);
    expect(weighted?.interval?.upper).toBeCloseTo(wanted.upper, 10);
  });

  it("cannot weigh what it has no cases for", () => {
    const production = { slices: { question: 600, "tool-heavy": 250, new: 150 } };
    const policyOf = { metrics: [passRate], coverage: { onFail: "post-stratify" as const } };
    expect(gate({ set, baseline, candidate, production, policy: policyOf }).verdict).toBe("fail");
  });

  it("says that nobody looked, or is inconclusive where the policy asks for it", () => {
    const unknown = gate({ set, baseline, candidate });
    expect(unknown.verdict).toBe("pass");
    expect(notes(unknown)).toContain("coverage-unknown");
    const asked = gate({
      set,
      baseline,
      candidate,
      policy: { metrics: [passRate], coverage: { required: true } },
    });
    expect(asked).toMatchObject({ verdict: "inconclusive", reasons: [{ code: "coverage-unknown" }] });
  });
});

import { isVerdigrisError } from "@verdigris/contracts";
import { describe, expect, it } from "vitest";
import { defineEvalSet, defineResults, evaluateGate, type ScorerIdentity } from "../src/index.ts";
import { caseId, codes, gate, hex, judge, notes, passRate, sampleResults, sampleSet } from "./samples.ts";

const set = sampleSet(100);
const steady = (at: number): number => (at % 10 === 0 ? 0 : 1);
const blue = sampleResults(set, steady);
const green = sampleResults(set, steady, { bundle: "green" });
const lenient = { metrics: [{ ...passRate, margin: 0.2 }] };

describe("identity", () => {
  it("compares the common cases when cases were only added, and says which are new [EVAL-COMPARABLE]", () => {
    const grown = sampleSet(105);
    const candidate = sampleResults(grown, steady, { bundle: "green" });
    const evidence = gate({ set: grown, baseline: blue, candidate, policy: lenient });
    expect(evidence.verdict).toBe("pass");
    expect(evidence.compared).toMatchObject({ cases: 100, added: ["c100", "c101", "c102", "c103", "c104"] });
    expect(notes(evidence)).toContain("cases-added");
  });

  it("is incomparable, never a pass or a fail, when a case was changed, and names it [EVAL-COMPARABLE]", () => {
    const changed = sampleSet(100, (at) => (at === 4 ? { input: "another question, asked in full" } : {}));
    const candidate = sampleResults(changed, () => 0, { bundle: "green" });
    const evidence = gate({ set: changed, baseline: blue, candidate, policy: lenient });
    expect(evidence).toMatchObject({ verdict: "incomparable", exitCode: 3, metrics: [] });
    expect(evidence.reasons).toMatchObject([{ code: "case-changed", cases: ["c004"] }]);
  });

  it("is incomparable when a case was removed, and names it [EVAL-COMPARABLE]", () => {
    const smaller = defineEvalSet({ name: set.name, version: "8", cases: set.cases.slice(1) });
    const candidate = sampleResults(smaller, steady, { bundle: "green" });
    const evidence = gate({ set: smaller, baseline: blue, candidate, policy: lenient });
    expect(evidence.verdict).toBe("incomparable");
    expect(evidence.reasons).toMatchObject([{ code: "case-removed", cases: ["c000"] }]);
  });

  it("takes case digests from the set where it is the same one, and asks for them where it is not", () => {
    const undigested = (results: typeof blue, digest = set.digest): typeof blue =>
      defineResults(
        { ...results.header, set: { ...results.header.set, digest } },
        [...results.cases.values()].map((entry) => ({
          case: entry.case,
          scores: entry.repeats[0]?.scores ?? {},
        })),
      );
    expect(gate({ set, baseline: undigested(blue), candidate: green, policy: lenient }).verdict).toBe("pass");
    const evidence = gate({ set, baseline: undigested(blue, hex("f")), candidate: green, policy: lenient });
    expect(evidence.verdict).toBe("incomparable");
    expect(codes(evidence)).toEqual(["case-undigested"]);
  });

  it("is incomparable when a case ran another number of times on one bundle", () => {
    const twice = sampleResults(set, steady, { repeats: 2 });
    const uneven = defineResults(
      blue.header,
      [...twice.cases.values()].flatMap(({ case: id, digest, repeats }) =>
        repeats
          .slice(0, id === "c007" ? 1 : 2)
          .map(({ repeat, scores }) => ({ case: id, digest: digest ?? hex("0"), repeat, scores })),
      ),
    );
    const candidate = sampleResults(set, steady, { bundle: "green", repeats: 2 });
    const evidence = gate({ set, baseline: uneven, candidate, policy: lenient });
    expect(evidence.verdict).toBe("incomparable");
    expect(evidence.reasons).toMatchObject([{ code: "repeats-unequal", cases: ["c007"] }]);
  });

  it.each<readonly [string, ScorerIdentity, string]>([
    ["another version of the scorer", { metric: "exact", scorer: "exact", version: "2" }, "scorer-changed"],
    ["another scorer", { metric: "exact", scorer: "contains", version: "1" }, "scorer-changed"],
    ["a judge", { metric: "exact", scorer: "exact", version: "1", judge }, "judge-changed"],
  ])("is incomparable with %s on one side, and names the metric [EVAL-COMPARABLE]", (_, scorer, code) => {
    const candidate = sampleResults(set, steady, { bundle: "green", scorers: [scorer] });
    const evidence = gate({ set, baseline: blue, candidate, policy: lenient });
    expect(evidence.verdict).toBe("incomparable");
    expect(evidence.reasons).toMatchObject([{ code, metric: "exact" }]);
  });
});

describe("what could not be measured", () => {
  it("is an error with exit code 2 when the baseline is missing [GATE-BAD-INPUT]", () => {
    for (const baseline of [null, undefined]) {
      const evidence = gate({ set, baseline: baseline as unknown as typeof blue, candidate: green });
      expect(evidence).toMatchObject({ verdict: "error", exitCode: 2, baseline: null });
      expect(codes(evidence)).toEqual(["no-baseline"]);
    }
  });

  it("judges a first bundle by floors alone and records that it had no baseline", () => {
    const floor = (value: number): ReturnType<typeof gate> =>
      gate({
        set,
        baseline: "first-bundle",
        candidate: green,
        policy: { metrics: [{ ...passRate, floor: value }] },
      });
    expect(floor(0.9)).toMatchObject({ verdict: "pass", baseline: null });
    expect(floor(0.9).metrics[0]).toMatchObject({
      baseline: null,
      difference: null,
      interval: null,
      p: null,
    });
    expect(notes(floor(0.9))).toContain("first-bundle");
    expect(floor(0.99).verdict).toBe("fail");
    const nothing = gate({ set, baseline: "first-bundle", candidate: green });
    expect(nothing).toMatchObject({ verdict: "error", reasons: [{ code: "nothing-to-judge" }] });
  });

  it("is an error for a case without a score, whichever bundle lacks it [GATE-BAD-INPUT]", () => {
    const gap = (at: number): number | null => (at === 5 ? null : steady(at));
    const lacking = [
      { set, baseline: blue, candidate: sampleResults(set, gap, { bundle: "green" }) },
      { set, baseline: sampleResults(set, gap), candidate: green },
      { set, baseline: blue, candidate: sampleResults(set, steady, { bundle: "green", without: ["c005"] }) },
      { set, baseline: sampleResults(set, steady, { without: ["c005"] }), candidate: green },
    ];
    for (const options of lacking) {
      const evidence = gate({ ...options, policy: lenient });
      expect(evidence.verdict).toBe("error");
      expect(evidence.reasons).toMatchObject([{ code: "cases-unmeasured", cases: ["c005"] }]);
      const forgiving = gate({ ...options, policy: { ...lenient, maxUnmeasured: 0.01 } });
      expect(forgiving.verdict).toBe("pass");
      expect(forgiving.compared).toMatchObject({ cases: 99, leftOut: [{ case: "c005", why: "unmeasured" }] });
    }
  });

  it("is an error for a metric that no scorer writes [GATE-BAD-INPUT]", () => {
    const evidence = gate({
      set,
      baseline: blue,
      candidate: green,
      policy: { metrics: [{ ...passRate, metric: "tools" }] },
    });
    expect(evidence.verdict).toBe("error");
    expect(codes(evidence)).toContain("metric-unmeasured");
  });

  it("is an error when a case must pass and no metric says what passing is", () => {
    const careful = sampleSet(100, () => ({ mustPass: true }));
    const options = {
      set: careful,
      baseline: sampleResults(careful, () => 1),
      candidate: sampleResults(careful, () => 1, { bundle: "green" }),
    };
    const metrics = [{ kind: "quality", metric: "exact", by: "human", margin: 0.2 }] as const;
    expect(gate({ ...options, policy: { metrics } })).toMatchObject({
      verdict: "error",
      reasons: [{ code: "must-pass-unchecked" }],
    });
  });

  it("is inconclusive on one case, whatever it says: nothing follows from it [GATE-BAD-INPUT]", () => {
    const one = sampleSet(1);
    for (const score of [0, 1, 0.5]) {
      const evidence = gate({
        set: one,
        baseline: sampleResults(one, () => 0.5),
        candidate: sampleResults(one, () => score, { bundle: "green" }),
      });
      expect(evidence.verdict).toBe("inconclusive");
    }
  });

  it("passes ties of graded scores only on a set that is large enough to show them [GATE-BAD-INPUT]", () => {
    const tied = (n: number): string => {
      const some = sampleSet(n);
      return gate({
        set: some,
        baseline: sampleResults(some, () => 0.7, { repeats: 3 }),
        candidate: sampleResults(some, () => 0.7, { bundle: "green", repeats: 3 }),
      }).verdict;
    };
    expect([tied(20), tied(200)]).toEqual(["inconclusive", "pass"]);
  });

  it("is misuse, with invalid-argument, to pass what the readers did not make", () => {
    const options = { set, baseline: blue, candidate: green };
    for (const wrong of [{ set: [] }, { candidate: {} }, { policy: {} }, { baselineAgain: green }]) {
      let code: unknown;
      try {
        evaluateGate({ ...options, policy: {}, ...wrong } as unknown as Parameters<typeof evaluateGate>[0]);
      } catch (error) {
        code = isVerdigrisError(error) ? error.code : error;
      }
      expect(code).toBe("invalid-argument");
    }
  });

  it("is an error first where it is both: what was not measured cannot be called another question [GATE-THREE-WAYS]", () => {
    const asked = sampleSet(50);
    const reworded = sampleSet(50, (at) => (at === 3 ? { input: "another question" } : {}));
    const evidence = gate({
      set: asked,
      baseline: sampleResults(reworded, () => 1),
      candidate: sampleResults(asked, (at) => (at === 5 ? null : 1), { bundle: "green" }),
    });
    expect(evidence).toMatchObject({ verdict: "error", exitCode: 2 });
    expect(codes(evidence)).toEqual(["cases-unmeasured", "case-changed"]);
    expect(evidence.summary).toContain("could not be measured");
  });
});

it("has sample ids that sort as they count", () => {
  expect(caseId(7)).toBe("c007");
});

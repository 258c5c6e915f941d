import { describe, expect, it } from "vitest";
import type { EvalResults } from "../src/index.ts";
import { codes, gate, passRate, sampleResults, sampleSet } from "./samples.ts";

interface Arms {
  readonly baseline: EvalResults;
  readonly candidate: EvalResults;
}

const steady = (at: number): number => (at % 10 === 0 ? 0 : 1);

describe("looks", () => {
  it("allows one planned top-up, at half of alpha each, and stores both looks [GATE-LOOKS]", () => {
    const policy = { metrics: [passRate], looks: 2 as const };
    const shaky = (bundle: "blue" | "green", n: number): EvalResults =>
      sampleResults(sampleSet(n), (at) => (at % 9 === (bundle === "blue" ? 0 : 1) ? 0 : 1), { bundle });
    const first = gate({
      set: sampleSet(90),
      baseline: shaky("blue", 90),
      candidate: shaky("green", 90),
      policy,
    });
    expect(first).toMatchObject({ verdict: "inconclusive", looks: [{ look: 1, alpha: 0.025 }] });
    const more = {
      set: sampleSet(900),
      baseline: shaky("blue", 900),
      candidate: shaky("green", 900),
      policy,
    };
    const { baseline, candidate } = { baseline: shaky("blue", 90), candidate: shaky("green", 90) };
    const previous = { evidence: first, baseline, candidate };
    const second = gate({ ...more, previous });
    expect(second.verdict).toBe("pass");
    expect(second.looks).toMatchObject([
      { look: 1, verdict: "inconclusive", set: first.set.digest },
      { look: 2, verdict: "pass", alpha: 0.025 },
    ]);
    const again = { ...previous, evidence: second };
    const refused = [
      { ...more, previous: again },
      { ...more, previous, policy: { ...policy, looks: 1 as const } },
      { ...more, previous, policy: { ...policy, alpha: 0.1 } },
      { ...more, previous: { ...previous, evidence: { ...first, verdict: "pass" as const } } },
      { ...more, previous, candidate: sampleResults(more.set, steady, { bundle: "other" }) },
      { ...more, previous, baseline: sampleResults(more.set, steady, { bundle: "other" }) },
      { ...more, previous: { ...previous, candidate: shaky("green", 80) } },
      { ...more, previous: { ...previous, baseline: null } },
      { ...{ set: sampleSet(90), baseline, candidate, policy, previous } },
    ];
    for (const options of refused) {
      const evidence = gate(options);
      expect(codes(evidence)).toContain("look-refused");
      expect(evidence.exitCode).toBe(2);
    }
  });

  it("takes a second look only at a set that grew and results that were added to [GATE-LOOKS]", () => {
    const policy = { metrics: [passRate], looks: 2 as const };
    const score = (at: number): number => (at % 9 === 0 ? 0 : 1);
    const arms = (some: ReturnType<typeof sampleSet>, repeats = 1): Arms => ({
      baseline: sampleResults(some, score, { repeats }),
      candidate: sampleResults(some, (at) => score(at + 1), { bundle: "green", repeats }),
    });
    const small = sampleSet(90);
    const first = arms(small);
    const previous = { ...first, evidence: gate({ set: small, ...first, policy }) };
    const lookAt = (some: ReturnType<typeof sampleSet>, second: Arms): ReturnType<typeof gate> =>
      gate({ set: some, ...second, policy, previous });
    const refusal = (evidence: ReturnType<typeof gate>): readonly string[] | undefined =>
      evidence.reasons.find(({ code }) => code === "look-refused")?.cases;
    // More cases, or more repeats of the same ones.
    expect(codes(lookAt(sampleSet(900), arms(sampleSet(900))))).toEqual([]);
    expect(codes(lookAt(small, arms(small, 3)))).not.toContain("look-refused");
    const grown = sampleSet(900);
    const touched = sampleResults(grown, (at) => (at === 1 ? 0.5 : score(at + 1)), { bundle: "green" });
    expect(refusal(lookAt(grown, { ...arms(grown), candidate: touched }))).toEqual(["c001"]);
    const rerun = sampleResults(grown, (at) => (at === 4 ? 0 : score(at)));
    expect(refusal(lookAt(grown, { ...arms(grown), baseline: rerun }))).toEqual(["c004"]);
    const renumbered = sampleResults(small, (at) => score(at + 1), {
      bundle: "green",
      line: (line) => (line.case === "c002" ? { ...line, repeat: 1 } : line),
    });
    expect(refusal(lookAt(small, { ...first, candidate: renumbered }))).toEqual(["c002"]);
    const reworded = sampleSet(900, (at) => (at === 5 ? { input: "another question" } : {}));
    expect(refusal(lookAt(reworded, arms(reworded)))).toEqual(["c005"]);
    const without = { ...grown, cases: grown.cases.filter(({ id }) => id !== "c007") };
    expect(refusal(lookAt(without, arms(without)))).toEqual(["c007"]);
    expect(codes(lookAt(sampleSet(80), arms(sampleSet(80))))).toContain("look-refused");
  });

  it("lets a score that was missing be measured before the second look [GATE-LOOKS]", () => {
    const policy = { metrics: [passRate], looks: 2 as const, maxUnmeasured: 0.1 };
    const score = (at: number): number => (at % 9 === 0 ? 0 : 1);
    const small = sampleSet(90);
    const baseline = sampleResults(small, score);
    const candidate = sampleResults(small, (at) => (at === 3 ? null : score(at + 1)), { bundle: "green" });
    const evidence = gate({ set: small, baseline, candidate, policy });
    const measured = sampleResults(small, (at) => score(at + 1), { bundle: "green" });
    const previous = { evidence, baseline, candidate };
    const second = gate({ set: small, baseline, candidate: measured, policy, previous });
    expect(codes(second)).not.toContain("look-refused");
    expect(second.looks).toHaveLength(2);
  });
});

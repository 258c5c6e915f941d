import { describe, expect, it } from "vitest";
import type { EvalResults } from "../src/index.ts";
import { codes, gate, judge, notes, passRate, random, sampleResults, sampleSet } from "./samples.ts";

const set = sampleSet(200);
const steady = (at: number): number => (at % 10 === 0 ? 0 : 1);
const lenient = { metrics: [{ ...passRate, margin: 0.2 }] };

const blue = sampleResults(set, steady);

describe("noise", () => {
  const draw = random(3);
  const noisy = (): number => (draw() < 0.8 ? 1 : 0);

  it("shows how far the baseline lies from itself: measured by a second run, else estimated from repeats [GATE-NOISE]", () => {
    const [baseline, baselineAgain] = [sampleResults(set, noisy), sampleResults(set, noisy)];
    const candidate = sampleResults(set, noisy, { bundle: "green" });
    const measured = gate({ set, baseline, baselineAgain, candidate, policy: lenient }).metrics[0]?.noise;
    expect(measured?.source).toBe("measured");
    expect(measured?.disagree).toBeGreaterThan(20);
    // 1.645 √(2 · 0.8 · 0.2 / 200)
    expect(measured?.expected).toBeCloseTo(0.066, 1);
    expect(gate({ set, baseline, candidate, policy: lenient }).metrics[0]?.noise).toBeNull();
    const repeated = {
      set,
      baseline: sampleResults(set, noisy, { repeats: 3 }),
      candidate: sampleResults(set, noisy, { bundle: "green", repeats: 3 }),
    };
    const halves = gate({ ...repeated, policy: lenient }).metrics[0]?.noise;
    expect(halves?.source).toBe("split-half");
    // One repeat against one, though the runs to compare have three: 1.645 √(2 · 0.16 / 3 / 200).
    expect(halves?.expected).toBeCloseTo(1.645 * Math.sqrt((2 * 0.16) / 3 / 200), 2);
    expect(halves?.disagree).toBeGreaterThan(40);
    expect(Math.abs(halves?.difference ?? 1)).toBeLessThan(0.15);
  });

  it("splits repeats in turn, and leaves the last of an odd number out [GATE-NOISE]", () => {
    const score = (at: number, repeat: number): number => [1, 0.5, at % 2, 0.25, 0][repeat] ?? 0;
    const odd = {
      set,
      baseline: sampleResults(set, score, { repeats: 5 }),
      candidate: sampleResults(set, score, { bundle: "green", repeats: 5 }),
    };
    const noise = gate({ ...odd, policy: lenient }).metrics[0]?.noise;
    // Repeats 0 and 2 less repeats 1 and 3: (1 + at % 2 - 0.75) / 2, of which 0.125 and 0.625.
    expect(noise?.difference).toBeCloseTo(0.375, 12);
    expect(noise?.disagree).toBe(200);
    const error = 0.25 / Math.sqrt(199);
    expect(noise?.expected).toBeCloseTo(1.6448536 * error * Math.sqrt(2 / 5), 6);
  });

  it("holds what the split says against what second runs show: in nine of ten no further [GATE-NOISE]", () => {
    const seeds = Array.from({ length: 60 }, (_, seed) => seed);
    const clustered = sampleSet(120, (at) => ({ cluster: `doc-${at % 30}` }));
    const within = seeds.filter((seed) => {
      const chance = random(1_000 + seed);
      // A document is answered well or badly as a whole, from one repeat to the next.
      const run = (): EvalResults => {
        const good = Array.from({ length: 30 * 4 }, () => chance() < 0.7);
        return sampleResults(clustered, (at, repeat) => (good[(at % 30) * 4 + repeat] ? 1 : 0), {
          repeats: 4,
        });
      };
      const [baseline, again] = [run(), run()];
      const candidate = sampleResults(clustered, steady, { bundle: "green", repeats: 4 });
      const mean = (results: EvalResults): number =>
        [...results.cases.values()].reduce(
          (sum, { repeats }) => sum + repeats.reduce((all, { scores }) => all + (scores.exact ?? 0), 0) / 480,
          0,
        );
      const noise = gate({ set: clustered, baseline, candidate, policy: lenient }).metrics[0]?.noise;
      return Math.abs(mean(again) - mean(baseline)) <= (noise?.expected ?? 0);
    });
    // 54 of 60 are expected; what counts every case as alone is half as wide and holds in some 36.
    expect(within.length).toBeGreaterThan(46);
  });

  it("compares a second run only where it is the same question, and says by name what is not [GATE-NOISE]", () => {
    const baseline = sampleResults(set, noisy);
    const candidate = sampleResults(set, noisy, { bundle: "green" });
    const asked = (baselineAgain: EvalResults): ReturnType<typeof gate> =>
      gate({ set, baseline, baselineAgain, candidate, policy: lenient });
    const exact = { metric: "exact", scorer: "exact", version: "1" };
    const changed = sampleSet(200, (at) => (at === 7 ? { input: "another question" } : {}));
    const wrong = [
      ["case-changed", sampleResults(changed, noisy), ["c007"]],
      ["case-removed", sampleResults(sampleSet(201), noisy), ["c200"]],
      ["repeats-unequal", sampleResults(set, noisy, { repeats: 2 }), expect.arrayContaining(["c000"])],
      ["scorer-changed", sampleResults(set, noisy, { scorers: [{ ...exact, version: "2" }] }), undefined],
      ["judge-changed", sampleResults(set, noisy, { scorers: [{ ...exact, judge }] }), undefined],
    ] as const;
    for (const [code, again, cases] of wrong) {
      const evidence = asked(again);
      expect(evidence.verdict, code).toBe("incomparable");
      const found = evidence.reasons.find((one) => one.code === code);
      expect(found?.text).toContain("second run of the baseline");
      expect(found?.cases, code).toEqual(cases);
    }
    const other = { ...exact, metric: "helpful" };
    const unscored = sampleResults(set, () => ({ helpful: 1 }), { scorers: [other] });
    expect(codes(asked(unscored))).toEqual(["metric-unmeasured"]);
    const partly = asked(sampleResults(set, noisy, { without: ["c003"] }));
    expect(partly.notes.find(({ code }) => code === "noise-unmeasured")?.cases).toEqual(["c003"]);
    expect(partly.metrics[0]?.noise).toBeNull();
    expect(() => asked(baseline)).toThrow(expect.objectContaining({ code: "invalid-argument" }));
  });

  it("says that a bundle compared with itself measures the noise", () => {
    expect(notes(gate({ set, baseline: blue, candidate: blue }))).toContain("same-bundle");
  });
});

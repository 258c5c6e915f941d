import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mcnemar, signFlip } from "../src/index.ts";
import { randomFrom } from "../src/random.ts";

describe("sign flips", () => {
  it("of single passes and failures count what McNemar's exact test counts", () => {
    fc.assert(
      fc.property(fc.nat(8), fc.nat(8), fc.nat(30), (gained, lost, ties) => {
        const differences = [
          ...Array.from({ length: gained }, () => 1),
          ...Array.from({ length: lost }, () => -1),
          ...Array.from({ length: ties }, () => 0),
        ];
        if (differences.length === 0) return;
        const flip = signFlip({ differences });
        expect(flip.exact).toBe(true);
        expect(flip.worse).toBeCloseTo(mcnemar({ gained, lost }).exactWorse, 12);
        expect(flip.better).toBeCloseTo(mcnemar({ gained: lost, lost: gained }).exactWorse, 12);
      }),
      { seed: 20_261, numRuns: 40 },
    );
  });

  it("drawn and counted agree", () => {
    const differences = [
      -0.9, -0.4, 0.1, -0.3, 0.2, -0.6, -0.1, 0.5, -0.7, -0.2, 0.3, -0.8, 0.4, -0.5, 0.6, -0.35,
    ];
    const counted = signFlip({ differences });
    // Two halves of a case in one cluster are one case: 17 values, 16 signs. Without the cluster there are 17 signs.
    const halves = [...differences.slice(0, -1), -0.175, -0.175];
    const labels = halves.map((_, i) => Math.min(i, differences.length - 1));
    expect(signFlip({ differences: halves, clusters: labels })).toEqual(counted);
    const drawn = signFlip({ differences: [...differences, 1e-9], draws: 40_000, seed: 7 });
    expect(drawn.exact).toBe(false);
    // Four standard errors of 40,000 draws.
    const error = 4 * Math.sqrt((counted.worse * (1 - counted.worse)) / 40_000);
    expect(Math.abs(drawn.worse - counted.worse)).toBeLessThan(error);
  });

  it("give the same p-value for the same seed and any order of the cases", () => {
    const random = randomFrom(3);
    const differences = Array.from({ length: 60 }, () => Math.round((random() - 0.6) * 10) / 10);
    const first = signFlip({ differences, seed: 11 });
    expect(signFlip({ differences: differences.toReversed(), seed: 11 })).toEqual(first);
    expect(signFlip({ differences, seed: 12 })).not.toEqual(first);
    expect(first.worse + first.better).toBeGreaterThan(1);
  });

  it("of nothing but ties show nothing", () => {
    expect(signFlip({ differences: [0, 0, 0] })).toEqual({ worse: 1, better: 1, exact: true });
  });
});

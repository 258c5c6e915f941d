import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  bettingInterval,
  binomialAtMost,
  exactInterval,
  holm,
  mcnemar,
  normalCdf,
  normalQuantile,
  tangoInterval,
  tCdf,
  tQuantile,
  wilsonInterval,
} from "../src/index.ts";

const probability = fc.double({ min: 1e-12, max: 1 - 1e-12, noNaN: true });
const counts = fc
  .tuple(fc.nat(400), fc.nat(400))
  .filter(([successes, failures]) => successes + failures > 0)
  .map(([successes, failures]) => ({ successes, n: successes + failures }));
const pairs = fc
  .tuple(fc.nat(60), fc.nat(60), fc.nat(200))
  .filter((parts) => parts.some((part) => part > 0))
  .map(([gained, lost, agreed]) => ({ gained, lost, n: gained + lost + agreed }));

describe("distributions", () => {
  it("quantiles undo probabilities", () => {
    fc.assert(
      fc.property(probability, fc.double({ min: 0.5, max: 1e6, noNaN: true }), (p, df) => {
        expect(normalCdf(normalQuantile(p)) / p).toBeCloseTo(1, 9);
        expect(tCdf(tQuantile(p, df), df) / p).toBeCloseTo(1, 9);
      }),
    );
  });

  it("McNemar's one-sided p-values are a binomial tail, and that tail less half of its point", () => {
    fc.assert(
      fc.property(fc.nat(30), fc.nat(30), (gained, lost) => {
        const at = (successes: number): number =>
          successes < 0 ? 0 : binomialAtMost({ successes, n: gained + lost, probability: 0.5 });
        const { exactWorse, midPWorse } = mcnemar({ gained, lost });
        expect(exactWorse).toBeCloseTo(at(gained), 12);
        expect(midPWorse).toBeCloseTo((at(gained) + at(gained - 1)) / 2, 12);
      }),
    );
  });

  it("binomial tails make one with those of the failures", () => {
    fc.assert(
      fc.property(counts, probability, ({ successes, n }, p) => {
        const below = successes === 0 ? 0 : binomialAtMost({ successes: successes - 1, n, probability: p });
        const failing = binomialAtMost({ successes: n - successes, n, probability: 1 - p });
        expect(below + failing).toBeCloseTo(1, 11);
      }),
    );
  });
});

/** Tango (1998), equations 7 to 9, as they are printed. */
function published(pairs: { gained: number; lost: number; n: number }, difference: number): number {
  const { gained, lost, n } = pairs;
  const a = 2 * n;
  const q = -gained - lost + (2 * n - gained + lost) * difference;
  const r = -lost * difference * (1 - difference);
  const losing = (Math.sqrt(q * q - 4 * a * r) - q) / (2 * a);
  return (gained - lost - n * difference) / Math.sqrt(n * (2 * losing + difference * (1 - difference)));
}

describe("bounds", () => {
  it("of passes mirror those of failures, hold the estimate, and widen with confidence", () => {
    fc.assert(
      fc.property(counts, fc.constantFrom(wilsonInterval, exactInterval), ({ successes, n }, interval) => {
        const [plain, mirrored] = [interval({ successes, n }), interval({ successes: n - successes, n })];
        expect(plain.lower).toBeCloseTo(1 - mirrored.upper, 11);
        expect(plain.lower).toBeLessThanOrEqual(successes / n);
        expect(plain.upper).toBeGreaterThanOrEqual(successes / n);
        const surer = interval({ successes, n, alpha: 0.01 });
        expect(surer.lower).toBeLessThanOrEqual(plain.lower);
        expect(surer.upper).toBeGreaterThanOrEqual(plain.upper);
      }),
    );
  });

  it("by betting never claim more than the sharpest test of nothing but successes, nor much less", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.constantFrom(0.01, 0.025, 0.05), (n, alpha) => {
        const { lower } = bettingInterval({ values: new Array(n).fill(1), range: [0, 1], alpha });
        // n successes have the chance mean^n: a mean whose chance is above alpha cannot be ruled out.
        expect(lower ** n).toBeLessThanOrEqual(alpha);
        expect(lower ** n).toBeGreaterThan(alpha / 40);
      }),
    );
  });

  it("of a paired difference mirror when the bundles change places, and are where the score says", () => {
    fc.assert(
      fc.property(pairs, ({ gained, lost, n }) => {
        const interval = tangoInterval({ gained, lost, n });
        const mirrored = tangoInterval({ gained: lost, lost: gained, n });
        expect(interval.lower).toBeCloseTo(-mirrored.upper, 10);
        expect(interval.lower).toBeGreaterThanOrEqual(-1);
        expect(interval.upper).toBeLessThanOrEqual(1);
        if (interval.lower > -1) {
          expect(published({ gained, lost, n }, interval.lower)).toBeCloseTo(-normalQuantile(0.05), 6);
        }
      }),
    );
  });
});

it("Holm never answers below the p-value and keeps their order", () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 }), (pValues) => {
      const adjusted = holm(pValues);
      for (const [i, p] of pValues.entries()) {
        expect(adjusted[i]).toBeGreaterThanOrEqual(p);
        for (const [j, q] of pValues.entries())
          if (p < q) expect(adjusted[i]).toBeLessThanOrEqual(adjusted[j]!);
      }
    }),
  );
});

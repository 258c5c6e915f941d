import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  binomialAtMost,
  casesForCeiling,
  casesNeeded,
  clusteredMean,
  confirmableMargin,
  exactInterval,
  tInterval,
  tWorse,
  varianceAt,
  varianceParts,
} from "../src/index.ts";
import { randomFrom } from "../src/random.ts";

const values = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 2, maxLength: 40 });

describe("a mean", () => {
  it("of one cluster tells nothing, and says so", () => {
    const estimate = clusteredMean({ values: [0.2, 0.4], clusters: ["a", "a"] });
    expect(estimate).toMatchObject({ standardError: 0, degreesOfFreedom: 0, clusters: 1 });
    expect(tInterval(estimate)).toEqual({ lower: Number.NEGATIVE_INFINITY, upper: Number.POSITIVE_INFINITY });
    expect(tWorse(estimate)).toBe(1);
    expect(tInterval(clusteredMean({ values: [0.3] })).lower).toBe(Number.NEGATIVE_INFINITY);
  });

  it("has the same error with every value its own cluster as with none", () => {
    fc.assert(
      fc.property(values, (given) => {
        const plain = clusteredMean({ values: given });
        const labelled = clusteredMean({ values: given, clusters: given.map((_, i) => i) });
        expect(labelled.standardError).toBeCloseTo(plain.standardError, 12);
      }),
    );
  });

  it("is known no better for writing every case down twice", () => {
    fc.assert(
      fc.property(values, (given) => {
        const once = clusteredMean({ values: given });
        const twice = clusteredMean({
          values: [...given, ...given],
          clusters: [...given, ...given].map((_, i) => i % given.length),
        });
        expect(twice.standardError).toBeCloseTo(once.standardError, 12);
        expect(twice.degreesOfFreedom).toBe(once.degreesOfFreedom);
      }),
    );
  });

  it("is refuted by its p-value exactly where its interval ends", () => {
    const estimate = clusteredMean({ values: [-0.4, -0.1, -0.3, 0.1, -0.2, -0.5] });
    const { upper } = tInterval(estimate, { alpha: 0.03 });
    expect(tWorse(estimate, { atLeast: upper })).toBeCloseTo(0.03, 12);
  });
});

describe("a plan", () => {
  it("that asks for n cases confirms its margin with n and not with n - 1", () => {
    const plan = { variance: 0.137, margin: 0.04, alpha: 0.025, power: 0.9 };
    const n = casesNeeded(plan);
    expect(confirmableMargin({ ...plan, n })).toBeLessThanOrEqual(plan.margin);
    expect(confirmableMargin({ ...plan, n: n - 1 })).toBeGreaterThan(plan.margin);
  });

  it("finds the parts that scores were made from", () => {
    const seed = 20_263;
    const random = randomFrom(seed);
    const run = (rate: number): number => (random() < rate ? 1 : 0);
    const cases = Array.from({ length: 4_000 }, () => {
      const rate = 0.5 + 0.4 * random();
      const shifted = random() < 0.5 ? rate - 0.1 : rate + 0.1;
      return { blue: [run(rate), run(rate), run(rate)], green: [run(shifted), run(shifted), run(shifted)] };
    });
    const starts = Array.from({ length: cases.length + 1 }, (_, i) => 3 * i);
    const parts = varianceParts({
      blue: { scores: cases.flatMap(({ blue }) => blue), starts },
      green: { scores: cases.flatMap(({ green }) => green), starts },
    });
    // True: the shift is ±0.1, so 0.01; one run has p(1-p), 0.19667 and 0.18667 on average.
    expect(parts.between, `seed ${seed}`).toBeGreaterThan(0.004);
    expect(parts.between, `seed ${seed}`).toBeLessThan(0.017);
    expect(parts.within, `seed ${seed}`).toBeCloseTo(0.383, 1);
    expect(varianceAt(parts, 3)).toBeCloseTo(parts.between + parts.within / 3, 12);
  });

  it("for rare events asks for the fewest cases that keep the bound under the ceiling", () => {
    fc.assert(
      fc.property(fc.nat(6), fc.double({ min: 0.002, max: 0.5, noNaN: true }), (events, ceiling) => {
        const n = casesForCeiling({ ceiling, events });
        expect(exactInterval({ successes: events, n }).upper).toBeLessThanOrEqual(ceiling * (1 + 1e-9));
        if (n - 1 > events) {
          expect(binomialAtMost({ successes: events, n: n - 1, probability: ceiling })).toBeGreaterThan(0.05);
        }
      }),
    );
    expect(casesForCeiling({ ceiling: 0.01 })).toBe(299);
  });
});

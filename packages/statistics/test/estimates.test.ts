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

  const labelled = fc.array(fc.tuple(fc.double({ min: -1, max: 1, noNaN: true }), fc.nat(6)), {
    minLength: 3,
    maxLength: 40,
  });

  it("of uneven clusters has the error and the degrees of freedom of the definition by matrices", () => {
    fc.assert(
      fc.property(labelled, (cases) => {
        const clusters = cases.map(([, label]) => label);
        const names = [...new Set(clusters)];
        fc.pre(names.length > 1);
        const n = cases.length;
        const mean = cases.reduce((sum, [value]) => sum + value, 0) / n;
        // Bell & McCaffrey: V = Σ (a_c' e_c)² / n² with a_c = (I - H_cc)^(-1/2) 1, which is 1 / √(1 - n_c / n) here.
        const vectors = names.map((name) => {
          const members = clusters.map((label) => (label === name ? 1 : 0));
          const size = members.reduce((sum: number, member) => sum + member, 0);
          const weight = 1 / Math.sqrt(1 - size / n);
          // (I - H) applied to the weighted members.
          return members.map((member) => weight * (member - size / n));
        });
        const dot = (a: readonly number[], b: readonly number[]): number =>
          a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
        const squares = vectors.map(
          (vector) =>
            dot(
              vector,
              cases.map(([value]) => value),
            ) ** 2,
        );
        const trace = vectors.reduce((sum, vector) => sum + dot(vector, vector), 0);
        const traceOfSquare = vectors.reduce(
          (sum, one) => sum + vectors.reduce((inner, other) => inner + dot(one, other) ** 2, 0),
          0,
        );
        const found = clusteredMean({ values: cases.map(([value]) => value), clusters, form: "uneven" });
        expect(found.mean).toBeCloseTo(mean, 12);
        expect(found.standardError).toBeCloseTo(Math.sqrt(squares.reduce((sum, x) => sum + x, 0)) / n, 10);
        expect(found.degreesOfFreedom).toBeCloseTo(trace ** 2 / traceOfSquare, 8);
        expect(found.degreesOfFreedom).toBeLessThanOrEqual(names.length - 1 + 1e-9);
      }),
    );
  });

  it("of even clusters is the same in both forms", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 8, maxLength: 8 }),
        (eight) => {
          const clusters = eight.map((_, i) => i % 4);
          const plain = clusteredMean({ values: eight, clusters });
          const uneven = clusteredMean({ values: eight, clusters, form: "uneven" });
          expect(uneven.standardError).toBeCloseTo(plain.standardError, 12);
          expect(uneven.degreesOfFreedom).toBeCloseTo(3, 12);
        },
      ),
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

import { isVerdigrisError } from "@verdigris/contracts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { adviseStrategy } from "../src/strategy-advice.ts";

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
/** `n` runs, of which the last `slow` take `slowMs`. */
const runs = (n: number, ms: number, slow = 0, slowMs = 0): number[] =>
  Array.from({ length: n }, (_, i) => (i < n - slow ? ms : slowMs));

describe("adviseStrategy", () => {
  it.each([
    ["runs of seconds", runs(100, 8 * second), "drain"],
    ["runs of just a minute", runs(20, minute), "drain"],
    ["a few long ones among runs of seconds", runs(100, 8 * second, 5, 3 * hour), "drain"],
    ["six long ones in a hundred", runs(100, 8 * second, 6, 3 * hour), "pin"],
    ["runs of hours", runs(20, 3 * hour), "pin"],
    ["runs of an hour and a bit", runs(20, hour + 1), "pin"],
    ["runs of ten minutes", runs(20, 10 * minute), "drain"],
    ["runs of over ten minutes", runs(20, 10 * minute + 1), "pin"],
  ] as const)("reads %s", (_, durations, strategy) => {
    expect(adviseStrategy(durations).strategy).toBe(strategy);
  });

  it("measures what lies between by how long a release may wait", () => {
    const between = runs(20, 20 * minute);
    expect(adviseStrategy(between, { releaseMayWaitMs: 20 * minute }).strategy).toBe("drain");
    expect(adviseStrategy(between, { releaseMayWaitMs: 19 * minute }).strategy).toBe("pin");
    expect(adviseStrategy(runs(20, 2 * hour), { releaseMayWaitMs: 24 * hour }).strategy).toBe("pin");
    expect(adviseStrategy(runs(20, second), { releaseMayWaitMs: 1 }).strategy).toBe("drain");
  });

  it("gives the figures, as durations that occurred, and leaves its input alone", () => {
    const durations = Array.from({ length: 100 }, (_, i) => (100 - i) * second);
    const advice = adviseStrategy(Object.freeze(durations));
    expect(advice).toMatchObject({ p50: 50 * second, p95: 95 * second, max: 100 * second, n: 100 });
    expect(Object.isFrozen(advice)).toBe(true);
  });

  it("names the longest run where a drain would wait for it", () => {
    const { reason } = adviseStrategy(runs(100, 8 * second, 5, 3 * hour));
    expect([reason.includes("3 h"), reason.includes("maxAgeMs")]).toEqual([true, true]);
    expect(adviseStrategy(runs(100, 8 * second)).reason).not.toContain("maxAgeMs");
  });

  it("says what is needed when there are too few runs", () => {
    const none = adviseStrategy([]);
    expect(none).toMatchObject({ strategy: null, p50: null, p95: null, max: null, n: 0 });
    const few = adviseStrategy(runs(19, second));
    expect(few).toMatchObject({ strategy: null, p50: second, p95: second, max: second, n: 19 });
    expect(few.reason).toContain("20");
    expect(adviseStrategy(runs(20, second)).strategy).toBe("drain");
  });

  it("does not depend on the order, and never moves from pin to drain when runs get longer", () => {
    const durations = fc.array(fc.integer({ min: 0, max: 5 * hour }), { minLength: 20, maxLength: 60 });
    fc.assert(
      fc.property(durations, fc.integer({ min: 0, max: 5 * hour }), (given, extra) => {
        const advice = adviseStrategy(given);
        expect(adviseStrategy([...given].reverse())).toEqual(advice);
        const longer = adviseStrategy(given.map((ms) => ms + extra));
        if (advice.strategy === "pin") expect(longer.strategy).toBe("pin");
      }),
    );
  });

  it.each([
    ["runDurationsMs", () => adviseStrategy([1, -1])],
    ["runDurationsMs", () => adviseStrategy([Number.NaN])],
    ["runDurationsMs", () => adviseStrategy([Number.POSITIVE_INFINITY])],
    ["runDurationsMs", () => adviseStrategy("fast" as unknown as number[])],
    ["releaseMayWaitMs", () => adviseStrategy([], { releaseMayWaitMs: 0 })],
    ["releaseMayWaitMs", () => adviseStrategy([], { releaseMayWaitMs: Number.NaN })],
  ])("checks %s", (argument, call) => {
    let caught: unknown;
    try {
      call();
    } catch (error) {
      caught = error;
    }
    expect(isVerdigrisError(caught, "invalid-argument") && caught.details).toEqual({ argument });
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  addBets,
  costBets,
  divergenceBets,
  failureGrid,
  logEBinomial,
  logEOfBets,
  logERestarted,
  logETailRatio,
  signGrid,
} from "../src/index.ts";
import { randomFrom } from "../src/random.ts";

const seed = 20_265;
const repetitions = 1_000;
const alarm = Math.log(20);
/** Three and a half standard errors of 5 %. */
const slack = 3.5 * Math.sqrt((0.05 * 0.95) / repetitions);

/** The share of streams whose evidence ever reaches 20, looked at after every value. */
function alarms(length: number, stream: (random: () => number) => (random: () => number) => number): number {
  const random = randomFrom(seed);
  let rang = 0;
  for (let repetition = 0; repetition < repetitions; repetition++) {
    const next = stream(random);
    for (let i = 0; i < length; i++) {
      if (next(random) < alarm) continue;
      rang++;
      break;
    }
  }
  return rang / repetitions;
}

const passes = (failureRate: number) => () => {
  const evidence = { nullProbability: 0.1, alternatives: failureGrid(0.9) };
  let [hits, n] = [0, 0];
  return (random: () => number): number => {
    n++;
    if (random() < failureRate) hits++;
    return logEBinomial({ ...evidence, hits, n });
  };
};

const divergences = (lean: number) => () => {
  const sums = divergenceBets.map(() => 0);
  return (random: () => number): number => {
    const u = random();
    addBets(sums, u < 0.15 + lean ? 1 : u < 0.3 + lean ? -1 : 0, divergenceBets);
    return logEOfBets(sums);
  };
};

describe(`evidence looked at after every value (${repetitions} streams, seed ${seed})`, () => {
  it("of failures rings for at most 1 in 20 streams at the floor, and for all well under it", () => {
    expect(alarms(300, passes(0.1))).toBeLessThan(0.05 + slack);
    expect(alarms(300, passes(0.3))).toBeGreaterThan(0.99);
  });

  it("of bets rings for at most 1 in 20 streams without excess, and for most with one", () => {
    expect(alarms(200, divergences(0))).toBeLessThan(0.05 + slack);
    expect(alarms(200, divergences(0.2))).toBeGreaterThan(0.9);
  });
});

describe("bets", () => {
  const values = fc.array(fc.double({ min: -1, max: 3, noNaN: true }), { maxLength: 60 });
  const summed = (given: readonly number[]): number[] => {
    const sums = costBets.map(() => 0);
    for (const value of given) addBets(sums, value, costBets);
    return sums;
  };

  it("add up to the same bits in any order and over any split", () => {
    fc.assert(
      fc.property(values, fc.nat(60), (given, cut) => {
        const whole = summed(given);
        expect(summed(given.toReversed())).toEqual(whole);
        const [left, right] = [summed(given.slice(0, cut)), summed(given.slice(cut))];
        expect(left.map((sum, k) => sum + (right[k] ?? 0))).toEqual(whole);
        expect(JSON.parse(JSON.stringify(whole))).toEqual(whole);
      }),
    );
  });

  it("never win by rounding", () => {
    fc.assert(
      fc.property(values, (given) => {
        const exact = costBets.map((bet) => given.reduce((product, value) => product * (1 + bet * value), 1));
        const capital = exact.reduce((sum, product) => sum + product, 0) / exact.length;
        const evidence = logEOfBets(summed(given));
        expect(evidence).toBeLessThanOrEqual(Math.log(capital) + 1e-12);
        expect(evidence).toBeGreaterThan(Math.log(capital) - 1e-9);
      }),
    );
  });
});

describe("restarts", () => {
  it("keep half of the evidence from the start and find what began late", () => {
    expect(logERestarted(3, [])).toBe(3);
    expect(logERestarted(0, [0, 0])).toBe(0);
    expect(logERestarted(-400, [-200, 12])).toBeCloseTo(12 - Math.log(4), 12);
  });

  it("weigh as an average does, so that they are fair too", () => {
    const parts = [0.3, -1, 2];
    const mean = 0.5 * Math.exp(1.5) + 0.5 * (parts.reduce((sum, part) => sum + Math.exp(part), 0) / 3);
    expect(logERestarted(1.5, parts)).toBeCloseTo(Math.log(mean), 12);
  });
});

describe("a grid", () => {
  it("for a floor lies above its failure rate and ends at 0.7", () => {
    for (const floor of [0.5, 0.8, 0.9, 0.95, 0.999]) {
      const grid = failureGrid(floor);
      expect(grid).toHaveLength(8);
      expect(Math.min(...grid)).toBeGreaterThan(1 - floor);
      expect(grid.at(-1)).toBeCloseTo(0.7, 12);
    }
  });

  it("says nothing before the first event and 3 of 3 failures at once", () => {
    const evidence = { nullProbability: 0.1, alternatives: failureGrid(0.9) };
    expect(logEBinomial({ ...evidence, hits: 0, n: 0 })).toBe(0);
    expect(Math.exp(logEBinomial({ ...evidence, hits: 3, n: 3 }))).toBeGreaterThan(20);
    expect(logEBinomial({ nullProbability: 0.5, alternatives: signGrid, hits: 1e6, n: 1e6 })).toBeGreaterThan(
      5e5,
    );
  });

  it("of two arms is only as sure as its least sure threshold", () => {
    const sure = { green: 40, blue: 0 };
    const unsure = { green: 5, blue: 5 };
    const arms = { greenN: 100, blueN: 100 };
    const least = logETailRatio({ ...arms, thresholds: [unsure] });
    expect(logETailRatio({ ...arms, thresholds: [sure] })).toBeGreaterThan(alarm);
    expect(logETailRatio({ ...arms, thresholds: [sure, unsure] })).toBe(least);
    expect(least).toBeLessThan(0);
  });
});

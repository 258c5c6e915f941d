import { logEBinomial, logETailRatio, logSumExp } from "@verdigris/statistics";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createCutArms } from "../src/evidence/arms.ts";
import { matchedGroups } from "../src/evidence/matched-groups.ts";
import { createMoreOften } from "../src/evidence/more-often.ts";
import { weigh } from "../src/evidence/restarts.ts";
import { slower } from "../src/evidence/streams.ts";
import { createTailEvidence } from "../src/evidence/tail-evidence.ts";
import { thin } from "../src/evidence/thin.ts";
import { addTilts } from "../src/evidence/tilt.ts";
import { membersOf } from "../src/windows/cohort.ts";
import { sumOf } from "../src/windows/window.ts";
import { began, lookAt, minute } from "./world.ts";

const tick = 2 ** -38;

function choices<T>(values: readonly T[], size: number): T[][] {
  if (size === 0) return [[]];
  return values.flatMap((value, i) => choices(values.slice(i + 1), size - 1).map((rest) => [value, ...rest]));
}

describe("the evidence of a group", () => {
  it("is worth 1 on average over every way of naming its runs, whatever their scores [DETECT-EXACT]", () => {
    const scores = fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 2, maxLength: 7 });
    fc.assert(
      fc.property(scores, fc.nat(), fc.constantFrom(0.3, 0.8, 1.6, 3.2), (all, pick, tilt) => {
        const size = 1 + (pick % (all.length - 1));
        const indices = all.map((_, i) => i);
        const each = choices(indices, size).map((chosen) => {
          const sums = [0];
          const others = indices.filter((i) => !chosen.includes(i));
          addTilts(
            sums,
            chosen.map((i) => all[i]!),
            others.map((i) => all[i]!),
            [tilt],
          );
          return Math.exp(sums[0]! * tick);
        });
        const mean = each.reduce((a, b) => a + b, 0) / each.length;
        expect(mean).toBeLessThanOrEqual(1 + 1e-9);
        expect(mean).toBeGreaterThan(1 - 1e-6);
      }),
    );
  });

  it("speaks against the watched arm, whichever arm is smaller", () => {
    const evidence = (watched: number[], reference: number[]): number => {
      const sums = [0];
      addTilts(sums, watched, reference, [1]);
      return sums[0]! * tick;
    };
    expect(evidence([0.9, 1], [-1, -0.5, -0.2, 0])).toBeGreaterThan(1);
    expect(evidence([0, 0.2, 0.5, 1], [-1, -0.9])).toBeGreaterThan(1);
    expect(evidence([-1, -0.9], [0, 0.2, 0.5, 1])).toBeLessThan(-1);
    expect(evidence([-1, -0.5, -0.2, 0], [0.9, 1])).toBeLessThan(-1);
  });

  it("is nothing where an arm is empty", () => {
    const sums = [0, 0];
    addTilts(sums, [], [1, 2], [0.3, 1]);
    expect(sums).toEqual([0, 0]);
  });

  it("stays finite for the largest groups there are", () => {
    const sums = [0];
    addTilts(sums, new Array<number>(40).fill(1), new Array<number>(160).fill(-1), [3.2]);
    expect(Number.isSafeInteger(sums[0])).toBe(true);
    expect(sums[0]! * tick).toBeGreaterThan(30);
  });
});

describe("matched groups", () => {
  const look = lookAt({ green: { perMinute: 20, minutes: 30 }, blue: { perMinute: 60, minutes: 30 } });
  const arms = createCutArms()(look, 0);

  it("hold runs of both arms, share none, and are cut by how many started alone [DETECT-EXACT]", () => {
    const groups = arms.blocks.flatMap((block) => matchedGroups(block, arms.at));
    expect(groups.length).toBeGreaterThan(40);
    const seen = groups.flatMap(({ watched, reference }) => [...watched, ...reference]);
    expect(new Set(seen).size).toBe(seen.length);
    const unended = arms.blocks.map((block) => ({
      ...block,
      watched: block.watched.map((cohort) => ({ ...cohort, completed: 0, latency: new Map() })),
    }));
    const cuts = (blocks: typeof arms.blocks) =>
      blocks.flatMap((block) => matchedGroups(block, arms.at)).map(({ from, to }) => [from, to]);
    expect(cuts(unended)).toEqual(cuts(arms.blocks));
  });

  it("are scored once four fifths of their runs have ended, and never otherwise after that [DETECT-COHORT]", () => {
    const stream = slower(10 * minute, 1);
    const complete = lookAt({
      green: { perMinute: 20, minutes: 10 },
      blue: { perMinute: 20, minutes: 10 },
      at: 60,
    });
    const first = new Map<number, string>();
    let settled = 0;
    for (let second = 60; second <= 900; second += 10) {
      const at = began + second * 1_000;
      const partial = lookAt({
        green: { perMinute: 20, minutes: 10 },
        blue: { perMinute: 20, minutes: 10 },
        at: second / 60,
      });
      for (const group of createCutArms()({ ...partial, at }, 0).blocks.flatMap((block) =>
        matchedGroups(block, at),
      )) {
        const scores = stream.scores(group, at);
        if (scores === null) continue;
        const text = JSON.stringify(scores);
        settled++;
        expect(first.get(group.from) ?? text).toBe(text);
        first.set(group.from, text);
      }
    }
    expect(settled).toBeGreaterThan(100);
    expect(complete.watched.length).toBeGreaterThan(0);
  });

  it("hold runs that hang as the slowest of them, once they have had their time [DETECT-COHORT]", () => {
    const stream = slower(5 * minute, 1);
    const hung = lookAt({
      green: { perMinute: 20, minutes: 10, hanging: 0.5 },
      blue: { perMinute: 20, minutes: 10 },
      at: 60,
    });
    const late = createCutArms()(hung, 0);
    const groups = late.blocks.flatMap((block) => matchedGroups(block, late.at));
    for (const group of groups) {
      const scores = stream.scores(group, late.at);
      const started = (cohorts: typeof group.watched): number => sumOf(cohorts, membersOf);
      expect(scores?.watched).toHaveLength(started(group.watched));
      expect(scores?.reference).toHaveLength(started(group.reference));
    }
    expect(groups.length).toBeGreaterThan(15);
  });
});

describe("the evidence of tails", () => {
  it("is that of the statistics package where every run has had its time", () => {
    const look = lookAt({
      green: { perMinute: 12, minutes: 10, slower: 2.5 },
      blue: { perMinute: 30, minutes: 10 },
      at: 120,
    });
    const arms = createCutArms()({ ...look, at: began + 600_000 }, 0);
    const late = { ...arms, at: began + 120 * minute };
    const ours = createTailEvidence().of(late).logE[0]!;
    const above = (cohorts: typeof arms.watched, bucket: number): number => {
      let count = 0;
      for (const { latency } of cohorts) for (const [b, n] of latency) if (b > bucket) count += n;
      return count;
    };
    const n = (cohorts: typeof arms.watched): number => above(cohorts, -10_000);
    const thresholds = Array.from({ length: 900 }, (_, i) => ({
      green: above(arms.watched, i + 1),
      blue: above(arms.reference, i),
    }));
    const theirs = logETailRatio({ thresholds, greenN: n(arms.watched), blueN: n(arms.reference) });
    expect(ours).toBeCloseTo(theirs, 9);
  });

  it("is at no block more than it is at any one threshold", () => {
    let finite = 0;
    const arm = fc.record({ perMinute: fc.constantFrom(1, 12), slower: fc.constantFrom(0.5, 1, 3) });
    fc.assert(
      fc.property(
        arm,
        arm,
        fc.nat(1_000),
        fc.integer({ min: 380, max: 560 }),
        (green, blue, seed, bucket) => {
          const minutes = 35;
          const look = lookAt({ green: { ...green, minutes }, blue: { ...blue, minutes }, seed });
          const arms = createCutArms()(look, 0);
          const tails = createTailEvidence();
          const bounds = tails.atMost(arms, bucket);
          const { logE } = tails.of(arms);
          for (const [i, bound] of bounds.entries()) expect(bound).toBeGreaterThanOrEqual(logE[i]! - 1e-9);
          finite += bounds.filter(Number.isFinite).length;
        },
      ),
      { numRuns: 60 },
    );
    expect(finite).toBeGreaterThan(150);
  });

  it("says nothing of runs that have not had the time, all of them open [DETECT-COHORT]", () => {
    const old = { perMinute: 60, minutes: 9, from: began };
    const young = { perMinute: 240, minutes: 0.5, from: began + 9.5 * minute, slower: 100 };
    const look = lookAt({ green: young, blue: old, at: 10 });
    const arms = createCutArms()(look, 0);
    expect(arms.watched.length).toBeGreaterThan(2);
    expect(createTailEvidence().of(arms).logE[0]).toBeLessThan(Math.log(10));
  });

  it("asks only runs that have had the time, so an arm does not look quick by hanging [DETECT-COHORT]", () => {
    const scene = { blue: { perMinute: 30, minutes: 40 }, at: 40 };
    const hung = lookAt({ ...scene, green: { perMinute: 30, minutes: 40, hanging: 0.5 } });
    const well = lookAt({ ...scene, green: { perMinute: 30, minutes: 40 } });
    const logE = (look: typeof hung): number => createTailEvidence().of(createCutArms()(look, 0)).logE[0]!;
    expect(logE(hung)).toBeGreaterThan(Math.log(100));
    expect(logE(well)).toBeLessThan(Math.log(10));
  });
});

describe("the evidence of a rate", () => {
  const moreOften = createMoreOften(0.01);
  const rate = fc.integer({ min: 1, max: 300 }).chain((n) => fc.nat(n).map((hits) => ({ hits, n })));

  it("is never more than that against any one shared rate [DETECT-EXACT]", () => {
    fc.assert(
      fc.property(rate, rate, fc.double({ min: 0.0101, max: 0.5, noNaN: true }), (green, blue, shared) => {
        const steps = Math.floor(Math.log(shared / 0.01) / Math.log(1.4));
        const low = 0.01 * 1.4 ** steps;
        const high = Math.min(0.98, low * 1.4);
        const up = [1.5, 2, 3, 5, 10, 30, 90].map((times) => (times * high) / (1 + (times - 1) * high));
        const down = [0.75, 0.5, 0.3, 0.1, 0.03].map((times) => times * low);
        const bound =
          logEBinomial({ ...green, nullProbability: high, alternatives: up }) +
          logEBinomial({ ...blue, nullProbability: low, alternatives: down });
        expect(moreOften(green, blue)).toBeLessThanOrEqual(bound + 1e-9);
      }),
    );
  });

  it("needs no hit and no run of the other arm", () => {
    expect(moreOften({ hits: 4, n: 20 }, { hits: 0, n: 0 })).toBeGreaterThan(Math.log(100));
    expect(moreOften({ hits: 4, n: 20 }, { hits: 0, n: 2_000 })).toBeGreaterThan(Math.log(100));
    expect(moreOften({ hits: 4, n: 20 }, { hits: 400, n: 2_000 })).toBeLessThan(0);
  });
});

describe("evidence over time", () => {
  it("is the average of that since the beginning and of all restarts of the bake, those to come as 1 [DETECT-EXACT]", () => {
    const logE = [3, 2, 5];
    const weight = weigh(logE, 120 * minute, 0.01);
    const restarts = [2, 5, ...new Array<number>(9).fill(0)];
    const expected = logSumExp([Math.log(0.5) + 3, ...restarts.map((e) => Math.log(0.5 / 11) + e)]);
    expect(weight.logE).toBeCloseTo(expected, 12);
    expect(weight.needed).toBeCloseTo(Math.log(100), 12);
  });

  it("is the sum of the last restarts once the bake is over", () => {
    const weight = weigh(new Array<number>(13).fill(0), 120 * minute, 0.01);
    expect(Math.exp(weight.logE)).toBeCloseTo(12, 9);
    expect(Math.exp(weight.needed)).toBeCloseTo(4_320, 6);
  });
});

it("draws the same few of many every time, whatever their values", () => {
  const values = Array.from({ length: 500 }, (_, i) => i);
  const drawn = thin(values, 40, 7);
  expect(thin(values, 40, 7)).toEqual(drawn);
  expect(
    thin(
      values.map((v) => v * 10),
      40,
      7,
    ),
  ).toEqual(drawn.map((v) => v * 10));
  expect(new Set(drawn).size).toBe(40);
  expect(thin([1, 2], 40, 7)).toEqual([1, 2]);
});

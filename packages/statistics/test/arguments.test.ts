import { isVerdigrisError } from "@verdigris/contracts";
import { describe, expect, it } from "vitest";
import * as statistics from "../src/index.ts";

const {
  addBets,
  betaQuantile,
  betaTails,
  bettingInterval,
  binomialAtMost,
  casesNeeded,
  clusteredMean,
  cohenKappa,
  effectiveSize,
  exactInterval,
  failureGrid,
  holm,
  logEBinomial,
  logETailRatio,
  logGamma,
  logMeanExp,
  logSumExp,
  mcnemar,
  normalCdf,
  normalQuantile,
  tangoInterval,
  tCdf,
  tInterval,
  totalVariation,
  tQuantile,
  varianceParts,
  wilsonInterval,
} = statistics;
const nan = Number.NaN;
const twoRuns = (starts: readonly number[]) => ({ scores: [1, 0, 1, 0], starts });
const grid = { nullProbability: 0.1, alternatives: [0.2] };

const misuses: readonly (readonly [argument: string, call: () => unknown])[] = [
  ["x", () => logGamma(0)],
  ["x", () => logGamma(nan)],
  ["z", () => normalCdf(nan)],
  ["p", () => normalQuantile(1.1)],
  ["p", () => normalQuantile(nan)],
  ["p", () => tQuantile(-0.1, 3)],
  ["degreesOfFreedom", () => tQuantile(0.9, 0)],
  ["degreesOfFreedom", () => tCdf(1, nan)],
  ["t", () => tCdf(nan, 3)],
  ["x", () => betaTails({ x: -1, a: 1, b: 1 })],
  ["a", () => betaTails({ x: 0.5, a: 0, b: 1 })],
  ["b", () => betaQuantile({ p: 0.5, a: 1, b: Number.POSITIVE_INFINITY })],
  ["successes", () => binomialAtMost({ successes: 3, n: 2, probability: 0.5 })],
  ["probability", () => binomialAtMost({ successes: 1, n: 2, probability: 2 })],
  ["n", () => wilsonInterval({ successes: 0, n: 0 })],
  ["successes", () => wilsonInterval({ successes: 1.5, n: 3 })],
  ["alpha", () => exactInterval({ successes: 1, n: 3, alpha: 0 })],
  ["n", () => tangoInterval({ gained: 2, lost: 2, n: 3 })],
  ["gained", () => tangoInterval({ gained: -1, lost: 2, n: 3 })],
  ["lost", () => mcnemar({ gained: 1, lost: nan })],
  ["pValues", () => holm([0.5, nan])],
  ["pValues", () => holm([1.5])],
  ["values", () => clusteredMean({ values: [] })],
  ["values", () => clusteredMean({ values: [1, nan] })],
  ["clusters", () => clusteredMean({ values: [1, 2], clusters: ["a"] })],
  ["alpha", () => tInterval(clusteredMean({ values: [1, 2] }), { alpha: 1 })],
  ["margin", () => casesNeeded({ variance: 1, margin: 0 })],
  ["variance", () => casesNeeded({ variance: -1, margin: 1 })],
  ["power", () => casesNeeded({ variance: 1, margin: 1, power: 0.01 })],
  ["blue", () => varianceParts({ blue: twoRuns([0, 2]), green: twoRuns([0, 2]) })],
  ["green", () => varianceParts({ blue: twoRuns([0, 2, 4]), green: twoRuns([0, 2]) })],
  ["green", () => varianceParts({ blue: twoRuns([0, 2, 4]), green: twoRuns([0, 2, 3]) })],
  ["green", () => varianceParts({ blue: twoRuns([0, 2, 4]), green: twoRuns([0, 2, 9]) })],
  [
    "blue.scores",
    () => varianceParts({ blue: { scores: [nan], starts: [0, 2, 4] }, green: twoRuns([0, 2, 4]) }),
  ],
  ["table", () => cohenKappa([[1]])],
  ["table", () => cohenKappa([[1, 2], [3]])],
  [
    "table",
    () =>
      cohenKappa([
        [0, 0],
        [0, 0],
      ]),
  ],
  ["p", () => totalVariation([0.5], [1])],
  ["q", () => totalVariation([1], [0.5, 0.5])],
  ["weight", () => effectiveSize([{ cases: 1, weight: -1 }])],
  ["cases", () => effectiveSize([{ cases: 0.5, weight: 1 }])],
  ["values", () => logSumExp([nan])],
  ["values", () => logMeanExp([])],
  ["hits", () => logEBinomial({ ...grid, hits: 2, n: 1 })],
  ["alternatives", () => logEBinomial({ ...grid, hits: 1, n: 1, alternatives: [0.2, 0.05] })],
  ["alternatives", () => logEBinomial({ ...grid, hits: 1, n: 1, alternatives: [] })],
  ["floor", () => failureGrid(1)],
  ["thresholds", () => logETailRatio({ thresholds: [], greenN: 1, blueN: 1 })],
  ["green", () => logETailRatio({ thresholds: [{ green: 2, blue: 0 }], greenN: 1, blueN: 1 })],
  ["value", () => addBets([0], -1.5, [0.5])],
  ["bets", () => addBets([0], 0, [1])],
  ["sums", () => addBets([], 0, [0.5])],
  ["values", () => bettingInterval({ values: [2] })],
  ["values", () => bettingInterval({ values: [] })],
  ["range", () => bettingInterval({ values: [0], range: [1, -1] })],
];

describe("misuse is an invalid-argument error", () => {
  it.each(misuses)("that names %s: %s", (argument, call) => {
    let caught: unknown;
    try {
      call();
    } catch (error) {
      caught = error;
    }
    expect(isVerdigrisError(caught, "invalid-argument")).toBe(true);
    expect(caught).toBeInstanceOf(TypeError);
    expect((caught as { details: unknown }).details).toEqual({ argument });
  });
});

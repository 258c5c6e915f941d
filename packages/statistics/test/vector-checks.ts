import {
  betaQuantile,
  betaTails,
  binomialAtMost,
  casesNeeded,
  clusteredMean,
  exactInterval,
  holm,
  logGamma,
  mcnemar,
  normalCdf,
  normalQuantile,
  tangoInterval,
  tCdf,
  tInterval,
  tQuantile,
  varianceAt,
  wilsonInterval,
} from "../src/index.ts";
import { evidenceChecks } from "./evidence-checks.ts";
import { type Check, ends, expectNear, figures, numberOf } from "./vector-file.ts";

const pairedBinary: Check = (example, set) => {
  const [[both, blueOnly], [greenOnly, neither]] = example.table as [[number, number], [number, number]];
  // The files count blue - green in their first sign: n12 less n21.
  const pairs = { gained: blueOnly, lost: greenOnly, n: both + blueOnly + greenOnly + neither };
  return figures(
    {
      exact_p: () => mcnemar(pairs).exact,
      exact_conditional_p: () => mcnemar(pairs).exact,
      exact_p_one_sided_n12_less: () => mcnemar(pairs).exactWorse,
      midp: () => mcnemar(pairs).midP,
      midp_p: () => mcnemar(pairs).midP,
      tango95: () => ends(tangoInterval({ ...pairs, alpha: 0.025 })),
      tango90: () => ends(tangoInterval(pairs)),
    },
    example,
    set,
  );
};

const proportion: Check = (example, set) => {
  const counts = { successes: Number(example.x ?? example.k), n: Number(example.n ?? 10) };
  const point = { ...counts, probability: Number(example.p) };
  return figures(
    {
      wilson95: () => ends(wilsonInterval({ ...counts, alpha: 0.025 })),
      wilson_lower95_one_sided: () => wilsonInterval(counts).lower,
      clopper_pearson95: () => ends(exactInterval({ ...counts, alpha: 0.025 })),
      clopper_lower95_one_sided: () => exactInterval(counts).lower,
      ci95: () => ends(exactInterval({ ...counts, alpha: 0.025 })),
      less: () => binomialAtMost(point),
      greater: () => {
        const { successes, n } = counts;
        return successes === 0
          ? 1
          : betaTails({ x: point.probability, a: successes, b: n - successes + 1 }).lower;
      },
    },
    example,
    set,
  );
};

const scipyWilson: Check = (example, set) => {
  if (example.continuity === true) return 0;
  const both = example.alternative === "two-sided";
  const alpha = (1 - Number(example.level)) / (both ? 2 : 1);
  const { lower, upper } = wilsonInterval({ successes: Number(example.k), n: 10, alpha });
  const low = (): number => (example.alternative === "less" ? 0 : lower);
  const high = (): number => (example.alternative === "greater" ? 1 : upper);
  return figures({ low, high }, example, set);
};

const binomialTest: Check = (example, set) => {
  const half = example.p === 0.5;
  const [k, n] = [Number(example.k), Number(example.n)];
  const twoSided = half
    ? figures({ two_sided: () => mcnemar({ gained: k, lost: n - k }).exact }, example, set)
    : 0;
  return twoSided + proportion(example, set);
};

type Special = (args: readonly number[], fixed: number) => number;
const specialFunctions: Readonly<Record<string, Special>> = {
  qnorm: ([p = 0]) => normalQuantile(p),
  pnorm: ([z = 0]) => normalCdf(z),
  qt: ([p = 0, df = 1], fixed) => (Number.isNaN(fixed) ? tQuantile(p, df) : tQuantile(fixed, p)),
  pt: ([t = 0, df = 1]) => tCdf(t, df),
  lgamma: ([x = 1]) => logGamma(x),
  qbeta: ([p = 0, a = 1, b = 1]) => betaQuantile({ p, a, b }),
  pbeta: ([x = 0, a = 1, b = 1]) => betaTails({ x, a, b }).lower,
  pbinom: ([successes = 0, n = 1, probability = 0]) => binomialAtMost({ successes, n, probability }),
};

const special: Check = (example, set) => {
  // "qt_0.95" fixes its first argument, "qbeta(q;a,b)" names all of them.
  const [, name = "", fixed] = /^([a-z]+)(?:_([0-9.]+))?/.exec(String(example.fn)) ?? [];
  const compute = specialFunctions[name];
  if (compute === undefined) return 0;
  for (const [i, args] of (example.args as unknown[]).entries()) {
    const actual = compute([args].flat() as number[], Number(fixed));
    expectNear(
      actual,
      (example.out as number[])[i] ?? Number.NaN,
      set,
      `${example.fn} of ${JSON.stringify(args)}`,
    );
  }
  return 1;
};

const pairedT: Check = (example, set) => {
  const [x, y] = [example.x as number[], example.y as number[]];
  const estimate = clusteredMean({ values: x.map((value, i) => value - (y[i] ?? Number.NaN)) });
  const t = estimate.mean / estimate.standardError;
  return figures(
    {
      t: () => t,
      df: () => estimate.degreesOfFreedom,
      p: () => 2 * tCdf(-Math.abs(t), estimate.degreesOfFreedom),
      mean: () => estimate.mean,
      ci95: () => ends(tInterval(estimate, { alpha: 0.025 })),
      lower95_one_sided: () => tInterval(estimate).lower,
    },
    example,
    set,
  );
};

const miller: Check = (example, set) => {
  if (example.n !== undefined && example.omega2 !== undefined) {
    const variance = numberOf(example.omega2) + numberOf(example.sigma2);
    const twoSided = { alpha: Number(example.alpha) / 2, power: Number(example.power) };
    const margin = Number(example.delta);
    return figures({ n: () => casesNeeded({ ...twoSided, variance, margin }) }, example, set);
  }
  if (example.cut === undefined) return 0;
  const parts = { between: numberOf(example.var_x), within: numberOf(example.mean_sigma2) };
  const once = varianceAt(parts, 1);
  for (const [repeats, cut] of Object.entries(example.cut as object)) {
    const left = repeats === "inf" ? parts.between : varianceAt(parts, Number(repeats));
    expectNear(1 - left / once, numberOf(cut), set, `variance cut by ${repeats} repeats`);
  }
  return 1;
};

/** What this package computes, by the id of the set. */
export const checks: Readonly<Record<string, Check>> = {
  ...evidenceChecks,
  "paired-binary/mcnemar-and-difference-ci": pairedBinary,
  "paired-binary/published": pairedBinary,
  "paired-binary/mcnemar-statsmodels": pairedBinary,
  "proportion/intervals-R": proportion,
  "proportion/newcombe-1998-table": proportion,
  "proportion/wilson-scipy": scipyWilson,
  "proportion/binom-test-scipy": binomialTest,
  "t-test/R": pairedT,
  "multiple-testing/p-adjust": (example, set) =>
    figures({ holm: () => holm(example.p as number[]) }, example, set),
  "special-functions": special,
  "t-quantiles/inspect": (example, set) =>
    figures({ t: () => tQuantile(Number(example.p), Number(example.df)) }, example, set),
  "clustered-se/inspect": (example, set) => {
    const clusters = example.cluster as (string | number)[];
    const values = example.scores as number[];
    return figures({ se_clustered: () => clusteredMean({ values, clusters }).standardError }, example, set);
  },
  "miller-2024": miller,
  "gate/sample-size": (example, set) => {
    const plan = { alpha: Number(example.alpha_one_sided), power: Number(example.power) };
    const [variance, margin] = [Number(example.discordance), Number(example.margin)];
    return figures({ n: () => casesNeeded({ ...plan, variance, margin }) }, example, set);
  },
};

import {
  addBets,
  cohenKappa,
  effectiveSize,
  logEBinomial,
  logEOfBets,
  logETailRatio,
  totalVariation,
} from "../src/index.ts";
import { type Check, ends, figures } from "./vector-file.ts";

const kappa: Check = (example, set) => {
  if (example.table === undefined) return 0;
  const found = cohenKappa(example.table as number[][]);
  return figures(
    { kappa: () => found.kappa, ase: () => found.standardError, ci95: () => ends(found) },
    example,
    set,
  );
};

const coverage: Check = (example, set) => {
  const [production, shares] = [example.production as number[], example.eval_share as number[]];
  const ratios = shares.map((share, i) => (production[i] ?? 0) / share);
  const slices = shares.map((share, i) => {
    const cases = Math.round(share * Number(example.n));
    return { cases, weight: cases === 0 ? 0 : (ratios[i] ?? 0) };
  });
  return figures(
    {
      total_variation: () => totalVariation(production, shares),
      overlap: () => 1 - totalVariation(production, shares),
      kish_n_eff: () => effectiveSize(slices),
    },
    example,
    set,
  );
};

const gridMixture: Check = (example, set) => {
  const evidence = {
    hits: Number(example.K),
    n: Number(example.N),
    nullProbability: Number(example.null),
    alternatives: example.alternatives as number[],
  };
  return figures({ log_e: () => logEBinomial(evidence) }, example, set);
};

const twoSample: Check = (example, set) => {
  const ratio = Number(example.r0);
  const green = example.green as number[];
  const blue = (example.blue as number[]).map((value) => value * ratio);
  // Every value, and a point in every gap between values.
  const values = [...new Set([...green, ...blue])].sort((a, b) => a - b);
  const gaps = values.map((value, i) => (value + (values[i + 1] ?? value + 1)) / 2);
  const thresholds = [-1, ...values, ...gaps].map((x) => ({
    green: green.filter((value) => value > x).length,
    blue: blue.filter((value) => value >= x).length,
  }));
  const evidence = { thresholds, greenN: green.length, blueN: blue.length };
  return figures({ log_e: () => logETailRatio(evidence) }, example, set);
};

const costBetting: Check = (example, set) => {
  const [green, blue, bets] = [example.green, example.blue, example.lambdas] as [
    number[],
    number[],
    number[],
  ];
  const [ratio, cap] = [Number(example.r0), Number(example.cap)];
  const sums = bets.map(() => 0);
  for (const [i, value] of green.entries()) {
    addBets(sums, (value - ratio * (blue[i] ?? Number.NaN)) / (ratio * cap), bets);
  }
  return figures({ log_e: () => logEOfBets(sums) }, example, set);
};

/** Agreement, coverage and e-processes, by the id of the set. */
export const evidenceChecks: Readonly<Record<string, Check>> = {
  kappa,
  "coverage/examples": coverage,
  "e-process/grid-mixture": gridMixture,
  "e-process/two-sample-p95": twoSample,
  "e-process/cost-ratio-betting": costBetting,
};

import { isPlainObject } from "@verdigris/contracts";
import { effectiveSize, totalVariation, totalVariationByChance } from "@verdigris/statistics";
import { createIssueList, isName } from "../checks.ts";
import type { CoveragePolicy } from "../policy/policy.ts";
import type { CoverageReport, ProductionSlices, SliceCoverage } from "./coverage-report.ts";

/** Slices of the eval cases that count, against those of production. */
export interface CoverageOptions {
  /** The slice of each case. */
  readonly cases: readonly { readonly slice: string }[];
  readonly production: ProductionSlices;
  readonly policy: Required<CoveragePolicy>;
}

type State = "ok" | "warn" | "fail";

/**
 * How well the slices of `cases` represent production: overlap `Σ min(p, e)`, uncovered mass, effective size (Kish), and per
 * slice how many cases to add, `⌈(p n - n_h) / (1 - p)⌉`. Fails where a threshold of the policy is passed, warns half way.
 *
 * Throws `production-invalid` for counts that are none.
 */
export function measureCoverage({ cases, production, policy }: CoverageOptions): CoverageReport {
  const runsOf = checkProduction(production);
  const casesOf = new Map<string, number>();
  for (const { slice } of cases) casesOf.set(slice, (casesOf.get(slice) ?? 0) + 1);
  const runs = [...runsOf.values()].reduce((sum, count) => sum + count, 0);
  const names = [...new Set([...runsOf.keys(), ...casesOf.keys()])].sort();
  if (runs < policy.minRuns || cases.length === 0) return unknown(runs, policy.minRuns);
  const observed = names.map((name) => (runsOf.get(name) ?? 0) / runs);
  const set = names.map((name) => (casesOf.get(name) ?? 0) / cases.length);
  const slices = names.map((slice, at) =>
    sliceCoverage({
      slice,
      runs: runsOf.get(slice) ?? 0,
      productionShare: observed[at] ?? 0,
      cases: casesOf.get(slice) ?? 0,
      share: set[at] ?? 0,
      total: cases.length,
      allRuns: runs,
      policy,
    }),
  );
  const distance = totalVariation(observed, set);
  const distanceByChance = totalVariationByChance(observed, cases.length, runs);
  const uncovered = slices
    .filter((slice) => slice.cases < policy.minCases)
    .reduce((sum, slice) => sum + slice.productionShare, 0);
  const excess = Math.max(0, distance - distanceByChance);
  const state = worst([
    above(excess, policy.maxDistance),
    above(uncovered, policy.maxUncovered),
    ...slices.map((slice) => slice.state),
  ]);
  const effective = effectiveSize(
    slices
      .filter((slice) => slice.cases > 0)
      .map((slice) => ({ cases: slice.cases, weight: slice.productionShare / slice.share })),
  );
  return {
    state,
    text: `${percent(1 - distance)} of production is represented in proportion, ${percent(uncovered)} hardly at all; weighted to production the set is worth ${Math.round(effective)} of its ${cases.length} cases`,
    runs,
    overlap: 1 - distance,
    distance,
    distanceByChance,
    uncovered,
    effectiveSize: effective,
    slices: slices.sort(byUrgency),
  };
}

function unknown(runs: number, minRuns: number): CoverageReport {
  return {
    state: "unknown",
    text: `${runs} production runs are too few to compare with; ${minRuns} are needed`,
    runs,
    overlap: 0,
    distance: 0,
    distanceByChance: 0,
    uncovered: 0,
    effectiveSize: 0,
    slices: [],
  };
}

interface SliceFacts {
  readonly slice: string;
  readonly runs: number;
  readonly productionShare: number;
  readonly cases: number;
  readonly share: number;
  readonly total: number;
  readonly allRuns: number;
  readonly policy: Required<CoveragePolicy>;
}

function sliceCoverage(facts: SliceFacts): SliceCoverage {
  const { slice, runs, productionShare, cases, share, total, policy } = facts;
  const ratio = productionShare === 0 ? 1 : share / productionShare;
  const counts = productionShare >= policy.minShare;
  const halfWay = (1 + policy.minRatio) / 2;
  const state = !counts || ratio >= halfWay ? "ok" : ratio < policy.minRatio ? "fail" : "warn";
  const missing = productionShare * total - cases;
  // Shares come from divisions: what is in proportion up to rounding needs no case.
  const add = productionShare >= 1 || missing < 1e-9 ? 0 : Math.ceil(missing / (1 - productionShare) - 1e-9);
  return {
    slice,
    runs,
    productionShare,
    cases,
    share,
    state,
    isNew: runs > 0 && cases === 0,
    add,
    text: state === "ok" ? "" : shortage(facts, add),
  };
}

function shortage({ slice, productionShare, cases, share, total, allRuns }: SliceFacts, add: number): string {
  return `slice ${slice}: ${percent(productionShare)} of ${allRuns} production runs, ${percent(share)} of ${total} cases (${cases}): add ${add} ${add === 1 ? "case" : "cases"} to ${slice}`;
}

function percent(share: number): string {
  return `${Math.round(share * 1000) / 10} %`;
}

function above(value: number, most: number): State {
  if (value > most) return "fail";
  return value > most / 2 ? "warn" : "ok";
}

function worst(states: readonly State[]): State {
  return states.includes("fail") ? "fail" : states.includes("warn") ? "warn" : "ok";
}

function byUrgency(a: SliceCoverage, b: SliceCoverage): number {
  if (a.isNew !== b.isNew) return a.isNew ? -1 : 1;
  return b.productionShare - b.share - (a.productionShare - a.share) || (a.slice < b.slice ? -1 : 1);
}

function checkProduction(production: ProductionSlices): ReadonlyMap<string, number> {
  const issues = createIssueList();
  const slices: unknown = isPlainObject(production) ? production.slices : undefined;
  issues.need(isPlainObject(slices), "slices", "must count the runs of each slice");
  const counts = new Map<string, number>();
  for (const [slice, count] of Object.entries(isPlainObject(slices) ? slices : {})) {
    issues.need(isName(slice), "slices", `hold ${JSON.stringify(slice.slice(0, 40))}, which is no slice`);
    issues.need(
      Number.isSafeInteger(count) && (count as number) >= 0,
      `slices.${slice}`,
      "must be a number of runs",
    );
    counts.set(slice, count as number);
  }

  issues.settle("production-invalid", "the production counts");
  return counts;
}

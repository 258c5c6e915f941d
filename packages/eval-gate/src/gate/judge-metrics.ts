import { holm } from "@verdigris/statistics";
import type { GateReason } from "../evidence/evidence.ts";
import type { ComparedFinding, SliceFinding } from "../evidence/findings.ts";
import type { GatePolicy } from "../policy/policy.ts";
import {
  type ComparedMetric,
  type CompareOptions,
  compareMetric,
  type DraftFinding,
  settleFinding,
} from "./compare-metric.ts";
import {
  type ArmScores,
  type Comparison,
  pickCases,
  positionsBySlice,
  scoresOf,
  selectClusters,
  selectScores,
} from "./comparison.ts";
import { type Frame, fewestClusters, fewestDiffering, type Strata } from "./estimate.ts";
import { reason, signed } from "./remarks.ts";
import { type DraftSlice, fewestSliceCases, type ScreenedSlice, screenSlices } from "./screen-slices.ts";

/** What all metrics are judged with. */
export interface JudgeOptions {
  readonly comparison: Comparison;
  readonly strata: Strata | null;
  readonly policy: GatePolicy;
  /** Of this look. */
  readonly alpha: number;
  /** A second run of the baseline on the same cases; null when there was none. */
  readonly again: ArmScores | null;
  /** Mean cost of one run; null where it is not known. */
  readonly runCost: number | null;
}

/** Everything found by comparing. */
export interface ComparedFindings {
  readonly metrics: readonly ComparedFinding[];
  readonly slices: readonly SliceFinding[];
  readonly reasons: readonly GateReason[];
}

/**
 * Judges every metric, every critical slice and the screen of the others. Passing is an intersection-union test: all must
 * pass, each at full α (Berger 1982). Failing is a union: p-values of everything looked at are adjusted by Holm.
 */
export function judgeMetrics(options: JudgeOptions): ComparedFindings {
  const { comparison, policy, alpha, again } = options;
  const { cases, baseline, candidate } = comparison;
  const compared = policy.metrics.filter((metric): metric is ComparedMetric => metric.kind !== "rare-event");
  const power = 1 - 0.2 / Math.max(1, compared.length);
  const shared = { alpha, power, runCost: options.runCost };
  const armsOf = ({ metric }: ComparedMetric): Arms => ({
    green: scoresOf(candidate, metric),
    blue: baseline === null ? null : scoresOf(baseline, metric),
    again: again === null ? null : scoresOf(again, metric),
  });
  const frame: Frame = { clusters: comparison.clusters, strata: options.strata };
  const drafts: DraftFinding[] = compared.map((metric) => {
    const { margin } = metric;
    return compareMetric({ ...shared, ...armsOf(metric), cases, frame, metric, slice: null, margin });
  });
  const bySlice = positionsBySlice(cases);
  const reasons: GateReason[] = [];
  for (const { slice, margins } of policy.critical) {
    const kept = bySlice.get(slice) ?? [];
    if (kept.length === 0) {
      reasons.push(reason("not-confirmed", `the critical slice ${slice} has no case: add some`, { slice }));
      continue;
    }
    const part = pickCases(cases, kept);
    const within = { cases: part, frame: { clusters: selectClusters(comparison, kept), strata: null } };
    for (const metric of compared) {
      const margin = margins[metric.metric];
      if (margin === undefined) continue;
      const arms = selectArms(armsOf(metric), kept);
      drafts.push(compareMetric({ ...shared, ...arms, ...within, metric, slice, margin }));
    }
  }
  const screen = baseline === null ? [] : slicesToScreen(comparison, bySlice, policy);
  const screened = compared.flatMap((metric) => {
    const { green, blue } = armsOf(metric);
    return blue === null ? [] : screenSlices({ green, blue }, metric.metric, screen, policy.sliceDrop);
  });
  return settle(drafts, screened, { reasons, policy, alpha });
}

type Arms = Pick<CompareOptions, "green" | "blue" | "again">;

function selectArms({ green, blue, again }: Arms, kept: readonly number[]): Arms {
  return {
    green: selectScores(green, kept),
    blue: blue === null ? null : selectScores(blue, kept),
    again: again === null ? null : selectScores(again, kept),
  };
}

/** Slices that are not judged by themselves, where there are at least two of them. */
function slicesToScreen(
  comparison: Comparison,
  bySlice: ReadonlyMap<string, readonly number[]>,
  policy: GatePolicy,
): readonly ScreenedSlice[] {
  const critical = new Set(policy.critical.map(({ slice }) => slice));
  const others = [...bySlice].filter(([slice]) => !critical.has(slice) || bySlice.size === 1);
  if (others.length < 2) return [];
  return others
    .filter(([, kept]) => kept.length >= fewestSliceCases)
    .map(([slice, kept]) => {
      return { slice, kept, frame: { clusters: selectClusters(comparison, kept), strata: null } };
    });
}

function settle(
  drafts: readonly DraftFinding[],
  screened: readonly DraftSlice[],
  given: { readonly reasons: readonly GateReason[]; readonly policy: GatePolicy; readonly alpha: number },
): ComparedFindings {
  const { policy, alpha } = given;
  const adjusted = holm([...drafts.flatMap(({ p }) => p ?? []), ...screened.map(({ p }) => p)]);
  let at = 0;
  const next = (): number => adjusted[at++] ?? 1;
  const metrics = drafts.map((draft) =>
    settleFinding(draft, { adjustedP: draft.p === null ? null : next(), alpha, strict: policy.strict }),
  );
  const slices = screened.map((draft): SliceFinding => {
    const adjustedP = next();
    return { ...draft, adjustedP, worse: adjustedP <= alpha };
  });
  const reasons = [...metrics.flatMap((finding) => findingReasons(finding)), ...given.reasons];
  for (const { slice, metric, difference, n, worse } of slices) {
    if (!worse) continue;
    const text = `slice ${slice} lost ${signed(difference)} on ${metric} (${n} cases)`;
    reasons.push(reason("slice-worse", text, { slice, metric }));
  }
  return { metrics, slices, reasons };
}

function findingReasons(finding: ComparedFinding): readonly GateReason[] {
  const { metric, slice, verdict, text, floor, interval, margin, lost } = finding;
  const about = { metric, ...(slice === null ? {} : { slice }) };
  if (verdict === "pass") return [];
  const missed = floor !== null && floor.bounds.upper < floor.floor;
  if (verdict === "fail" && missed) return [reason("below-floor", text, about)];
  if (verdict === "fail") return [reason("worse", text, { ...about, cases: lost.cases })];
  const confirmed = interval === null || interval.lower > -margin;
  return [
    ...(confirmed ? [] : [reason("not-confirmed", `${text}${planText(finding)}`, about)]),
    ...(floor === null || floor.reached ? [] : [reason("floor-not-reached", text, about)]),
  ];
}

function planText({ plan, margin, clusters, won, lost }: ComparedFinding): string {
  if (plan?.confirms == null) return "; too little is known to say what would decide it";
  const points = (value: number): string => `${(value * 100).toFixed(1)} points`;
  const levers = plan.levers.flatMap(({ lever, value, runs, cost }) => {
    if (lever === "margin") return [];
    const price = `${runs} more runs${cost === null ? "" : `, about ${cost.toPrecision(3)}`}`;
    return [lever === "cases" ? `${value} cases (${price})` : `${value} repeats of each case (${price})`];
  });
  const ways = levers.length === 0 ? "" : `; ${levers.join(" or ")} would confirm ${points(margin)}`;
  const few = {
    clusters: `; it has ${clusters} independent clusters and a close bound needs ${fewestClusters}`,
    changes: `; the bundles differ on ${won.count + lost.count} cases and a close bound needs ${fewestDiffering}`,
  };
  const lacks = plan.lacks === null ? "" : few[plan.lacks];
  return `; this set can confirm a margin of ${points(plan.confirms)}${lacks}${ways}`;
}

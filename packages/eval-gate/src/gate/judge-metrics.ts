import { holm } from "@verdigris/statistics";
import type { GateReason } from "../evidence/evidence.ts";
import type { ComparedFinding, SliceFinding } from "../evidence/findings.ts";
import type { GatePolicy } from "../policy/policy.ts";
import { type ComparedMetric, compareMetric, type DraftFinding, settleFinding } from "./compare-metric.ts";
import { type Comparison, pick, positionsBySlice, selectCases } from "./comparison.ts";
import { clustersOf, type Frame, type Strata } from "./estimate.ts";
import { reason, signed } from "./remarks.ts";
import { type DraftSlice, screenSlices } from "./screen-slices.ts";

/** What all metrics are judged with. */
export interface JudgeOptions {
  readonly comparison: Comparison;
  readonly strata: Strata | null;
  readonly policy: GatePolicy;
  /** Of this look. */
  readonly alpha: number;
  readonly again: Comparison["candidate"] | null;
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
  const { comparison, policy, alpha } = options;
  const compared = policy.metrics.filter((metric): metric is ComparedMetric => metric.kind !== "rare-event");
  const power = 1 - 0.2 / Math.max(1, compared.length);
  const all: Frame = { clusters: clustersOf(comparison.cases), strata: options.strata };
  const bySlice = positionsBySlice(comparison.cases);
  const shared = { alpha, power, runCost: options.runCost };
  const drafts: DraftFinding[] = compared.map((metric) =>
    compareMetric({
      ...shared,
      comparison,
      frame: all,
      metric,
      slice: null,
      margin: metric.margin,
      again: options.again,
    }),
  );
  const reasons: GateReason[] = [];
  for (const { slice, margins } of policy.critical) {
    const kept = bySlice.get(slice) ?? [];
    if (kept.length === 0) {
      reasons.push(reason("not-confirmed", `the critical slice ${slice} has no case: add some`, { slice }));
      continue;
    }
    const part = selectCases(comparison, kept);
    const again = options.again === null ? null : pick(options.again, kept);
    const frame = { clusters: clustersOf(part.cases), strata: null };
    for (const metric of compared) {
      const margin = margins[metric.metric];
      if (margin === undefined) continue;
      drafts.push(compareMetric({ ...shared, comparison: part, frame, metric, slice, margin, again }));
    }
  }
  const critical = new Set(policy.critical.map(({ slice }) => slice));
  const others = new Map([...bySlice].filter(([slice]) => !critical.has(slice) || bySlice.size === 1));
  const screened = compared.flatMap((metric) => screenSlices(comparison, metric, others, policy.sliceDrop));
  return settle(drafts, screened, { reasons, policy, alpha });
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

function planText({ plan, margin }: ComparedFinding): string {
  if (plan?.confirms == null) return "; too little is known to say what would decide it";
  const points = (value: number): string => `${(value * 100).toFixed(1)} points`;
  const levers = plan.levers.flatMap(({ lever, value, runs, cost }) => {
    if (lever === "margin") return [];
    const price = `${runs} more runs${cost === null ? "" : `, about ${cost.toPrecision(3)}`}`;
    return [lever === "cases" ? `${value} cases (${price})` : `${value} repeats of each case (${price})`];
  });
  const ways = levers.length === 0 ? "" : `; ${levers.join(" or ")} would confirm ${points(margin)}`;
  return `; this set can confirm a margin of ${points(plan.confirms)}${ways}`;
}

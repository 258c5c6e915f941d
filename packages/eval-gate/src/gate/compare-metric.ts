import type { CaseList, ComparedFinding } from "../evidence/findings.ts";
import type { MetricPolicy } from "../policy/policy.ts";
import { changedCases } from "./changed-cases.ts";
import { type ComparedCase, differencesOf, isBinary, type MetricScores } from "./comparison.ts";
import { differenceBounds, type Frame, meanOf, pWorse, sampleOf, scoreBounds } from "./estimate.ts";
import { noiseFloor } from "./noise-floor.ts";
import { planOf } from "./plan.ts";
import { number, signed } from "./remarks.ts";
import { shrinkage } from "./scorer-identity.ts";

/** A metric that is compared with the baseline. */
export type ComparedMetric = Exclude<MetricPolicy, { readonly kind: "rare-event" }>;

/** What one comparison needs to know. */
export interface CompareOptions {
  readonly cases: readonly ComparedCase[];
  readonly green: MetricScores;
  /** Null for the first bundle. */
  readonly blue: MetricScores | null;
  /** Of a second run of the baseline; null when there was none. */
  readonly again: MetricScores | null;
  readonly frame: Frame;
  readonly metric: ComparedMetric;
  readonly slice: string | null;
  readonly margin: number;
  /** Of this look. */
  readonly alpha: number;
  /** Of a plan, per metric. */
  readonly power: number;
  readonly runCost: number | null;
}

/** A finding before Holm: whether it is certainly worse depends on everything else that was looked at. */
export type DraftFinding = Omit<ComparedFinding, "verdict" | "text" | "adjustedP">;

/** Compares one metric on the cases at hand. */
export function compareMetric(options: CompareOptions): DraftFinding {
  const { cases, green, blue, again, frame, metric, slice, margin, alpha, power, runCost } = options;
  const base = {
    metric: metric.metric,
    kind: metric.kind,
    slice,
    n: cases.length,
    clusters: frame.clusters?.count ?? cases.length,
    candidate: meanOf(green.means, frame),
    margin: margin * shrinkage(metric),
    agreedMargin: margin,
    floor: slice === null ? judgeFloor(options) : null,
  };
  if (blue === null) {
    const compared = { baseline: null, difference: null, interval: null, p: null, noise: null, plan: null };
    return { ...base, ...compared, won: nobody, lost: nobody, tied: 0 };
  }
  const differences = differencesOf(green, blue);
  const sample = sampleOf(differences, frame, isBinary(green) && isBinary(blue));
  const interval = differenceBounds(sample, alpha);
  return {
    ...base,
    baseline: meanOf(blue.means, frame),
    difference: sample.estimate.mean,
    interval,
    p: pWorse(sample),
    ...changedCases(cases, differences),
    noise: noiseFloor({ blue, again, frame }),
    plan: planOf({ blue, green, sample, interval, margin: base.margin, alpha, power, runCost }),
  };
}

const nobody: CaseList = { count: 0, cases: [] };

function judgeFloor({ green, frame, metric, alpha }: CompareOptions): ComparedFinding["floor"] {
  const { floor } = metric;
  if (floor === undefined) return null;
  const sample = sampleOf(green.means, frame, isBinary(green));
  return { floor, bounds: scoreBounds(sample, alpha), reached: sample.estimate.mean >= floor };
}

/** The finding with its verdict, once Holm has said how certain a loss is. */
export function settleFinding(
  draft: DraftFinding,
  options: { readonly adjustedP: number | null; readonly alpha: number; readonly strict: boolean },
): ComparedFinding {
  const { adjustedP, alpha, strict } = options;
  const confirmed = draft.interval === null || draft.interval.lower > -draft.margin;
  const worse = adjustedP !== null && adjustedP <= alpha;
  const belowFloor = draft.floor !== null && draft.floor.bounds.upper < draft.floor.floor;
  const failed = belowFloor || (worse && (!confirmed || strict));
  const passed = confirmed && (draft.floor === null || draft.floor.reached);
  const verdict = failed ? "fail" : passed ? "pass" : "inconclusive";
  return { ...draft, adjustedP, verdict, text: describe(draft, { confirmed, worse, belowFloor }, alpha) };
}

interface Found {
  readonly confirmed: boolean;
  readonly worse: boolean;
  readonly belowFloor: boolean;
}

function describe(draft: DraftFinding, found: Found, alpha: number): string {
  const where = draft.slice === null ? draft.metric : `${draft.metric} on ${draft.slice}`;
  const floor = draft.floor === null ? "" : `, floor ${number(draft.floor.floor)}${floorWord(draft, found)}`;
  const { baseline, difference, interval } = draft;
  if (baseline === null || difference === null || interval === null) {
    return `${where}: candidate ${number(draft.candidate)}, no baseline${floor} (${draft.n} cases)`;
  }
  const level = Math.round((1 - 2 * alpha) * 1000) / 10;
  const range = `${level} % interval ${signed(interval.lower)} to ${signed(interval.upper)}`;
  const numbers = `candidate ${number(draft.candidate)}, baseline ${number(baseline)}, change ${signed(difference)}, ${range}, margin -${number(draft.margin)}`;
  return `${where}: ${word(draft, found)}; ${numbers}${floor} (${draft.n} cases)`;
}

function word({ interval }: DraftFinding, { confirmed, worse }: Found): string {
  if (worse) return confirmed ? "worse, within the margin" : "worse";
  if (!confirmed) return "not decided";
  return interval !== null && interval.lower > 0 ? "better" : "no worse";
}

function floorWord({ floor }: DraftFinding, { belowFloor }: Found): string {
  if (belowFloor) return " missed";
  return floor?.reached === true ? " reached" : " not reached, not certainly missed";
}

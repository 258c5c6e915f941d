import { normalQuantile } from "@verdigris/statistics";
import type { Bounds, CaseList, ComparedFinding, NoiseFloor } from "../evidence/findings.ts";
import type { MetricPolicy } from "../policy/policy.ts";
import { type Comparison, type MetricScores, mean, scoresOf } from "./comparison.ts";
import { differenceBounds, discordant, estimateMean, type Frame, pWorse, scoreBounds } from "./estimate.ts";
import { planOf } from "./plan.ts";
import { number, signed } from "./remarks.ts";
import { shrinkage } from "./scorer-identity.ts";

/** A metric that is compared with the baseline. */
export type ComparedMetric = Exclude<MetricPolicy, { readonly kind: "rare-event" }>;

/** What one comparison needs to know. */
export interface CompareOptions {
  readonly comparison: Comparison;
  readonly frame: Frame;
  readonly metric: ComparedMetric;
  readonly slice: string | null;
  readonly margin: number;
  /** Of this look. */
  readonly alpha: number;
  /** Of a plan, per metric. */
  readonly power: number;
  /** Positions in a second run of the baseline; null when there was none. */
  readonly again: Comparison["candidate"] | null;
  readonly runCost: number | null;
}

/** A finding before Holm: whether it is certainly worse depends on everything else that was looked at. */
export type DraftFinding = Omit<ComparedFinding, "verdict" | "text" | "adjustedP">;

/** Compares one metric on the cases at hand. */
export function compareMetric(options: CompareOptions): DraftFinding {
  const { comparison, frame, metric, slice, margin, alpha } = options;
  const green = scoresOf(comparison.candidate, metric.metric);
  const floor =
    slice !== null || metric.floor === undefined ? null : judgeFloor(green, metric.floor, frame, alpha);
  const candidate = estimateMean(green.means, frame);
  const base = {
    metric: metric.metric,
    kind: metric.kind,
    slice,
    n: green.means.length,
    clusters: candidate.clusters,
    candidate: candidate.mean,
    margin: margin * shrinkage(metric),
    agreedMargin: margin,
    floor,
  };
  const nothing: CaseList = { count: 0, cases: [] };
  if (comparison.baseline === null) {
    const compared = { baseline: null, difference: null, interval: null, p: null, noise: null, plan: null };
    return { ...base, ...compared, won: nothing, lost: nothing, tied: 0 };
  }
  const blue = scoresOf(comparison.baseline, metric.metric);
  const values = differencesOf(green, blue);
  const binary = isBinary(green) && isBinary(blue);
  const sample = { values, frame, alpha, binary };
  const interval = differenceBounds(sample);
  const estimate = estimateMean(values, frame);
  const decided = interval.lower > -base.margin || interval.upper < 0;
  const { power, runCost } = options;
  const { standardError } = estimate;
  const simple = binary && frame.clusters === undefined && frame.strata === null;
  const facts = {
    blue,
    green,
    differences: values,
    standardError,
    margin: base.margin,
    alpha,
    power,
    decided,
    simple,
    runCost,
  };
  return {
    ...base,
    baseline: estimateMean(blue.means, frame).mean,
    difference: estimate.mean,
    interval,
    p: pWorse(sample),
    ...changedCases(comparison, values),
    noise: noiseFloor(options, blue),
    plan: planOf(facts),
  };
}

/** Green less blue, case by case. */
export function differencesOf(green: MetricScores, blue: MetricScores): readonly number[] {
  return green.means.map((score, at) => score - (blue.means[at] ?? score));
}

/** One repeat of a pass or fail each. */
export function isBinary({ repeats }: MetricScores): boolean {
  return repeats.every(([score, ...more]) => more.length === 0 && (score === 0 || score === 1));
}

function judgeFloor(
  green: MetricScores,
  floor: number,
  frame: Frame,
  alpha: number,
): ComparedFinding["floor"] {
  const values = green.means;
  const bounds: Bounds = scoreBounds({ values, frame, alpha, binary: isBinary(green) });
  return { floor, bounds, reached: estimateMean(values, frame).mean >= floor };
}

const keptCases = 100;

function changedCases(
  { cases }: Comparison,
  values: readonly number[],
): Pick<ComparedFinding, "won" | "lost" | "tied"> {
  const changed = values
    .map((value, at) => ({ value, id: cases[at]?.id ?? "" }))
    .filter(({ value }) => value !== 0)
    .sort((a, b) => Math.abs(b.value) - Math.abs(a.value) || (a.id < b.id ? -1 : 1));
  const list = (side: typeof changed): CaseList => ({
    count: side.length,
    cases: side.slice(0, keptCases).map(({ id }) => id),
  });
  return {
    won: list(changed.filter(({ value }) => value > 0)),
    lost: list(changed.filter(({ value }) => value < 0)),
    tied: values.length - changed.length,
  };
}

/** How far an identical bundle lies from the baseline in nine comparisons of ten. */
function noiseFloor({ again, frame, metric }: CompareOptions, blue: MetricScores): NoiseFloor | null {
  const z = -normalQuantile(0.05);
  if (again !== null) {
    const values = differencesOf(scoresOf(again, metric.metric), blue);
    const estimate = estimateMean(values, frame);
    const { gained, lost } = discordant(values);
    const expected = z * estimate.standardError;
    return { source: "measured", difference: estimate.mean, expected, disagree: gained + lost };
  }
  if (!blue.repeats.every((scores) => scores.length > 1)) return null;
  // Two runs of K repeats each: twice the variance of a mean of K.
  const variances = blue.repeats.map((scores) => {
    const centre = mean(scores);
    const squares = scores.reduce((sum, score) => sum + (score - centre) ** 2, 0);
    return (2 * squares) / (scores.length - 1) / scores.length;
  });
  const expected = z * Math.sqrt(mean(variances) / variances.length);
  return { source: "estimated", difference: null, expected, disagree: null };
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

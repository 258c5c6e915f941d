import type { BundleId, Signal, SignalBaseline } from "@verdigris/contracts";
import { InvalidArgumentError } from "@verdigris/contracts";
import type { CutArms } from "../evidence/arms.ts";
import type { Weight } from "../evidence/restarts.ts";
import type { Cohort } from "../windows/cohort.ts";

/** What a rule looks at: one bundle at one moment, and who it is held against. */
export interface Look {
  readonly bundle: BundleId;
  readonly baseline: SignalBaseline;
  /** Store time from which the bundle is watched. */
  readonly since: number;
  /** Store time up to which everything is known. */
  readonly at: number;
  readonly bakeMs: number;
  /**
   * Asks for alarms and nothing else: the same alarms as ever, but where it is plain that there is none no evidence and no interval
   * is worked out, and what would be `clear` may be `watching`. For who looks at many bundles. @default false
   */
  readonly alarmsOnly?: boolean;
  /** Cohorts of the bundle since then, oldest first. */
  readonly watched: readonly Cohort[];
  /** Cohorts of the baseline: of the same time for `concurrent` and `holdback`, from before for `history`, none for `floor`. */
  readonly reference: readonly Cohort[];
}

/** One rule of a detector set: a name, and how it is judged. */
export interface Rule {
  /** Unique in its set. */
  readonly name: string;
  /** Makes what judges one bundle, `cut` being shared by all rules; it may remember what it computed, never what it decided. */
  readonly judge: (cut: CutArms) => (look: Look) => Signal;
}

/** Settings that rules share. */
export interface RuleOptions {
  /** @default the rule's own name */
  readonly name?: string;
  /** How often an unchanged bundle may alarm in one bake. @default 0.01 */
  readonly alpha?: number;
}

/** Settings of rules that hold one arm against the other. */
export interface RegressionOptions extends RuleOptions {
  /** The rule's own limit, above 1: what is meant by worse. */
  readonly ratio?: number;
  /** Runs that both arms need. @default 30 */
  readonly least?: number;
  /** First runs of the bundle that are left out: cold caches, new connections. @default 5 */
  readonly warmUp?: number;
  /** A run that has not ended this long after those it started with is not waited for. @default 600000 */
  readonly settleMs?: number;
}

/** Completes and checks the settings of a regression rule; throws `invalid-argument`. */
export function checkRegression(
  given: RegressionOptions & { readonly name: string; readonly ratio: number },
): Required<RegressionOptions> {
  const settings = { alpha: 0.01, least: 30, warmUp: 5, settleMs: 600_000, ...given };
  const { name, alpha, ratio, least, warmUp, settleMs } = settings;
  checkRule(name, alpha);
  requireOption(ratio > 1 && ratio < 1e6, "ratio", `must lie above 1, got ${ratio}`);
  requireWhole("least", least, 1);
  requireWhole("warmUp", warmUp, 0);
  requireWhole("settleMs", settleMs, 1);
  return settings;
}

/** True when evidence is to be worked out. */
export function isAsked({ alarmsOnly = false }: Look, beyond: boolean): boolean {
  return beyond || !alarmsOnly;
}

/** True when the evidence is beyond chance. */
export function isReached(weight: Weight | null): boolean {
  return weight !== null && weight.logE >= weight.needed;
}

/** What a rule has found, before it is put into words. */
export interface Finding {
  readonly value: number | null;
  readonly reference: number | null;
  readonly ratio: number | null;
  readonly limit: number;
  readonly unit: string;
  readonly n: number;
  readonly referenceN: number;
  readonly least: number;
  /** Runs to plan with: about what a doubling takes. */
  readonly planned: number;
  /** The rule's own condition on the window. */
  readonly beyond: boolean;
  readonly interval: Signal["interval"];
  /** True when the interval lies within the limit as a whole. */
  readonly within: boolean;
  /** Why nothing can be told, whatever the numbers say. */
  readonly obstacle: string | null;
  /** The comparison in words: "p95 12.4 s against 5.9 s, 2.10 x (limit 1.25 x)". */
  readonly words: string;
}

/** Whose finding it is, against what, and what evidence there is. */
export interface Judged {
  readonly name: string;
  readonly look: Look;
  readonly baseline: SignalBaseline;
  /** Null where it was not asked for. */
  readonly weight: Weight | null;
}

/** Turns a finding into a signal: an alarm needs evidence, the rule's own condition and enough runs in both arms. */
export function signalOf({ name, look, baseline, weight }: Judged, finding: Finding): Signal {
  const { value, reference, ratio, limit, unit, n, referenceN, interval, words } = finding;
  const { status, needed, why } = verdictOf(baseline, weight, finding);
  const evidence = weight === null ? "" : `, evidence ${multiple(weight.logE)} of ${multiple(weight.needed)}`;
  return {
    name,
    status,
    bundle: look.bundle,
    baseline,
    value,
    reference,
    ratio,
    limit,
    unit,
    n,
    referenceN,
    needed,
    interval,
    evidence: weight === null ? null : Math.exp(weight.logE),
    at: look.at,
    reason: `${why}; ${words}, ${baselineWords(baseline)}${evidence}`,
  };
}

interface VerdictWords {
  readonly status: Signal["status"];
  readonly needed: number | null;
  readonly why: string;
}

function verdictOf(baseline: SignalBaseline, weight: Weight | null, finding: Finding): VerdictWords {
  const { n, referenceN, least, beyond, within, obstacle } = finding;
  const about = plannedRuns(weight, finding);
  const watching = (why: string): VerdictWords => ({
    status: "watching",
    needed: about,
    why: `watching (${n} of about ${about} runs): ${why}`,
  });
  if (obstacle !== null) return watching(obstacle);
  if (n < least) return watching(`fewer than ${least} runs`);
  if (baseline.kind !== "floor" && referenceN < least)
    return watching(`the baseline has ${referenceN} runs, fewer than ${least}`);
  if (isReached(weight) && beyond)
    return { status: "alarm", needed: null, why: "alarm: beyond the limit, and beyond chance" };
  if (within && !beyond)
    return { status: "clear", needed: null, why: "clear: within the limit, chance included" };
  return watching(
    beyond ? "beyond the limit, not yet beyond chance" : "within the limit, chance could hide more",
  );
}

/** About how many runs tell: as evidence has grown so far where it grows, else as planned for a doubling. */
function plannedRuns(weight: Weight | null, { n, least, planned, beyond }: Finding): number {
  const grown =
    weight !== null && beyond && weight.logE > 1 ? Math.ceil((n * weight.needed) / weight.logE) : 0;
  return Math.max(least, grown > n ? grown : planned);
}

function baselineWords(baseline: SignalBaseline): string {
  switch (baseline.kind) {
    case "concurrent":
      return `beside ${baseline.bundle}`;
    case "holdback":
      return `beside the holdback on ${baseline.bundle}`;
    case "history":
      return `against ${baseline.bundle} before the switch`;
    case "floor":
      return "with no other bundle";
  }
}

function multiple(log: number): string {
  const value = Math.exp(log);
  if (value >= 1e6) return `${value.toExponential(0)}x`;
  return `${value >= 10 ? value.toFixed(0) : value.toFixed(1)}x`;
}

/** Throws `invalid-argument` unless `holds`. */
export function requireOption(holds: boolean, option: string, problem: string): void {
  if (!holds) throw new InvalidArgumentError(option, problem);
}

/** Checks what all rules share. */
export function checkRule(name: string, alpha: number): void {
  requireOption(/^[A-Za-z0-9._:-]{1,128}$/.test(name), "name", "must be 1 to 128 of A-Z a-z 0-9 . _ : -");
  requireOption(alpha > 0 && alpha < 1, "alpha", `must lie strictly between 0 and 1, got ${alpha}`);
}

/** Throws `invalid-argument` unless `value` is a whole number from `from` on. */
export function requireWhole(option: string, value: number, from: number): void {
  requireOption(
    Number.isSafeInteger(value) && value >= from,
    option,
    `must be a whole number from ${from} on, got ${value}`,
  );
}

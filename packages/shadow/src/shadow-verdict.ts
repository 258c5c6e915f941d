import type { Verdict } from "@verdigris/contracts";
import { logEOfBets, tInterval } from "@verdigris/statistics";
import { type Divergence, fromUnits, type Margins, type ViewEvidence } from "./divergence.ts";

/** When divergence is too much, and when there is enough to say that it is not. */
export interface ShadowRule {
  /** Evidence that green differs from blue by more than this beyond how blue differs from itself fails it, 0 to 1. @default 0.05 */
  readonly margin?: number;
  /**
   * Evidence that it differs by less than this passes it; at least `margin`. Apart, because to show that nothing is there
   * takes more inputs than to find what is. @default 0.07, or `margin` where that is more
   */
  readonly passMargin?: number;
  /** Chance of a false alarm over all judged views together, however often it is looked at. @default 0.01 */
  readonly alpha?: number;
  /** Chance that a bundle which differs by more than `passMargin` passes. @default 0.05 */
  readonly passAlpha?: number;
  /** Noise pairs below which nothing is said. @default 50 */
  readonly minPairs?: number;
}

/** What one view says. */
export interface ViewVerdict {
  readonly view: string;
  readonly judged: boolean;
  readonly verdict: Verdict;
  /** Inputs compared, and those with a noise pair. */
  readonly n: number;
  readonly pairs: number;
  /** Mean distance of blue and green, of blue and itself, and what is left of one beyond the other; null without data. */
  readonly between: number | null;
  readonly noise: number | null;
  readonly excess: number | null;
  /** 95 % interval of the excess; the verdict does not stand on it. */
  readonly interval: { readonly low: number; readonly high: number } | null;
  /** Evidence for an excess above `margin`, and below `passMargin`, as multiples; `fail` needs 1 / (α / judged views), `pass` 1 / passAlpha. */
  readonly evidence: { readonly worse: number; readonly better: number };
  /** About how many more noise pairs would decide it, at the excess seen so far; null where that is not known. */
  readonly needed: number | null;
  readonly errors: number;
  readonly reason: string;
}

/** The verdict on shadow traffic. */
export interface ShadowVerdict {
  readonly verdict: Verdict;
  readonly reason: string;
  readonly views: readonly ViewVerdict[];
}

/** More comparator failures than this, and the view was not measured. */
const mostErrors = 0.1;
/** Noise above this leaves no room in which a difference could show. */
const mostNoise = 0.8;

function percent(value: number | null): string {
  return value === null ? "unknown" : `${(value * 100).toFixed(1)} %`;
}

/** Evidence as JSON can hold it: a clear case grows beyond the largest number there is. */
function multiple(logE: number): number {
  return Math.min(Number.MAX_VALUE, Math.exp(logE));
}

function intervalOf({ pairs, excess, excessSquared }: ViewEvidence): { low: number; high: number } | null {
  if (pairs < 2) return null;
  const mean = fromUnits(excess, pairs) ?? 0;
  const variance = Math.max(0, (fromUnits(excessSquared, pairs) ?? 0) - mean * mean) * (pairs / (pairs - 1));
  const estimate = {
    mean,
    standardError: Math.sqrt(variance / pairs),
    degreesOfFreedom: pairs - 1,
    n: pairs,
    clusters: pairs,
  };
  const { lower, upper } = tInterval(estimate, { alpha: 0.025 });
  return { low: lower, high: upper };
}

/** Pairs that would bring the evidence to its threshold if it went on growing as it has. */
function neededPairs(logE: number, threshold: number, pairs: number): number | null {
  if (logE <= 0 || pairs === 0) return null;
  return Math.max(1, Math.ceil(((threshold - logE) / logE) * pairs));
}

interface Thresholds {
  readonly worse: number;
  readonly better: number;
  readonly minPairs: number;
  readonly margins: Margins;
}

function decide(
  evidence: ViewEvidence,
  limits: Thresholds,
): Pick<ViewVerdict, "verdict" | "reason" | "needed"> {
  const { pairs, errors, n } = evidence;
  const [worse, better] = [logEOfBets(evidence.worse), logEOfBets(evidence.better)];
  const excess = fromUnits(evidence.excess, pairs);
  const noise = fromUnits(evidence.noise, pairs);
  const seen = `differs ${percent(excess)} beyond the noise of ${percent(noise)} (fails above ${percent(limits.margins.fail)}, passes below ${percent(limits.margins.pass)})`;
  if (errors > mostErrors * (n + errors)) {
    return {
      verdict: "error",
      needed: null,
      reason: `its comparator failed on ${errors} of ${n + errors} inputs`,
    };
  }
  if (pairs < limits.minPairs) {
    const needed = limits.minPairs - pairs;
    return {
      verdict: "inconclusive",
      needed,
      reason: `${pairs} of the ${limits.minPairs} noise pairs it takes to say anything`,
    };
  }
  if (worse >= limits.worse) return { verdict: "fail", needed: null, reason: seen };
  if (better >= limits.better && (noise ?? 1) <= mostNoise)
    return { verdict: "pass", needed: null, reason: seen };
  if ((noise ?? 1) > mostNoise) {
    const reason = `blue differs from itself by ${percent(noise)}, so this view cannot tell anything: use a distance that sees meaning`;
    return { verdict: "inconclusive", needed: null, reason };
  }
  const needed =
    worse > better ? neededPairs(worse, limits.worse, pairs) : neededPairs(better, limits.better, pairs);
  return { verdict: "inconclusive", needed, reason: `${seen}, which is not enough to tell` };
}

const severity: readonly Verdict[] = ["error", "fail", "incomparable", "inconclusive", "pass"];

/**
 * The verdict on the views named in `judged`: `fail` as soon as one of them has evidence of 1 / (α / their number) against
 * "no more than `margin` beyond noise", `pass` when every one has evidence of 1 / passAlpha against "`passMargin` or more". Both are
 * bounded-bet e-processes (Waudby-Smith & Ramdas 2024), so they hold however often they are looked at; by Bonferroni's
 * inequality a false `fail` of any view is rarer than α. Their number is that of the names, not of the views that have
 * had an input so far, or the bar would move while it is watched. `pass` needs all of them, so no correction. `error` where
 * a judged view could not be measured, `inconclusive` otherwise, with what it would take. A view no input applied to
 * decides nothing.
 */
export function judgeDivergence(
  divergence: Divergence,
  judged: readonly string[],
  { alpha = 0.01, passAlpha = 0.05, minPairs = 50 }: ShadowRule = {},
): ShadowVerdict {
  const counts = new Set(judged);
  const entries = Object.entries(divergence.views).sort(([a], [b]) => (a < b ? -1 : 1));
  const limits: Thresholds = {
    worse: Math.log(Math.max(1, counts.size) / alpha),
    better: Math.log(1 / passAlpha),
    minPairs,
    margins: divergence.margins,
  };
  const views = entries.map(([view, evidence]): ViewVerdict => {
    const { n, pairs, errors } = evidence;
    return {
      view,
      judged: counts.has(view),
      n,
      pairs,
      between: fromUnits(evidence.between, n),
      noise: fromUnits(evidence.noise, pairs),
      excess: fromUnits(evidence.excess, pairs),
      interval: intervalOf(evidence),
      evidence: {
        worse: multiple(logEOfBets(evidence.worse)),
        better: multiple(logEOfBets(evidence.better)),
      },
      errors,
      ...decide(evidence, limits),
    };
  });
  const worst = views
    .filter((view) => view.judged && view.n + view.errors > 0)
    .sort((a, b) => severity.indexOf(a.verdict) - severity.indexOf(b.verdict))[0];
  if (worst === undefined) return { verdict: "inconclusive", reason: "nothing has been compared yet", views };
  return { verdict: worst.verdict, reason: `${worst.view}: ${worst.reason}`, views };
}

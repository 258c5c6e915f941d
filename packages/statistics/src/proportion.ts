import { requireCount, requireCounts, requireFraction } from "./arguments.ts";
import { binomialAtMost } from "./binomial.ts";
import { betaQuantile } from "./incomplete-beta.ts";
import type { Interval } from "./interval.ts";
import { normalQuantile } from "./normal.ts";

/** Passes, failures or events counted in `n` independent trials, and the error rate of each bound. */
export interface ProportionOptions {
  readonly successes: number;
  /** At least 1. */
  readonly n: number;
  /**
   * How often each bound alone may miss.
   * @default 0.05
   */
  readonly alpha?: number;
}

function check({ successes, n, alpha = 0.05 }: ProportionOptions): void {
  requireCounts("successes", successes, n);
  requireFraction("alpha", alpha);
}

/**
 * Wilson's score interval of a proportion: close to its error rate on average, inside [0, 1], never empty.
 *
 * Wilson (1927), JASA 22:209; recommended by Newcombe (1998), Stat. Med. 17:857. Throws `invalid-argument`.
 */
export function wilsonInterval(options: ProportionOptions): Interval {
  check(options);
  const { successes, n, alpha = 0.05 } = options;
  const z = -normalQuantile(alpha);
  const square = z * z;
  const failures = n - successes;
  const centre = successes + square / 2;
  const half = z * Math.sqrt((successes * failures) / n + square / 4);
  return {
    lower: successes === 0 ? 0 : Math.max(0, (centre - half) / (n + square)),
    upper: failures === 0 ? 1 : Math.min(1, (centre + half) / (n + square)),
  };
}

/**
 * The exact interval of a proportion: neither bound misses more often than `alpha`, however small the counts. For rare
 * events the upper bound is the one to hold against a ceiling.
 *
 * Clopper & Pearson (1934), Biometrika 26:404, by quantiles of the beta distribution. Throws `invalid-argument`.
 */
export function exactInterval(options: ProportionOptions): Interval {
  check(options);
  const { successes, n, alpha = 0.05 } = options;
  const failures = n - successes;
  return {
    lower: successes === 0 ? 0 : betaQuantile({ p: alpha, a: successes, b: failures + 1 }),
    upper: failures === 0 ? 1 : betaQuantile({ p: 1 - alpha, a: successes + 1, b: failures }),
  };
}

/**
 * The fewest trials after which `events` events (default 0) still show a rate below `ceiling`: the smallest n whose
 * {@link exactInterval} has its upper bound at or under it. Without an event it is `⌈ln α / ln(1 - ceiling)⌉`, the "rule of
 * three" at 0.05: about 3 / ceiling.
 *
 * Throws `invalid-argument` for a ceiling that does not lie strictly between 0 and 1.
 */
export function casesForCeiling(options: {
  readonly ceiling: number;
  readonly events?: number;
  readonly alpha?: number;
}): number {
  const { ceiling, events = 0, alpha = 0.05 } = options;
  requireFraction("ceiling", ceiling);
  requireCount("events", events);
  requireFraction("alpha", alpha);
  const shows = (n: number): boolean =>
    n > events && binomialAtMost({ successes: events, n, probability: ceiling }) <= alpha;
  let few = events;
  let enough = events + Math.max(1, Math.ceil(Math.log(alpha) / Math.log1p(-ceiling)));
  while (!shows(enough)) [few, enough] = [enough, enough * 2];
  while (enough - few > 1) {
    const middle = few + Math.floor((enough - few) / 2);
    if (shows(middle)) enough = middle;
    else few = middle;
  }
  return enough;
}

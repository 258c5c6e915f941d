import { require, requireCount } from "./arguments.ts";
import { binomialAtMost, binomialPoint } from "./binomial.ts";

/** Four p-values of the same counts. */
export interface McNemar {
  /** Two-sided: the pass rates differ. */
  readonly exact: number;
  /** Two-sided, less conservative: never far above its error rate, though not guaranteed. */
  readonly midP: number;
  /** One-sided: green passes less often. */
  readonly exactWorse: number;
  /** One-sided mid-p. */
  readonly midPWorse: number;
}

/**
 * McNemar's test of paired passes: of the cases on which the two bundles disagree, `gained` passed on green alone and
 * `lost` on blue alone. Exact: if the pass rates are the same, a p-value of at most p comes up at most p of the time.
 *
 * Binomial on the discordant pairs (McNemar 1947, Psychometrika 12:153); mid-p after Fagerland, Lydersen & Laake (2013),
 * BMC Med. Res. Methodol. 13:91. Throws `invalid-argument` for counts that are no counts.
 */
export function mcnemar({ gained, lost }: { readonly gained: number; readonly lost: number }): McNemar {
  requireCount("gained", gained);
  requireCount("lost", lost);
  const n = gained + lost;
  require(Number.isSafeInteger(n), "gained", "and lost must add up to a whole number");
  const half = { n, probability: 0.5 };
  const point = binomialPoint({ ...half, successes: gained });
  const exactWorse = binomialAtMost({ ...half, successes: gained });
  const smaller = binomialAtMost({ ...half, successes: Math.min(gained, lost) });
  return {
    exact: Math.min(1, 2 * smaller),
    midP: gained === lost ? 1 - point / 2 : 2 * smaller - point,
    exactWorse,
    midPWorse: exactWorse - point / 2,
  };
}

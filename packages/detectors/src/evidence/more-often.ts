/** How often something happened in how many runs. */
export interface Rate {
  readonly hits: number;
  readonly n: number;
}

/** Evidence against "it happens on the watched bundle no more often than on the reference, or than is tolerated". */
export type MoreOften = (watched: Rate, reference: Rate) => number;

const step = 1.4;
const mostly = 0.95;

/**
 * Creates `ln E` against "no more often than on blue, or than `tolerated`": the smallest, over every rate that both could share,
 * of the evidence that green lies above it and blue below. Needs nothing of blue: without a run of it, or without a hit in any
 * number of runs, it is the evidence against `tolerated`.
 *
 * Two-sample composite form of Howard & Ramdas (2022), Bernoulli 28:1704, for one threshold; the grid of rates is bracketed, so
 * that a rate between two of them is covered.
 */
export function createMoreOften(tolerated: number): MoreOften {
  const atTolerated = above(tolerated);
  const brackets: (readonly [Mixture, Mixture])[] = [];
  for (let low = tolerated; low < mostly; low *= step)
    brackets.push([above(Math.min(0.98, low * step)), below(low)]);
  return (watched, reference) => {
    let least = atTolerated(watched);
    if (reference.n === 0) return least;
    for (const [green, blue] of brackets) {
      const logE = green(watched) + blue(reference);
      if (logE < least) least = logE;
    }
    return least;
  };
}

type Mixture = (rate: Rate) => number;

/** Odds this many times those of the rate. */
function above(rate: number): Mixture {
  return mixture(
    rate,
    [1.5, 2, 3, 5, 10, 30, 90].map((times) => (times * rate) / (1 + (times - 1) * rate)),
  );
}

function below(rate: number): Mixture {
  return mixture(
    rate,
    [0.75, 0.5, 0.3, 0.1, 0.03].map((times) => times * rate),
  );
}

/** `ln E` of the uniform mixture over alternatives, with what a hit and a miss are worth worked out once. */
function mixture(rate: number, alternatives: readonly number[]): Mixture {
  const hit = alternatives.map((other) => Math.log(other / rate));
  const miss = alternatives.map((other) => Math.log1p(-other) - Math.log1p(-rate));
  return ({ hits, n }) => {
    let most = -Infinity;
    for (let k = 0; k < hit.length; k++)
      most = Math.max(most, hits * (hit[k] ?? 0) + (n - hits) * (miss[k] ?? 0));
    let sum = 0;
    for (let k = 0; k < hit.length; k++)
      sum += Math.exp(hits * (hit[k] ?? 0) + (n - hits) * (miss[k] ?? 0) - most);
    return most + Math.log(sum / hit.length);
  };
}

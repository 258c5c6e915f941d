import { requirePositive, requireProbability } from "./arguments.ts";
import { stirlingError } from "./log-gamma.ts";

/** Where and for which shape the beta distribution is asked. */
export interface BetaPoint {
  readonly x: number;
  readonly a: number;
  readonly b: number;
}

/** `P(X ≤ x)` and `P(X > x)`, each with its own digits: a small one is not the difference of large ones. */
export interface Tails {
  readonly lower: number;
  readonly upper: number;
}

/** `x ln(x / mean) + mean - x` without cancellation near `x = mean`; Loader's `bd0`. */
function deviance(x: number, mean: number): number {
  const ratio = (x - mean) / (x + mean);
  if (Math.abs(ratio) >= 0.1) return x * Math.log(x / mean) + mean - x;
  let sum = (x - mean) * ratio;
  let term = 2 * x * ratio;
  for (let k = 3; k < 1000; k += 2) {
    term *= ratio * ratio;
    const next = sum + term / k;
    if (next === sum) break;
    sum = next;
  }
  return sum;
}

/**
 * The binomial point probability `C(a + b, a) p^a q^b`, `q = 1 - p`, also for fractional `a` and `b` ≥ 0. Loader's
 * saddle-point form: no difference of large logarithms, so it keeps its digits for millions of trials.
 */
export function binomialDensity(a: number, b: number, p: number, q: number): number {
  const n = a + b;
  if (p === 0) return a === 0 ? 1 : 0;
  if (q === 0) return b === 0 ? 1 : 0;
  if (a === 0) return Math.exp(n * (p < 0.1 ? Math.log1p(-p) : Math.log(q)));
  if (b === 0) return Math.exp(n * (q < 0.1 ? Math.log1p(-q) : Math.log(p)));
  const correction = stirlingError(n) - stirlingError(a) - stirlingError(b);
  const exponent = correction - deviance(a, n * p) - deviance(b, n * q);
  return Math.exp(exponent) * Math.sqrt(n / (2 * Math.PI * a * b));
}

/** Lentz's evaluation of the continued fraction, for x below (a + 1) / (a + b + 2), where it converges fast. */
function continuedFraction(x: number, a: number, b: number): number {
  let c = 1;
  let d = 1 / guarded(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  const most = 200 + 20 * Math.sqrt(Math.max(a, b));
  for (let m = 1; m < most; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / guarded(1 + even * d);
    c = guarded(1 + even / c);
    fraction *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / guarded(1 + odd * d);
    c = guarded(1 + odd / c);
    const change = d * c;
    fraction *= change;
    if (Math.abs(change - 1) < 1e-16) break;
  }
  return fraction;
}

function guarded(value: number): number {
  return Math.abs(value) < 1e-300 ? 1e-300 : value;
}

function lowerTail(x: number, y: number, a: number, b: number): number {
  // x^a y^b / (a B(a, b)), through the point probability.
  const front = (binomialDensity(a, b, x, y) * b) / (a + b);
  return front * continuedFraction(x, a, b);
}

/**
 * The regularised incomplete beta function `I_x(a, b)` as both tails of a Beta(a, b), to about 1e-13 relative.
 *
 * Continued fraction (Numerical Recipes §6.4; Abramowitz & Stegun 26.5.8) with Loader's point probability in front.
 * Throws `invalid-argument` for x outside [0, 1] and shapes that are not above 0.
 */
export function betaTails({ x, a, b }: BetaPoint): Tails {
  requireProbability("x", x);
  return tailsAt(x, 1 - x, a, b);
}

/** The same with `y = 1 - x` given, for callers that know it to more digits than the subtraction leaves. */
export function tailsAt(x: number, y: number, a: number, b: number): Tails {
  requirePositive("a", a);
  requirePositive("b", b);
  if (x === 0) return { lower: 0, upper: 1 };
  if (y === 0) return { lower: 1, upper: 0 };
  if (x < (a + 1) / (a + b + 2)) {
    const lower = lowerTail(x, y, a, b);
    return { lower, upper: 1 - lower };
  }
  const upper = lowerTail(y, x, b, a);
  return { lower: 1 - upper, upper };
}

/**
 * The x with `P(X ≤ x) = p` for a Beta(a, b), to about 1e-12 relative, 1e-11 for shapes of a million: Newton's steps on
 * the logarithm of the smaller tail, kept inside a shrinking bracket.
 *
 * Throws `invalid-argument` for p outside [0, 1] and shapes that are not above 0.
 */
export function betaQuantile({
  p,
  a,
  b,
}: {
  readonly p: number;
  readonly a: number;
  readonly b: number;
}): number {
  requireProbability("p", p);
  requirePositive("a", a);
  requirePositive("b", b);
  if (p === 0 || p === 1) return p;
  let [low, high] = [0, 1];
  let x = a / (a + b);
  for (let step = 0; step < 2_000; step++) {
    const { lower, upper } = tailsAt(x, 1 - x, a, b);
    const below = p <= 0.5 ? lower < p : upper > 1 - p;
    if (below) low = x;
    else high = x;
    const density = (binomialDensity(a, b, x, 1 - x) * a * b) / ((a + b) * (1 - x));
    const gap = p <= 0.5 ? Math.log(p / lower) * lower : Math.log(upper / (1 - p)) * upper;
    const newton = x * Math.exp(gap / density);
    // Convergence is quadratic: the step after this one would be below the last digit.
    if (Math.abs(newton - x) <= 1e-10 * x) return Math.min(1, newton);
    x = newton > low && newton < high ? newton : between(low, high);
  }
  return x;
}

/** Halves a bracket in magnitude as long as it spans many, then in size. */
function between(low: number, high: number): number {
  if (low < high / 16) return Math.sqrt(Math.max(low, Number.MIN_VALUE)) * Math.sqrt(high);
  return low + (high - low) / 2;
}

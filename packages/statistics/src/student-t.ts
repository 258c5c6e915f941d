import { require } from "./arguments.ts";
import { tailsAt } from "./incomplete-beta.ts";
import { logGamma } from "./log-gamma.ts";
import { normalCdf, normalQuantile } from "./normal.ts";

/** From here on Student's t and the normal distribution agree to the last digits. */
const normalFrom = 1e15;

function requireDegrees(degreesOfFreedom: number): void {
  require(degreesOfFreedom > 0, "degreesOfFreedom", `must be above 0, got ${degreesOfFreedom}`);
}

/** P(T > |t|), with its own digits. */
function tail(t: number, df: number): number {
  const square = t * t;
  if (square === Infinity) return 0;
  const x = df / (df + square);
  return 0.5 * tailsAt(x, square / (df + square), df / 2, 0.5).lower;
}

/**
 * P(T ≤ t) for Student's t, to about 1e-13 relative in either tail. Degrees of freedom may be fractional or `Infinity`.
 *
 * By the incomplete beta function (Abramowitz & Stegun 26.7.1). Throws `invalid-argument` for NaN and for degrees of
 * freedom that are not above 0.
 */
export function tCdf(t: number, degreesOfFreedom: number): number {
  require(!Number.isNaN(t), "t", "must be a number, got NaN");
  requireDegrees(degreesOfFreedom);
  if (degreesOfFreedom > normalFrom) return normalCdf(t);
  const beyond = tail(t, degreesOfFreedom);
  return t < 0 ? beyond : 1 - beyond;
}

/** `ln` of the density at 0. */
function logPeak(df: number): number {
  return logGamma((df + 1) / 2) - logGamma(df / 2) - 0.5 * Math.log(df * Math.PI);
}

/** Close to the quantile from a few degrees of freedom on: Cornish and Fisher's expansion (Abramowitz & Stegun 26.7.5). */
function expansion(z: number, df: number): number {
  const square = z * z;
  const first = (z * (square + 1)) / 4;
  const second = (z * ((5 * square + 16) * square + 3)) / 96;
  const third = (z * (((3 * square + 19) * square + 17) * square - 15)) / 384;
  return z + (first + (second + third / df) / df) / df;
}

/** t with P(T > t) = p, p < 1/2: Newton's steps on the logarithm of the tail, kept inside a shrinking bracket. */
function upperQuantile(p: number, df: number): number {
  const peak = logPeak(df);
  let low = 0;
  let high = Number.MAX_VALUE;
  const z = -normalQuantile(p);
  let t = df < 5 ? z : expansion(z, df);
  for (let step = 0; step < 1200; step++) {
    const beyond = tail(t, df);
    if (beyond > p) low = t;
    else high = t;
    const density = Math.exp(peak - ((df + 1) / 2) * Math.log1p((t * t) / df));
    // In ln t, where the tail of Student's t is a straight line.
    const newton = t * Math.exp((Math.log(beyond / p) * beyond) / (t * density));
    // Convergence is quadratic: the step after this one would be below the last digit.
    if (Math.abs(newton - t) <= 1e-10 * t) return newton;
    t = newton > low && newton < high ? newton : Math.sqrt(low || t / 16) * Math.sqrt(high);
  }
  return t;
}

/**
 * The t with P(T ≤ t) = `p` for Student's t, to about 1e-12 relative; infinite at 0 and 1. `Infinity` degrees of freedom
 * give the normal quantile.
 *
 * Newton's method on {@link tCdf}. Throws `invalid-argument` outside [0, 1] and for degrees of freedom that are not
 * above 0.
 */
export function tQuantile(p: number, degreesOfFreedom: number): number {
  require(p >= 0 && p <= 1, "p", `must lie between 0 and 1, got ${p}`);
  requireDegrees(degreesOfFreedom);
  if (degreesOfFreedom > normalFrom || p === 0 || p === 1) return normalQuantile(p);
  if (p === 0.5) return 0;
  return p < 0.5 ? -upperQuantile(p, degreesOfFreedom) : upperQuantile(1 - p, degreesOfFreedom);
}

import { require } from "./arguments.ts";

const rootTwoPi = Math.sqrt(2 * Math.PI);

/** Where the series gives way to the continued fraction; both are good to the last digits around it. */
const tailFrom = 3;

/**
 * P(Z ≤ z) for a standard normal Z, to about 1e-14 relative in either tail. `-Infinity` and `Infinity` are allowed.
 *
 * The series of Marsaglia (2004, J. Stat. Software 11:4) near the middle, Laplace's continued fraction of the Mills
 * ratio (Abramowitz & Stegun 26.2.14) in the tails. Throws `invalid-argument` for NaN.
 */
export function normalCdf(z: number): number {
  require(!Number.isNaN(z), "z", "must be a number, got NaN");
  if (z <= -tailFrom) return upperTail(-z);
  if (z >= tailFrom) return 1 - upperTail(z);
  let sum = z;
  let term = z;
  for (let k = 3; Math.abs(term) > Math.abs(sum) * 1e-17 && term !== 0; k += 2) {
    term *= (z * z) / k;
    sum += term;
  }
  return 0.5 + sum * density(z);
}

function density(z: number): number {
  return Math.exp(-0.5 * z * z) / rootTwoPi;
}

function upperTail(z: number): number {
  if (z > 40) return 0;
  let fraction = z;
  // Three times the terms that the last digit needs.
  for (let k = Math.ceil(500 / (z * z)) + 12; k > 0; k--) fraction = z + k / fraction;
  return density(z) / fraction;
}

const centre = {
  over: [
    3.3871328727963665, 133.14166789178438, 1971.5909503065513, 13731.69376550946, 45921.95393154987,
    67265.7709270087, 33430.57558358813, 2509.0809287301227,
  ],
  under: [
    1, 42.31333070160091, 687.1870074920579, 5394.196021424751, 21213.794301586597, 39307.89580009271,
    28729.085735721943, 5226.495278852854,
  ],
};
const near = {
  over: [
    1.4234371107496835, 4.630337846156546, 5.769497221460691, 3.6478483247632045, 1.2704582524523684,
    0.2417807251774506, 0.022723844989269184, 0.0007745450142783414,
  ],
  under: [
    1, 2.053191626637759, 1.6763848301838038, 0.6897673349851, 0.14810397642748008, 0.015198666563616457,
    0.0005475938084995345, 1.0507500716444169e-9,
  ],
};
const far = {
  over: [
    6.657904643501103, 5.463784911164114, 1.7848265399172913, 0.29656057182850487, 0.026532189526576124,
    0.0012426609473880784, 0.000027115555687434876, 2.0103343992922881e-7,
  ],
  under: [
    1, 0.599832206555888, 0.1369298809227358, 0.014875361290850615, 0.0007868691311456133,
    0.000018463183175100548, 1.421511758316446e-7, 2.0442631033899397e-15,
  ],
};

function rational(r: number, { over, under }: typeof centre): number {
  let above = 0;
  let below = 0;
  for (let k = over.length - 1; k >= 0; k--) {
    above = above * r + (over[k] ?? 0);
    below = below * r + (under[k] ?? 0);
  }
  return above / below;
}

/**
 * The z with P(Z ≤ z) = `p`, to about 1e-15 relative; `-Infinity` at 0 and `Infinity` at 1. In the upper tail ask for
 * `-normalQuantile(1 - p)` with the small `1 - p` at hand: it keeps its digits.
 *
 * Algorithm AS 241, PPND16 (Wichura 1988, Applied Statistics 37:477). Throws `invalid-argument` outside [0, 1].
 */
export function normalQuantile(p: number): number {
  require(p >= 0 && p <= 1, "p", `must lie between 0 and 1, got ${p}`);
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) return q * rational(0.180625 - q * q, centre);
  const tail = q < 0 ? p : 1 - p;
  if (tail === 0) return q < 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  const r = Math.sqrt(-Math.log(tail));
  const z = r <= 5 ? rational(r - 1.6, near) : rational(r - 5, far);
  return q < 0 ? -z : z;
}

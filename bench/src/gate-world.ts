import { randomFrom } from "./ids.ts";

/** What a simulated gate is put to. */
export interface Cell {
  readonly cases: number;
  readonly repeats: number;
  /** How many cases a document has: one each (no clusters), four each, or one to thirteen. */
  readonly documents: "single" | "even" | "uneven";
  /** True change of the pass rate. */
  readonly change: number;
}

/** Scores of one simulated run of both bundles: all repeats of the first case, then of the second, … */
export interface Scores {
  readonly blue: Float64Array;
  readonly green: Float64Array;
}

const poolSize = 100_000;
/** Sizes of documents, over and over. */
const sizes: Readonly<Record<Cell["documents"], readonly number[]>> = {
  single: [1],
  even: [4],
  uneven: [1, 1, 2, 2, 3, 4, 6, 13],
};

/** The document of each case, by number. */
export function documentsOf({ cases, documents }: Cell): readonly number[] {
  const cycle = sizes[documents];
  const of: number[] = [];
  for (let document = 0; of.length < cases; document++) {
    const size = Math.min(cycle[document % cycle.length] ?? 1, cases - of.length);
    for (let i = 0; i < size; i++) of.push(document);
  }
  return of;
}

/** How far the cases of one document move together from one run of a bundle to another, on the logit scale. */
const documentNoise = 0.5;

function normalFrom(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Marsaglia & Tsang (2000), for shapes from 1 on. */
function gammaFrom(random: () => number, shape: number): number {
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = normalFrom(random);
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - random()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}

function betaFrom(random: () => number, a: number, b: number): number {
  const x = gammaFrom(random, a);
  return x / (x + gammaFrom(random, b));
}

const logistic = (x: number): number => 1 / (1 + Math.exp(-x));

/**
 * Logits of cases' pass rates: 60 % nearly always pass, 25 % mostly, 15 % are hard. Mean pass rate about 0.835, the
 * mixture that the published operating characteristics of the procedure were simulated with.
 */
function drawPool(random: () => number): readonly number[] {
  return Array.from({ length: poolSize }, () => {
    const kind = random();
    const rate =
      kind < 0.6 ? betaFrom(random, 60, 1.2) : kind < 0.85 ? betaFrom(random, 6, 2) : betaFrom(random, 2, 3);
    const kept = Math.min(0.995, Math.max(0.005, rate));
    return Math.log(kept / (1 - kept));
  });
}

/** Pass rates of the same cases on either bundle, in the order of the pool. */
interface Rates {
  readonly blue: Float64Array;
  readonly green: Float64Array;
}

/** The cases there are. */
export interface World {
  readonly meanPassRate: number;
  /** Fills `into` with one run of both bundles on freshly chosen cases of these {@link documentsOf}. */
  draw(cell: Cell, documents: readonly number[], random: () => number, into: Scores): void;
}

function meanOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Noise that the `size` cases of a document share: those next to each other in the pool. */
function documentNoiseFrom(random: () => number, size: number): Float64Array {
  const noise = new Float64Array(poolSize);
  let shared = 0;
  for (let i = 0; i < poolSize; i++) {
    if (i % size === 0) shared = normalFrom(random) * documentNoise;
    noise[i] = size === 1 ? 0 : shared;
  }
  return noise;
}

/** Green's rates under the common shift of logits that changes the mean by exactly `change`. */
function ratesFor(random: () => number, pool: readonly number[], { documents, change }: Cell): Rates {
  const most = Math.max(...sizes[documents]);
  const [ofBlue, ofGreen] = [documentNoiseFrom(random, most), documentNoiseFrom(random, most)];
  const at = (shift: number, noise: Float64Array): Float64Array =>
    Float64Array.from(pool, (logit, i) => logistic(logit + shift + (noise[i] ?? 0)));
  const blue = at(0, ofBlue);
  const target = meanOf(blue) + change;
  let [low, high] = [-4, 4];
  for (let step = 0; step < 40; step++) {
    const middle = (low + high) / 2;
    if (meanOf(at(middle, ofGreen)) > target) high = middle;
    else low = middle;
  }
  return { blue, green: documents === "single" && change === 0 ? blue : at(low, ofGreen) };
}

/** Uniform in [0, 1), 32 bits a draw; streams of one seed never meet. sfc32 of PractRand, which needs 12 steps to warm up. */
export function randomStream(seed: number, stream: number): () => number {
  let [a, b, c, counter] = [seed | 0, stream | 0, 0x2545f491, 1];
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 4_294_967_296;
  };
  for (let step = 0; step < 12; step++) next();
  return next;
}

interface Repeats {
  readonly into: Float64Array;
  readonly from: number;
  readonly count: number;
}

function run(random: () => number, rate: number, { into, from, count }: Repeats): void {
  for (let k = from; k < from + count; k++) into[k] = random() < rate ? 1 : 0;
}

/** The same world for the same seed; what is drawn of it depends on the `random` of each draw alone. */
export function createWorld(seed: number): World {
  const pool = drawPool(randomFrom(seed));
  const known = new Map<string, Rates>();
  const ratesOf = (cell: Cell): Rates => {
    const key = `${cell.documents} ${cell.change}`;
    const rates = known.get(key) ?? ratesFor(randomFrom(seed + 1), pool, cell);
    known.set(key, rates);
    return rates;
  };
  return {
    meanPassRate: pool.reduce((sum, logit) => sum + logistic(logit), 0) / poolSize,
    draw(cell, documents, random, { blue, green }) {
      const { repeats } = cell;
      const rates = ratesOf(cell);
      const most = Math.max(...sizes[cell.documents]);
      const inPool = Math.floor(poolSize / most);
      let at = 0;
      let document = -1;
      documents.forEach((of, i) => {
        at = of === document ? at + 1 : Math.floor(random() * inPool) * most;
        document = of;
        run(random, rates.blue[at] ?? 0, { into: blue, from: i * repeats, count: repeats });
        run(random, rates.green[at] ?? 0, { into: green, from: i * repeats, count: repeats });
      });
    },
  };
}

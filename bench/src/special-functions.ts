import gammaln from "@stdlib/math-base-special-gammaln";
import stdlibBetaQuantile from "@stdlib/stats-base-dists-beta-quantile";
import stdlibBinomialCdf from "@stdlib/stats-base-dists-binomial-cdf";
import stdlibNormalCdf from "@stdlib/stats-base-dists-normal-cdf";
import stdlibNormalQuantile from "@stdlib/stats-base-dists-normal-quantile";
import stdlibTCdf from "@stdlib/stats-base-dists-t-cdf";
import stdlibTQuantile from "@stdlib/stats-base-dists-t-quantile";
import {
  betaQuantile,
  binomialAtMost,
  logGamma,
  normalCdf,
  normalQuantile,
  tCdf,
  tQuantile,
} from "@verdigris/statistics";
import { randomFrom } from "./ids.ts";
import { keep, measureOperations, ratioOf } from "./measure.ts";
import { type Findings, type Goal, goal, operationRow, type Row } from "./report.ts";

interface Pair {
  readonly name: string;
  readonly ours: (p: number, n: number) => number;
  readonly theirs: (p: number, n: number) => number;
}

/** The same arguments to both: `p` uniform in (0, 1), `n` a whole number from 1 to 400. */
const pairs: readonly Pair[] = [
  { name: "logGamma", ours: (_, n) => logGamma(n + 0.5), theirs: (_, n) => gammaln(n + 0.5) },
  {
    name: "normalCdf",
    ours: (p) => normalCdf(12 * p - 6),
    theirs: (p) => stdlibNormalCdf(12 * p - 6, 0, 1),
  },
  { name: "normalQuantile", ours: (p) => normalQuantile(p), theirs: (p) => stdlibNormalQuantile(p, 0, 1) },
  { name: "tCdf", ours: (p, n) => tCdf(8 * p - 4, n), theirs: (p, n) => stdlibTCdf(8 * p - 4, n) },
  { name: "tQuantile", ours: (p, n) => tQuantile(p, n), theirs: (p, n) => stdlibTQuantile(p, n) },
  {
    name: "betaQuantile",
    ours: (p, n) => betaQuantile({ p, a: 1 + n / 4, b: 1 + n }),
    theirs: (p, n) => stdlibBetaQuantile(p, 1 + n / 4, 1 + n),
  },
  {
    name: "binomialAtMost",
    ours: (p, n) => binomialAtMost({ successes: Math.floor(n / 3), n, probability: p }),
    theirs: (p, n) => stdlibBinomialCdf(Math.floor(n / 3), n, p),
  },
];

const seed = 20_260;

/** Our special functions beside @stdlib's on the same arguments: time ratio, and the largest relative difference. */
export async function specialFunctions(): Promise<Findings> {
  const random = randomFrom(seed);
  const points = Array.from({ length: 4_096 }, () => ({ p: random(), n: 1 + Math.floor(random() * 400) }));
  const ring = (f: Pair["ours"]): (() => void) => {
    let at = 0;
    return () => {
      at = (at + 1) & 4_095;
      const { p, n } = points[at] ?? { p: 0.5, n: 1 };
      keep(f(p, n));
    };
  };
  const rows: Row[] = [];
  const goals: Goal[] = [];
  for (const { name, ours, theirs } of pairs) {
    const peer = `@stdlib ${name}`;
    const results = await measureOperations(
      [
        { name, run: ring(ours) },
        { name: peer, run: ring(theirs) },
      ],
      { rounds: 5, roundMs: 60 },
    );
    const [mine, other] = [results.get(name), results.get(peer)];
    if (mine === undefined || other === undefined) throw new Error(`${name} was not measured`);
    const ratio = ratioOf(mine.nanoseconds, other.nanoseconds);
    rows.push(operationRow("beside @stdlib", name, mine, { ratio, ratioTo: "@stdlib" }));
    rows.push(operationRow("beside @stdlib", peer, other));
    let largest = 0;
    for (const { p, n } of points) {
      const [x, y] = [ours(p, n), theirs(p, n)];
      largest = Math.max(largest, Math.abs(x - y) / Math.max(Math.abs(y), 1e-12));
    }
    goals.push(
      goal(`${name}: largest relative difference from @stdlib (1e-12)`, largest * 1e12, "lower", 1_000),
    );
  }
  return { rows, goals };
}

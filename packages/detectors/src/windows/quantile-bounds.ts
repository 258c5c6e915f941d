import { wilsonInterval } from "@verdigris/statistics";
import { countOf, type Histogram } from "./histogram.ts";

/** Beyond all values: where there are too few to tell. */
const beyond = 1_990;

/** Buckets between which a quantile lies, each bound missing with chance `miss` at most. */
export function quantileBounds(
  histogram: Histogram,
  q: number,
  miss: number,
): { readonly low: number; readonly high: number } | null {
  const n = countOf(histogram);
  if (n === 0) return null;
  const above = wilsonInterval({ successes: Math.round((1 - q) * n), n, alpha: miss });
  const buckets = [...histogram].sort(([a], [b]) => b - a);
  const bucketLeaving = (share: number): number => {
    const most = Math.floor(share * n);
    let seen = 0;
    for (const [bucket, count] of buckets) {
      seen += count;
      if (seen > most) return bucket;
    }
    return buckets.at(-1)?.[0] ?? 0;
  };
  const high = Math.floor(above.lower * n) === 0 ? beyond : bucketLeaving(above.lower);
  return { low: bucketLeaving(above.upper), high };
}

import { wilsonInterval } from "@verdigris/statistics";
import type { Tally } from "./tally.ts";

/** Beyond all values: where there are too few to tell. */
const beyond = 1_990;

/** Buckets between which a quantile lies, each bound missing with chance `miss` at most; null without a value. */
export function quantileBounds(
  tally: Tally,
  q: number,
  miss: number,
): { readonly low: number; readonly high: number } | null {
  const { n } = tally;
  if (n === 0) return null;
  const above = wilsonInterval({ successes: Math.round((1 - q) * n), n, alpha: miss });
  const most = Math.floor(above.lower * n);
  const low = tally.leaving(Math.floor(above.upper * n));
  const high = most === 0 ? beyond : tally.leaving(most);
  return low === null || high === null ? null : { low, high };
}

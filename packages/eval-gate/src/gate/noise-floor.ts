import { normalQuantile } from "@verdigris/statistics";
import type { NoiseFloor } from "../evidence/findings.ts";
import { differencesOf, isRepeated, type MetricScores, metricScores } from "./comparison.ts";
import { discordant, estimateMean, type Frame } from "./estimate.ts";

/** What tells how far the baseline lies from itself. */
export interface NoiseFacts {
  readonly blue: MetricScores;
  /** Of a second run of the baseline; null when there was none. */
  readonly again: MetricScores | null;
  readonly frame: Frame;
}

/**
 * How far an identical bundle lies from the baseline in nine comparisons of ten: from a second run, else from one half of
 * the repeats against the other. Halves of one run share the hour and whatever else did not change while it lasted.
 */
export function noiseFloor({ blue, again, frame }: NoiseFacts): NoiseFloor | null {
  if (again !== null) return { source: "measured", ...compare(again, blue, { frame, share: 1 }) };
  if (!isRepeated(blue)) return null;
  const [even, odd] = [halfOf(blue, 0), halfOf(blue, 1)];
  // A mean of h repeats varies K/h times as much as one of K.
  const share = even.scores.length / blue.scores.length;
  return { source: "split-half", ...compare(even, odd, { frame, share }) };
}

function compare(
  one: MetricScores,
  other: MetricScores,
  { frame, share }: { readonly frame: Frame; readonly share: number },
): Omit<NoiseFloor, "source"> {
  const values = differencesOf(one, other);
  const estimate = estimateMean(values, frame);
  const { gained, lost } = discordant(values);
  const expected = -normalQuantile(0.05) * estimate.standardError * Math.sqrt(share);
  return { difference: estimate.mean, expected, disagree: gained + lost };
}

/** Every second repeat of each case, beginning with the first or the second, so that neither half is the later one. */
function halfOf({ scores, starts }: MetricScores, first: 0 | 1): MetricScores {
  const n = starts.length - 1;
  const half = new Int32Array(n + 1);
  for (let at = 0; at < n; at++) {
    half[at + 1] = (half[at] ?? 0) + (((starts[at + 1] ?? 0) - (starts[at] ?? 0)) >> 1);
  }
  const chosen = new Float64Array(half[n] ?? 0);
  for (let at = 0; at < n; at++) {
    const from = (starts[at] ?? 0) + first;
    const to = half[at] ?? 0;
    const count = (half[at + 1] ?? 0) - to;
    for (let k = 0; k < count; k++) chosen[to + k] = scores[from + 2 * k] ?? 0;
  }
  return metricScores(chosen, half);
}

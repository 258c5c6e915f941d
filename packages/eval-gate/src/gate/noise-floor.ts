import { normalQuantile } from "@verdigris/statistics";
import type { NoiseFloor } from "../evidence/findings.ts";
import { differencesOf, isRepeated, type MetricScores } from "./comparison.ts";
import { discordant, estimateMean, type Frame } from "./estimate.ts";

/** What tells how far the baseline lies from itself. */
export interface NoiseFacts {
  readonly blue: MetricScores;
  /** Of a second run of the baseline; null when there was none. */
  readonly again: MetricScores | null;
  readonly frame: Frame;
}

/** How far an identical bundle lies from the baseline in nine comparisons of ten. */
export function noiseFloor({ blue, again, frame }: NoiseFacts): NoiseFloor | null {
  const z = -normalQuantile(0.05);
  if (again !== null) {
    const values = differencesOf(again, blue);
    const estimate = estimateMean(values, frame);
    const { gained, lost } = discordant(values);
    const expected = z * estimate.standardError;
    return { source: "measured", difference: estimate.mean, expected, disagree: gained + lost };
  }
  if (!isRepeated(blue)) return null;
  const { scores, starts, means } = blue;
  const n = means.length;
  let sum = 0;
  for (let at = 0; at < n; at++) {
    const from = starts[at] ?? 0;
    const to = starts[at + 1] ?? 0;
    const centre = means[at] ?? 0;
    let squares = 0;
    for (let i = from; i < to; i++) squares += ((scores[i] ?? 0) - centre) ** 2;
    // Two runs of K repeats each: twice the variance of a mean of K.
    sum += (2 * squares) / (to - from - 1) / (to - from);
  }
  const expected = z * Math.sqrt(sum / n / n);
  return { source: "estimated", difference: null, expected, disagree: null };
}

import type { MeanEstimate } from "@verdigris/statistics";
import type { SliceFinding } from "../evidence/findings.ts";
import { differencesOf, isBinary, type MetricScores, pickNumbers } from "./comparison.ts";
import { type Frame, meanOf, plainFrame, pWorse, sampleOf } from "./estimate.ts";

/** A screened slice before Holm. */
export type DraftSlice = Omit<SliceFinding, "adjustedP" | "worse">;

/** One slice with enough cases to be looked at. */
export interface ScreenedSlice {
  readonly slice: string;
  /** Positions of its cases. */
  readonly kept: readonly number[];
  readonly frame: Frame;
}

/** With fewer cases a slice says nothing. */
export const fewestSliceCases = 5;

/**
 * Looks at every slice for a loss of at least `drop`: a screen, since non-inferiority of every slice
 * could never be confirmed. The effect shown is shrunk towards the overall one, `D + t² / (t² + SE²) (D_h - D)` with
 * `t² = max(0, var(D_h) - mean SE²)` (DerSimonian & Laird 1986, in its unweighted form).
 */
export function screenSlices(
  arms: { readonly green: MetricScores; readonly blue: MetricScores },
  metric: string,
  slices: readonly ScreenedSlice[],
  drop: number,
): readonly DraftSlice[] {
  const { green, blue } = arms;
  const differences = differencesOf(green, blue);
  const binary = isBinary(green) && isBinary(blue);
  const overall = meanOf(differences, plainFrame);
  const found = slices.map(({ slice, kept, frame }) => {
    const sample = sampleOf(pickNumbers(differences, kept), frame, binary);
    const { estimate } = sample;
    const p = estimate.mean > -drop + 1e-12 ? 1 : pWorse(sample);
    const candidate = meanOf(pickNumbers(green.means, kept), plainFrame);
    const baseline = meanOf(pickNumbers(blue.means, kept), plainFrame);
    return { slice, n: kept.length, candidate, baseline, estimate, p };
  });
  const between = spreadBetween(found.map(({ estimate }) => estimate));
  return found.map(({ estimate, ...slice }) => {
    const noise = estimate.standardError ** 2;
    const share = between === 0 ? 0 : between / (between + noise);
    const shrunk = overall + share * (estimate.mean - overall);
    return { ...slice, metric, difference: estimate.mean, shrunk };
  });
}

function spreadBetween(estimates: readonly MeanEstimate[]): number {
  const count = estimates.length;
  if (count < 2) return 0;
  const centre = estimates.reduce((sum, { mean }) => sum + mean / count, 0);
  const variance = estimates.reduce((sum, { mean }) => sum + (mean - centre) ** 2, 0) / (count - 1);
  const noise = estimates.reduce((sum, { standardError }) => sum + standardError ** 2 / count, 0);
  return Math.max(0, variance - noise);
}

import type { SliceFinding } from "../evidence/findings.ts";
import { type ComparedMetric, differencesOf, isBinary } from "./compare-metric.ts";
import { type Comparison, pick, scoresOf, selectCases } from "./comparison.ts";
import { clustersOf, estimateMean, pWorse } from "./estimate.ts";

/** A screened slice before Holm. */
export type DraftSlice = Omit<SliceFinding, "adjustedP" | "worse">;

const fewestCases = 5;

/**
 * Looks at every slice with at least 5 cases for a loss of at least `drop`: a screen, since non-inferiority of every slice
 * could never be confirmed. The effect shown is shrunk towards the overall one, `D + t² / (t² + SE²) (D_h - D)` with
 * `t² = max(0, var(D_h) - mean SE²)` (DerSimonian & Laird 1986, in its unweighted form).
 */
export function screenSlices(
  comparison: Comparison,
  metric: ComparedMetric,
  positions: ReadonlyMap<string, readonly number[]>,
  drop: number,
): readonly DraftSlice[] {
  const { baseline } = comparison;
  if (baseline === null || positions.size < 2) return [];
  const green = scoresOf(comparison.candidate, metric.metric);
  const blue = scoresOf(baseline, metric.metric);
  const differences = differencesOf(green, blue);
  const binary = isBinary(green) && isBinary(blue);
  const overall = estimateMean(differences, { clusters: undefined, strata: null }).mean;
  const found = [...positions]
    .filter(([, kept]) => kept.length >= fewestCases)
    .map(([slice, kept]) => {
      const values = pick(differences, kept);
      const frame = { clusters: clustersOf(selectCases(comparison, kept).cases), strata: null };
      const estimate = estimateMean(values, frame);
      const p = estimate.mean > -drop + 1e-12 ? 1 : pWorse({ values, frame, binary });
      const plain = { clusters: undefined, strata: null };
      const candidate = estimateMean(pick(green.means, kept), plain).mean;
      const before = estimateMean(pick(blue.means, kept), plain).mean;
      return { slice, n: kept.length, candidate, baseline: before, estimate, p };
    });
  const between = spreadBetween(found.map(({ estimate }) => estimate));
  return found.map(({ estimate, ...slice }) => {
    const noise = estimate.standardError ** 2;
    const share = between === 0 ? 0 : between / (between + noise);
    const shrunk = overall + share * (estimate.mean - overall);
    return { ...slice, metric: metric.metric, difference: estimate.mean, shrunk };
  });
}

function spreadBetween(
  estimates: readonly { readonly mean: number; readonly standardError: number }[],
): number {
  const count = estimates.length;
  if (count < 2) return 0;
  const centre = estimates.reduce((sum, { mean }) => sum + mean / count, 0);
  const variance = estimates.reduce((sum, { mean }) => sum + (mean - centre) ** 2, 0) / (count - 1);
  const noise = estimates.reduce((sum, { standardError }) => sum + standardError ** 2 / count, 0);
  return Math.max(0, variance - noise);
}

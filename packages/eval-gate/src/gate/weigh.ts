import type { GateNote, GateReason } from "../evidence/evidence.ts";
import type { GatePolicy } from "../policy/policy.ts";
import type { CoverageReport, ProductionSlices } from "../production/coverage-report.ts";
import { measureCoverage } from "../production/measure-coverage.ts";
import type { ComparedCase } from "./comparison.ts";
import type { Strata } from "./estimate.ts";
import { note, reason } from "./remarks.ts";

/** What coverage means for this gate. */
export interface Weighing {
  readonly coverage: CoverageReport | null;
  /** Weights of production where the set is not in proportion; null where every case counts the same. */
  readonly strata: Strata | null;
  readonly reasons: readonly GateReason[];
  readonly notes: readonly GateNote[];
}

/** Measures coverage and decides whether the metrics are weighted to production. */
export function weighCases(
  cases: readonly ComparedCase[],
  production: ProductionSlices | undefined,
  policy: GatePolicy,
): Weighing {
  const coverage =
    production === undefined ? null : measureCoverage({ cases, production, policy: policy.coverage });
  if (coverage === null || coverage.state === "unknown") {
    const text =
      coverage?.text ?? "no production counts were given, so nobody looked whether the set covers production";
    if (!policy.coverage.required) {
      return { coverage, strata: null, reasons: [], notes: [note("coverage-unknown", text)] };
    }
    return { coverage, strata: null, reasons: [reason("coverage-unknown", text)], notes: [] };
  }
  if (coverage.state === "ok") return { coverage, strata: null, reasons: [], notes: [] };
  const advice = coverage.slices.flatMap(({ text }) => (text === "" ? [] : [text])).slice(0, 5);
  const text = [coverage.text, ...advice].join("; ");
  const weighable = coverage.uncovered <= policy.coverage.maxUncovered;
  if (coverage.state === "fail" && !(policy.coverage.onFail === "post-stratify" && weighable)) {
    const offer = weighable
      ? `; or accept a post-stratified gate with effective size ${Math.round(coverage.effectiveSize)}`
      : "";
    return { coverage, strata: null, reasons: [reason("coverage-failed", `${text}${offer}`)], notes: [] };
  }
  const weighted = `scores are weighted to production; the ${cases.length} cases are worth ${Math.round(coverage.effectiveSize)}`;
  return {
    coverage,
    strata: strataOf(cases, coverage, policy.coverage.minCases),
    reasons: [],
    notes: [note("coverage-warns", text), note("post-stratified", weighted)],
  };
}

/** Slices with too few cases to know their spread share one stratum; production without any case cannot be weighed in. */
function strataOf(cases: readonly ComparedCase[], coverage: CoverageReport, minCases: number): Strata {
  const small = new Set(coverage.slices.filter((slice) => slice.cases < minCases).map(({ slice }) => slice));
  const labelOf = ({ slice }: { readonly slice: string }): string => (small.has(slice) ? "" : slice);
  const shares = new Map<string, number>();
  for (const slice of coverage.slices) {
    if (slice.cases === 0) continue;
    shares.set(labelOf(slice), (shares.get(labelOf(slice)) ?? 0) + slice.productionShare);
  }
  const total = [...shares.values()].reduce((sum, share) => sum + share, 0);
  const index = new Map([...shares.keys()].map((label, at) => [label, at]));
  return {
    of: cases.map((entry) => index.get(labelOf(entry)) ?? 0),
    shares: [...shares.values()].map((share) => share / total),
  };
}

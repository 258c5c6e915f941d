import type { EvalSet } from "../eval-set/eval-set.ts";
import type { GateReason } from "../evidence/evidence.ts";
import type { MustPassFinding } from "../evidence/findings.ts";
import type { GatePolicy } from "../policy/policy.ts";
import type { EvalResults } from "../results/results.ts";
import { countCases, reason } from "./remarks.ts";

/** Every repeat of every case that must pass, on each pass-rate metric: a check, not an estimate. */
export function checkMustPass(
  set: EvalSet,
  candidate: EvalResults,
  policy: GatePolicy,
): { readonly finding: MustPassFinding; readonly reasons: readonly GateReason[] } {
  const cases = set.cases.filter(({ id, mustPass }) => mustPass && candidate.cases.has(id));
  const metrics = policy.metrics.filter((metric) => metric.kind === "pass-rate");
  if (cases.length === 0) return { finding: { checked: 0, failed: [] }, reasons: [] };
  if (metrics.length === 0) {
    const text = `${countCases(cases.map(({ id }) => id))} must pass, and the policy has no pass-rate metric to say what that is`;
    return { finding: { checked: 0, failed: [] }, reasons: [reason("must-pass-unchecked", text)] };
  }
  const failed: MustPassFinding["failed"][number][] = [];
  const unmeasured: string[] = [];
  for (const { id } of cases) {
    const repeats = candidate.cases.get(id)?.repeats ?? [];
    for (const { metric, passAt = 1 } of metrics) {
      const scores = repeats.map(({ scores: all }) => all[metric]);
      const measured = scores.filter((score) => typeof score === "number");
      if (measured.length === 0 || measured.length < scores.length) unmeasured.push(id);
      const worst = Math.min(1, ...measured);
      if (worst < passAt) failed.push({ case: id, metric, worst });
    }
  }
  const reasons: GateReason[] = [];
  if (failed.length > 0) {
    const ids = [...new Set(failed.map(({ case: id }) => id))];
    reasons.push(
      reason("must-pass-failed", `${countCases(ids)} must pass in every repeat and did not`, { cases: ids }),
    );
  }
  if (unmeasured.length > 0) {
    const ids = [...new Set(unmeasured)];
    reasons.push(
      reason("must-pass-unchecked", `${countCases(ids)} must pass and could not be measured`, { cases: ids }),
    );
  }
  return { finding: { checked: cases.length, failed }, reasons };
}

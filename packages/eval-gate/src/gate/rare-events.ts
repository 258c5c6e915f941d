import { casesForCeiling, exactInterval } from "@verdigris/statistics";
import type { RareEventFinding } from "../evidence/findings.ts";
import type { RareEventMetric } from "../policy/policy.ts";
import type { ComparedCase, MetricScores } from "./comparison.ts";

const keptCases = 100;

/**
 * Holds the exact one-sided upper bound of the event rate (Clopper & Pearson 1934) against the ceiling. A cluster counts
 * once, with an event if any repeat of any of its cases had one: repeats and clusters are not independent trials, and this
 * errs to the safe side.
 */
export function boundRareEvents(
  metric: RareEventMetric,
  cases: readonly ComparedCase[],
  { scores, starts }: MetricScores,
  alpha: number,
): RareEventFinding {
  const okAt = metric.okAt ?? 1;
  const groups = new Map<string, boolean>();
  const found: string[] = [];
  for (const [at, { id, cluster }] of cases.entries()) {
    const event = scores.subarray(starts[at], starts[at + 1]).some((score) => score < okAt);
    if (event) found.push(id);
    const group = cluster === undefined ? `case ${id}` : `cluster ${cluster}`;
    groups.set(group, groups.get(group) === true || event);
  }
  const n = groups.size;
  const events = [...groups.values()].filter(Boolean).length;
  const { lower, upper } = exactInterval({ successes: events, n, alpha });
  const { ceiling } = metric;
  const verdict = upper <= ceiling ? "pass" : lower > ceiling ? "fail" : "inconclusive";
  const needed = casesForCeiling({ ceiling, events, alpha });
  const seen = `${metric.metric}: ${events} of ${n} with an event, upper bound ${percent(upper)}, ceiling ${percent(ceiling)}`;
  const advice = verdict === "inconclusive" ? `; ${needed} cases with no more events would confirm it` : "";
  return {
    metric: metric.metric,
    verdict,
    text: `${seen}${advice}`,
    events,
    n,
    ceiling,
    lower,
    upper,
    casesNeeded: needed,
    cases: { count: found.length, cases: found.slice(0, keptCases) },
  };
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}

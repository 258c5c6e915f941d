import type { JsonIssue, ReleasePlan } from "@verdigris/contracts";
import { durationText } from "./duration.ts";
import { type ReleasePlanInput, recycleOf } from "./plan-input.ts";

/** What is wrong with a part of a plan beside another, or null. */
type Rule = (plan: ReleasePlan, input: ReleasePlanInput) => string | null;

const dayMs = 86_400_000;

function longestStepMs(plan: ReleasePlan): number {
  return Math.max(0, ...plan.canary.steps.map(({ forMs }) => forMs));
}

function isUsualQuarantine({ quarantineMs }: ReleasePlan): boolean {
  return quarantineMs >= dayMs && quarantineMs <= 3 * dayMs;
}

/** Nothing would have to be clear: a canary would pass without data. */
function watchesNothing(plan: ReleasePlan): boolean {
  return plan.withoutSignals === null && !Object.values(plan.signals).some(({ mustClear }) => mustClear);
}

const rules: readonly (readonly [path: string, rule: Rule])[] = [
  [
    "recycle",
    (_, { recycle }) => (recycleOf(recycle) === null ? 'must be a duration, "immediately" or "never"' : null),
  ],
  [
    "canary",
    ({ rollout }, { canary }) =>
      rollout === "blue-green" && canary !== undefined
        ? 'belongs to a rollout with a canary: this one is "blue-green"'
        : null,
  ],
  [
    "canary.steps",
    ({ canary: { steps } }) =>
      steps.some(({ percent }, i) => percent <= (steps[i - 1]?.percent ?? 0))
        ? "must ascend: a key never goes back to blue while a share grows"
        : null,
  ],
  [
    "canary.timeout",
    (plan) =>
      longestStepMs(plan) >= plan.canary.timeoutMs
        ? `is ${durationText(plan.canary.timeoutMs)}, and a step alone takes ${durationText(longestStepMs(plan))}`
        : null,
  ],
  [
    "approval.before",
    ({ rollout, approval }) =>
      rollout === "blue-green" && approval.before.includes("canary")
        ? "names a canary, and this rollout has none"
        : null,
  ],
  [
    "quarantine.recheck",
    ({ recheckMs, quarantineMs }) =>
      recheckMs > quarantineMs ? `is ${durationText(recheckMs)}, longer than the quarantine itself` : null,
  ],
  [
    "quarantine.for",
    (plan, { quarantine }) =>
      !isUsualQuarantine(plan) && quarantine?.outsideBecause === undefined
        ? "is outside of 24h to 72h: give outsideBecause, or take one inside"
        : null,
  ],
  [
    "quarantine.outsideBecause",
    (plan, { quarantine }) =>
      isUsualQuarantine(plan) && quarantine?.outsideBecause !== undefined
        ? "is given, and the quarantine is inside of 24h to 72h"
        : null,
  ],
  [
    "signals",
    ({ rollout, ...plan }) =>
      watchesNothing({ rollout, ...plan }) &&
      (rollout !== "blue-green" || Object.keys(plan.signals).length === 0)
        ? "has none that must be clear, so no data would pass: set mustClear on one, or say { without: a reason }"
        : null,
  ],
  ["signals", ({ signals }) => (Object.keys(signals).length > 32 ? "names more than 32" : null)],
  [
    "drillWithin",
    ({ drillWithinMs, canary: { steps } }) => {
      const canaryMs = steps.reduce((sum, { forMs }) => sum + forMs, 0);
      return drillWithinMs !== null && drillWithinMs <= canaryMs
        ? `is ${durationText(drillWithinMs)}, and asked again before the switch: the canary before it takes ${durationText(canaryMs)}`
        : null;
    },
  ],
  [
    "holdbackPercent",
    ({ holdbackPercent, strategy }) =>
      holdbackPercent > 0 && strategy === "drain"
        ? "keeps runs coming to blue, which the strategy drain waits to be rid of"
        : null,
  ],
  [
    "holdbackPercent",
    ({ holdbackPercent }) =>
      holdbackPercent > 50 ? "is more than half: that is no holdback but a canary" : null,
  ],
];

/** What cannot be meant together in a plan, each with its place. */
export function contradictions(input: ReleasePlanInput, plan: ReleasePlan): readonly JsonIssue[] {
  return rules.flatMap(([path, rule]) => {
    const problem = rule(plan, input);
    return problem === null ? [] : [{ path, problem }];
  });
}

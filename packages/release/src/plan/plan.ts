import {
  type CanaryStep,
  type GatePlan,
  type ReleasePlan,
  type SignalPlan,
  VerdigrisError,
} from "@verdigris/contracts";
import { contradictions } from "./contradictions.ts";
import { durationMs } from "./duration.ts";
import { type GateInput, type ReleasePlanInput, recycleOf, type SignalInput } from "./plan-input.ts";
import { shapeIssues } from "./plan-schema.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** The names of the published rules. Not every host scores its runs or reads its tools again: those two count once seen. */
const usualSignals: ReleasePlan["signals"] = {
  "hard-errors": { on: "rollback", mustClear: true, expected: true },
  "pass-rate-floor": { on: "rollback", mustClear: true, expected: false },
  "latency-regression": { on: "hold", mustClear: false, expected: true },
  "cost-regression": { on: "hold", mustClear: false, expected: true },
  "tool-drift": { on: "hold", mustClear: false, expected: false },
};

/** The steps of a rollout whose plan names none. */
export const usualSteps: Readonly<Record<Exclude<ReleasePlan["rollout"], "advised">, readonly CanaryStep[]>> =
  {
    "blue-green": [],
    canary: [5, 25, 50].map((percent) => ({ percent, forMs: hourMs })),
    "canary-then-blue-green": [{ percent: 5, forMs: hourMs }],
  };

function gateOf(input: GateInput | undefined): GatePlan {
  if (input !== undefined && "without" in input) return { timeoutMs: dayMs, without: input.without };
  return { timeoutMs: durationMs(input?.timeout) ?? dayMs, without: null };
}

function signalOf(input: SignalInput): SignalPlan {
  const { on, mustClear = on === "rollback" } = typeof input === "string" ? { on: input } : input;
  return { on, mustClear, expected: true };
}

function isWithout(signals: ReleasePlanInput["signals"]): signals is { readonly without: string } {
  const value = (signals as { readonly without?: unknown } | undefined)?.without;
  return typeof value === "string" && !["rollback", "hold", "notify"].includes(value);
}

function signalsOf(input: ReleasePlanInput["signals"]): Pick<ReleasePlan, "signals" | "withoutSignals"> {
  if (isWithout(input)) return { signals: {}, withoutSignals: input.without };
  if (input === undefined) return { signals: usualSignals, withoutSignals: null };
  const named = Object.entries(input).map(([name, how]) => [name, signalOf(how)] as const);
  return { signals: Object.fromEntries(named), withoutSignals: null };
}

function gatesOf({ gates = {} }: ReleasePlanInput): ReleasePlan["gates"] {
  const { built, smoke, evals, shadow } = gates;
  return { built: gateOf(built), smoke: gateOf(smoke), evals: gateOf(evals), shadow: gateOf(shadow) };
}

function approvalOf({ approval }: ReleasePlanInput): ReleasePlan["approval"] {
  const { before = [], anotherPerson = false, timeout } = approval ?? {};
  return { before, anotherPerson, timeoutMs: durationMs(timeout) ?? dayMs };
}

function complete(input: ReleasePlanInput): ReleasePlan {
  const { canary = {}, quarantine = {}, hooks } = input;
  const steps = (canary.steps ?? []).map((step) => ({
    percent: step.percent,
    forMs: durationMs(step.for) ?? 0,
  }));
  return {
    v: 1,
    rollout: input.rollout ?? "blue-green",
    gates: gatesOf(input),
    canary: { steps, timeoutMs: durationMs(canary.timeout) ?? dayMs },
    approval: approvalOf(input),
    ...signalsOf(input.signals),
    strategy: input.strategy ?? null,
    onRollback: input.onRollback ?? null,
    holdbackPercent: input.holdbackPercent ?? 0,
    quarantineMs: durationMs(quarantine.for) ?? 2 * dayMs,
    recheckMs: durationMs(quarantine.recheck) ?? Math.min(hourMs, durationMs(quarantine.for) ?? hourMs),
    recycleAfter: recycleOf(input.recycle) ?? "immediately",
    rollbackSafe: input.rollbackSafe ?? true,
    memory: input.memory ?? false,
    drillWithinMs: durationMs(input.drillWithin),
    hooks: hooks?.around ?? [],
    hookTimeoutMs: durationMs(hooks?.timeout) ?? 30_000,
  };
}

function freeze<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  for (const member of Object.values(value)) freeze(member);
  return Object.freeze(value);
}

/**
 * Checks a plan and fills it in: deeply frozen, every duration in milliseconds. A plan is data, so it can be a file.
 *
 * Throws `plan-invalid` with every problem in `details.issues`: unknown names, what is no duration, and what contradicts
 * itself (a step longer than its timeout, a canary in a blue-green rollout, a recheck longer than the quarantine).
 */
export function defineReleasePlan(input: ReleasePlanInput = {}): ReleasePlan {
  const shape = shapeIssues(input);
  const plan = shape.length > 0 ? null : complete(input);
  const issues = plan === null ? shape : contradictions(input, plan);
  if (plan !== null && issues.length === 0) return freeze(plan);
  const [first] = issues;
  const count = issues.length === 1 ? "one problem" : `${issues.length} problems, first`;
  throw new VerdigrisError(
    "plan-invalid",
    `the plan has ${count}: ${`${first?.path ?? ""} ${first?.problem ?? ""}`.trim()}; correct what details.issues lists`,
    { issues },
  );
}

import { adviseRollout, diffBundles } from "@verdigris/bundle";
import {
  type Actor,
  type Bundle,
  type BundleId,
  type BundleRef,
  type ReleasePlan,
  type ReleaseRecord,
  recordVersion,
  type SkippedGate,
} from "@verdigris/contracts";
import { usualSteps } from "../plan/plan.ts";

/** What a start asks for. */
export interface StartRequest {
  readonly id: string;
  readonly bundle: BundleId;
  readonly plan: ReleasePlan;
  readonly reason: string;
  readonly actor: Actor;
  /** Takes over from a release that is not through, its bundle unproven. */
  readonly supersede: boolean;
  /** Why a release in quarantine may be settled though its signals are still `watching`. */
  readonly handOver: string | null;
  /** Goes on though there is no healthy bundle to go back to. */
  readonly emergency: boolean;
}

function settledPlan(
  plan: ReleasePlan,
  bundle: Bundle,
  baseline: Bundle | null,
): Pick<ReleaseRecord, "plan" | "advice"> {
  const advice =
    plan.rollout === "advised" && baseline !== null ? adviseRollout(diffBundles(baseline, bundle)) : null;
  const advised = advice === null || advice.rollout === "none" ? "blue-green" : advice.rollout;
  const rollout = plan.rollout === "advised" ? advised : plan.rollout;
  const own = rollout === "blue-green" ? [] : plan.canary.steps;
  const steps = own.length > 0 ? own : usualSteps[rollout];
  const text =
    advice?.text ?? (plan.rollout === "advised" ? "blue-green: there is no bundle to compare with" : null);
  return {
    plan: { ...plan, rollout, canary: { ...plan.canary, steps } },
    advice: text?.slice(0, 4_000) ?? null,
  };
}

function refOf({ id, digest }: BundleRef): BundleRef {
  return { id, digest };
}

function passedOver(
  request: StartRequest,
  plan: ReleasePlan,
  baseline: Bundle | null,
  at: number,
): SkippedGate[] {
  const { actor, reason } = request;
  const byPlan = (["smoke", "evals", "shadow"] as const).flatMap((gate): SkippedGate[] => {
    const { without } = plan.gates[gate];
    return without === null ? [] : [{ gate, by: { kind: "policy", id: "plan" }, reason: without, at }];
  });
  const first: SkippedGate[] =
    baseline === null && plan.gates.shadow.without === null
      ? [
          {
            gate: "shadow",
            by: { kind: "policy", id: "first-release" },
            reason: "the first bundle has no baseline: floors and smoke only",
            at,
          },
        ]
      : [];
  const back: SkippedGate[] = request.emergency ? [{ gate: "way-back", by: actor, reason, at }] : [];
  return [...byPlan, ...first, ...back];
}

/** What a release begins with. Pure: the plan's `advised` is settled, and what the plan leaves out is on record. */
export function newRelease(facts: {
  readonly agent: string;
  readonly request: StartRequest;
  readonly at: number;
  readonly takesOver: ReleaseRecord["takesOver"];
  readonly bundle: Bundle;
  readonly baseline: Bundle | null;
  readonly generation: number;
}): ReleaseRecord {
  const { agent, request, at, takesOver, bundle, baseline, generation } = facts;
  const { plan, advice } = settledPlan(request.plan, bundle, baseline);
  const { id, actor: startedBy, handOver } = request;
  return {
    v: recordVersion,
    id,
    agent,
    seq: 0,
    bundle: refOf(bundle),
    baseline: baseline === null ? null : refOf(baseline),
    plan,
    advice,
    startedBy,
    startedAt: at,
    reason: handOver === null ? request.reason : `${request.reason} (handed over: ${handOver})`,
    takesOver,
    phase: "built",
    since: at,
    begun: false,
    canaryStep: 0,
    canarySince: null,
    trafficSince: null,
    staged: false,
    outcome: null,
    round: 1,
    gates: {},
    skipped: passedOver(request, plan, baseline, at),
    approvals: [],
    awaitingApprovalSince: null,
    held: null,
    signals: {},
    unmeasured: 0,
    switch: null,
    drained: false,
    settled: false,
    rollback: null,
    wayBack: null,
    generation,
    outbox: [],
    issued: 0,
    told: [],
    waitedMs: 0,
    log: null,
  };
}

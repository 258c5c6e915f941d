import type {
  GateName,
  ReleaseEffect,
  ReleasePhase,
  ReleaseRecord,
  RouteMove,
  RoutePolicy,
} from "@verdigris/contracts";
import { completePolicy, defaultPolicy } from "@verdigris/router";
import { durationText } from "../plan/duration.ts";
import {
  end,
  evidenceDigest,
  isGatePhase,
  isPassed,
  isSkipped,
  issue,
  phaseAfter,
  policyActor,
  tell,
  unclear,
} from "./record.ts";

/** Effects the next step does not wait for. */
const aside: readonly ReleaseEffect["kind"][] = ["notify", "state", "deny"];

function isBusy(release: ReleaseRecord): boolean {
  return release.outbox.some(({ kind }) => !aside.includes(kind));
}

function move(release: ReleaseRecord, how: RouteMove, reason: string): ReleaseRecord {
  return issue(release, { kind: "move", move: how, actor: policyActor(release), reason });
}

/** Asks a gate anew, under an id no earlier answer carries. */
export function ask(release: ReleaseRecord, gate: GateName, at: number): ReleaseRecord {
  const id = `${release.id}.${release.issued + 1}.gate`;
  const attempt = { id, startedAt: at, verdict: null, summary: "", evidence: null, errors: 0 };
  const asked = issue(release, { kind: "gate", gate, attempt: id });
  return { ...asked, gates: { ...release.gates, [gate]: attempt } };
}

/** True when somebody has said yes to exactly this bundle on exactly this evidence, or nobody has to. */
function isApproved(release: ReleaseRecord, phase: ReleasePhase): boolean {
  if (!release.plan.approval.before.some((wanted) => wanted === phase)) return true;
  const evidence = evidenceDigest(release);
  return release.approvals.some((yes) => yes.evidence === evidence && yes.bundle === release.bundle.digest);
}

function enter(release: ReleaseRecord, phase: ReleasePhase, at: number): ReleaseRecord {
  const waited = release.awaitingApprovalSince === null ? 0 : at - release.awaitingApprovalSince;
  const entered: ReleaseRecord = {
    ...release,
    phase,
    since: at,
    begun: false,
    awaitingApprovalSince: null,
    waitedMs: release.waitedMs + Math.max(0, waited),
  };
  return release.plan.hooks.includes(phase)
    ? issue(entered, { kind: "hook", phase, when: "before", inRollback: false })
    : entered;
}

/** Leaves a phase, by its hook where it has one, and never past an approval that is missing. */
function leave(release: ReleaseRecord, at: number): ReleaseRecord {
  const { phase, plan } = release;
  const next = phaseAfter(release);
  if (next === null) return complete(release, at);
  if (!isApproved(release, next)) {
    if (release.awaitingApprovalSince !== null) return release;
    return tell(
      { ...release, awaitingApprovalSince: at },
      "approval-wanted",
      `${next} waits for an approval`,
    );
  }
  const left = plan.hooks.includes(phase)
    ? issue(release, { kind: "hook", phase, when: "after", inRollback: false })
    : release;
  return enter(left, next, at);
}

function complete(release: ReleaseRecord, at: number): ReleaseRecord {
  return end(release, "completed", {
    why: `${release.bundle.id} is live and settled`,
    by: policyActor(release),
    at,
  });
}

/** The first thing a phase does, once the hooks before it have answered. */
function begin(release: ReleaseRecord): ReleaseRecord {
  const { phase, bundle, baseline, plan } = release;
  const begun = { ...release, begun: true };
  if (phase === "built") {
    if (baseline === null) return begun;
    const settled =
      release.takesOver === "settles"
        ? move(begun, { verb: "settle" }, "the next release takes over")
        : begun;
    const supersede = release.takesOver === "supersedes";
    return move(
      settled,
      { verb: "stage", bundle: bundle.id, supersede, ...termsOf(release) },
      release.reason,
    );
  }
  if (phase === "canary") return ramp(begun, 0);
  if (phase === "quarantine")
    return tell(begun, "quarantine", `quarantine for ${durationText(plan.quarantineMs)}`);
  if (phase !== "recycled") return begun;
  const promoted = plan.memory
    ? issue(begun, { kind: "state", change: "promote", bundle: bundle.id })
    : begun;
  return baseline === null
    ? { ...promoted, settled: true }
    : move(promoted, { verb: "settle" }, "quarantine is over");
}

function termsOf({ plan }: ReleaseRecord): { readonly policy?: Partial<RoutePolicy> } {
  const strategy = plan.strategy === null ? {} : { strategy: plan.strategy };
  const onRollback = plan.onRollback === null ? {} : { onRollback: plan.onRollback };
  const policy = { ...strategy, ...onRollback };
  return Object.keys(policy).length === 0 ? {} : { policy };
}

/** Sets the share of a step of the canary, whose time begins once it is set. */
export function ramp(release: ReleaseRecord, step: number): ReleaseRecord {
  const percent = release.plan.canary.steps[step]?.percent ?? 0;
  const next = { ...release, canaryStep: step, canarySince: null };
  return move(next, { verb: "setCanary", percent }, `canary at ${percent} %`);
}

function throughGate(release: ReleaseRecord, gate: GateName, at: number): ReleaseRecord {
  return release.gates[gate] === undefined ? ask(release, gate, at) : release;
}

function throughCanary(release: ReleaseRecord, at: number): ReleaseRecord {
  const { steps } = release.plan.canary;
  const step = steps[release.canaryStep];
  if (isSkipped(release, "canary")) return leave(release, at);
  if (step === undefined || release.canarySince === null || at < release.canarySince + step.forMs)
    return release;
  // No data is never clear: however long the step has lasted, it does not end on nothing.
  if (unclear(release).length > 0) return release;
  return release.canaryStep + 1 < steps.length ? ramp(release, release.canaryStep + 1) : leave(release, at);
}

/** The first bundle of an agent makes its route. */
function open(release: ReleaseRecord): ReleaseRecord {
  const policy = completePolicy(defaultPolicy, termsOf(release).policy);
  return move(
    release,
    { verb: "open", bundle: release.bundle.id, policy, incarnation: release.id },
    release.reason,
  );
}

function throughSwitch(release: ReleaseRecord, at: number): ReleaseRecord {
  if (release.switch !== null) return release.switch.confirmed === null ? release : leave(release, at);
  const { bundle, plan, baseline, takesOver } = release;
  if (baseline === null) return open(release);
  if (!isPassed(release, "way-back")) return throughGate(release, "way-back", at);
  if (!isApproved(release, "switched")) return release;
  const supersede = takesOver === "supersedes";
  const { holdbackPercent } = plan;
  return move(release, { verb: "flip", bundle: bundle.id, supersede, holdbackPercent }, release.reason);
}

function throughQuarantine(release: ReleaseRecord, at: number): ReleaseRecord {
  if (isSkipped(release, "quarantine")) return leave(release, at);
  const since = release.switch?.at ?? release.since;
  if (at < since + release.plan.quarantineMs) return release;
  const waiting = unclear(release);
  if (waiting.length === 0) return leave(release, at);
  const text = `quarantine goes on: ${waiting.join(", ")} not clear`;
  return tell(release, "quarantine-waits", text, "quarantine-waits");
}

/** One step forward, or the same record when nothing allows one. */
function stepOn(release: ReleaseRecord, at: number): ReleaseRecord {
  if (!release.begun) return begin(release);
  const { phase } = release;
  if (isGatePhase(phase))
    return isPassed(release, phase) ? leave(release, at) : throughGate(release, phase, at);
  switch (phase) {
    case "canary":
      return throughCanary(release, at);
    case "switched":
      return throughSwitch(release, at);
    case "draining":
      return release.drained || release.baseline === null ? leave(release, at) : release;
    case "quarantine":
      return throughQuarantine(release, at);
    case "recycled": {
      const kept = release.plan.recycleAfter === "never" || release.baseline === null;
      return release.settled && kept ? complete(release, at) : release;
    }
  }
}

/** Goes as far as verdicts, signals, approvals and time allow, and not at all while anything is under way or held. Pure. */
export function advance(release: ReleaseRecord, at: number): ReleaseRecord {
  let next = release;
  for (;;) {
    if (next.outcome !== null || next.held !== null || isBusy(next)) return next;
    const on = stepOn(next, at);
    if (on === next) return next;
    next = on;
  }
}

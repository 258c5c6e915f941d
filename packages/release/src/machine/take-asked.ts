import type { Actor, ReleaseRecord, SeenSignal } from "@verdigris/contracts";
import { ask, ramp } from "./advance.ts";
import type { AskedEvent, ReleaseRefusal } from "./events.ts";
import { afterRollback, halt } from "./protect.ts";
import {
  end,
  evidenceDigest,
  hold,
  isGatePhase,
  isSkipped,
  issue,
  loweredBy,
  pendingMoves,
  resumed,
} from "./record.ts";

/** A verb that does not fit, and why. */
export interface Refused {
  readonly refusal: ReleaseRefusal;
  readonly message: string;
}

type Taken = ReleaseRecord | Refused;
type Asked<T extends AskedEvent["type"]> = Extract<AskedEvent, { readonly type: T }> & Asker;

interface Asker {
  readonly at: number;
  readonly actor: Actor;
}

function refuse(refusal: ReleaseRefusal, message: string): Refused {
  return { refusal, message };
}

function ended(release: ReleaseRecord): Refused {
  return refuse("ended", `${release.id} has ended: it is ${release.outcome?.kind}`);
}

/** Only a person or a written policy goes forward past anything but a pass. */
function forwardOnly(actor: Actor, reason: string): Refused | null {
  if (actor.kind === "machine")
    return refuse("machine-may-not", `${actor.id} is a machine, and machines stop or go back`);
  return reason.trim() === "" ? refuse("reason-missing", "say why: it stays on record") : null;
}

function approve(release: ReleaseRecord, { evidence, actor, at }: Asked<"approve">): Taken {
  if (release.outcome !== null) return ended(release);
  const { anotherPerson, before } = release.plan.approval;
  if (before.length === 0) return refuse("approval-not-wanted", "the plan asks for no approval");
  if (actor.kind === "machine")
    return refuse("machine-may-not", `${actor.id} is a machine, and machines approve nothing`);
  if (anotherPerson && actor.id === release.startedBy.id)
    return refuse(
      "same-person",
      `${actor.id} started ${release.id}: the plan asks for another person's approval`,
    );
  const current = evidenceDigest(release);
  if (evidence !== current)
    return refuse(
      "evidence-changed",
      `what was approved is not the evidence of ${release.id} as it is now: look again`,
    );
  const known = release.approvals.some((yes) => yes.evidence === evidence && yes.by.id === actor.id);
  const yes = { by: actor, at, bundle: release.bundle.digest, evidence };
  return known ? release : { ...release, approvals: [...release.approvals, yes] };
}

/** The gate that stands in the way, if one answered and did not pass. */
function stuckGate(release: ReleaseRecord): "built" | "smoke" | "evals" | "shadow" | "way-back" | null {
  const gate = isGatePhase(release.phase) ? release.phase : "way-back";
  const { verdict = null } = release.gates[gate] ?? {};
  return verdict === null || verdict === "pass" || isSkipped(release, gate) ? null : gate;
}

function acknowledge(release: ReleaseRecord, actor: Actor): ReleaseRecord {
  const seen = Object.entries(release.signals).map(([name, signal]): [string, SeenSignal] => [
    name,
    signal.status === "alarm" ? { ...signal, acknowledged: actor } : signal,
  ]);
  return { ...release, signals: Object.fromEntries(seen) };
}

/** Ends a hold. A verdict that did not pass is asked for again, an alarm is taken note of, a hook is called again. */
function goOn(release: ReleaseRecord, { actor, at }: Asker): ReleaseRecord {
  const gate = stuckGate(release);
  const free = acknowledge({ ...resumed(release, at), unmeasured: 0 }, actor);
  if (release.held?.by.id === loweredBy) return ramp(free, release.canaryStep);
  return gate === null ? free : ask(free, gate, at);
}

function resume(release: ReleaseRecord, event: Asked<"resume">): Taken {
  const { held } = release;
  if (release.outcome !== null) return ended(release);
  if (held === null) return refuse("not-held", `${release.id} is not held`);
  if (held.by.kind === "person" && event.actor.kind !== "person")
    return refuse("held-by-person", `${held.by.id} holds ${release.id}: only a person may resume it`);
  return forwardOnly(event.actor, event.reason) ?? goOn(release, event);
}

/** A halted release begins again from its first phase: what it stood on before is no evidence for this round. */
function retry(release: ReleaseRecord, event: Asked<"retry">): Taken {
  const no = forwardOnly(event.actor, event.reason);
  if (no !== null) return no;
  if (release.outcome === null) {
    if (release.held?.by.kind === "person" && event.actor.kind !== "person")
      return refuse("held-by-person", `${release.held.by.id} holds ${release.id}: only a person may go on`);
    return stuckGate(release) === null && release.held?.because !== "hook"
      ? refuse("nothing-to-retry", `no gate or hook of ${release.id} waits to be tried again`)
      : goOn(release, event);
  }
  if (release.outcome.kind !== "halted") return ended(release);
  if (pendingMoves(release).length > 0)
    return refuse(
      "nothing-to-retry",
      `${release.id} is still being taken off the route: try again in a moment`,
    );
  return {
    ...release,
    round: release.round + 1,
    phase: "built",
    since: event.at,
    begun: false,
    canaryStep: 0,
    canarySince: null,
    trafficSince: null,
    staged: false,
    outcome: null,
    gates: {},
    approvals: [],
    signals: {},
    unmeasured: 0,
    wayBack: null,
    told: [],
  };
}

function skip(release: ReleaseRecord, { gate, reason, actor, at }: Asked<"skip">): Taken {
  if (release.outcome !== null) return ended(release);
  const no = forwardOnly(actor, reason);
  if (no !== null) return no;
  if (isSkipped(release, gate)) return refuse("already-skipped", `${gate} is passed over already`);
  const passedBy = { ...release, skipped: [...release.skipped, { gate, by: actor, reason, at }] };
  const { because } = release.held ?? {};
  const stood = stuckGate(release) === gate && (because === "verdict" || because === "way-back");
  const free = stood ? resumed(passedBy, at) : passedBy;
  // Nobody waits for its answer any more.
  return { ...free, outbox: free.outbox.filter((effect) => effect.kind !== "gate" || effect.gate !== gate) };
}

function rolledBack(release: ReleaseRecord, event: Asked<"rolled-back">): Taken {
  const { actor: by, why, at, generation, decidedAt } = event;
  if (release.outcome !== null) return release;
  const cause = { why, by, at };
  if (release.switch === null && !pendingMoves(release).some(({ move }) => move.verb === "flip")) {
    const { bundle } = release;
    return issue(halt({ ...release, staged: false }, cause), { kind: "deny", bundle, why, by });
  }
  const rollback = { by, why, decidedAt, newRunsSafeAt: at, lastRunGoneAt: null, confirmed: null };
  const done = afterRollback({ ...release, rollback, generation }, cause);
  return issue(done, { kind: "confirm", of: "rollback", generation });
}

/** What a verb does to a release, or why it does not fit. */
export function takeAsked(release: ReleaseRecord, event: AskedEvent & Asker): Taken {
  const { actor, at } = event;
  switch (event.type) {
    case "approve":
      return approve(release, event);
    case "hold":
      if (release.outcome !== null) return ended(release);
      return hold(release, { by: actor, why: event.why, at, because: "asked" });
    case "resume":
      return resume(release, event);
    case "retry":
      return retry(release, event);
    case "skip":
      return skip(release, event);
    case "abort":
      if (release.outcome !== null) return ended(release);
      if (release.switch !== null)
        return refuse("after-the-switch", `${release.bundle.id} is live: roll back instead`);
      return halt(release, { why: event.reason || "aborted", by: actor, at });
    case "rolled-back":
      return rolledBack(release, event);
    case "taken-over":
      return release.outcome === null
        ? end(release, event.how, { why: `${event.by} took over`, by: actor, at })
        : release;
  }
}

import type { Actor, ReleaseRecord } from "@verdigris/contracts";
import {
  end,
  hasTraffic,
  hold,
  isGatePhase,
  isSkipped,
  issue,
  issueFirst,
  pendingMoves,
  planOf,
  policyActor,
} from "./record.ts";

/** Answers in a row that could not measure before a release stands still. */
export const mostErrors = 4;

interface Why {
  readonly why: string;
  readonly by: Actor;
  readonly at: number;
}

/** A flip that may have happened, or may happen yet in a process that lost its lease. */
function mayHaveFlipped(release: ReleaseRecord): boolean {
  return pendingMoves(release).some(({ move }) => move.verb === "flip");
}

/** Ends a release before its switch: its candidate leaves the route. */
export function halt(release: ReleaseRecord, { why, by, at }: Why): ReleaseRecord {
  // A rollback undoes a flip whose answer was lost, and makes one under way in another process lose its race; where the
  // route stands on an unproven bundle already, it would undo too much.
  const verb = mayHaveFlipped(release) ? "rollback" : "drop";
  const onRoute = release.staged || pendingMoves(release).some(({ move }) => move.verb === "stage");
  const ended = end(release, "halted", { why, by, at });
  return onRoute ? issue(ended, { kind: "move", move: { verb }, actor: by, reason: why }) : ended;
}

/** Stands still for good until a person decides, and keeps everybody else from going forward. */
function freeze(release: ReleaseRecord, { why, by, at }: Why): ReleaseRecord {
  if (release.held !== null) return release;
  const frozen = hold(release, { by, why, at, because: "frozen" });
  return issue(frozen, { kind: "move", move: { verb: "hold", why }, actor: by, reason: why });
}

/** What follows every rollback, whoever made it. */
export function afterRollback(release: ReleaseRecord, { why, by, at }: Why): ReleaseRecord {
  const { bundle, plan } = release;
  let next = issue(end(release, "rolled-back", { why, by, at }), { kind: "deny", bundle, why, by });
  if (plan.memory) next = issue(next, { kind: "state", change: "park", bundle: bundle.id });
  return plan.hooks.length === 0
    ? next
    : issue(next, { kind: "hook", phase: "rollback", when: "after", inRollback: true });
}

/** Goes back after the switch, or freezes where there is no way back; before the switch it halts. */
function revert(release: ReleaseRecord, cause: Why): ReleaseRecord {
  if (release.switch === null) return halt(release, cause);
  const blocked = noWayBack(release);
  if (blocked !== null) return freeze(release, { ...cause, why: `${cause.why}; ${blocked}` });
  const { by, why, at } = cause;
  const rollback = { by, why, decidedAt: at, newRunsSafeAt: null, lastRunGoneAt: null, confirmed: null };
  const decided = afterRollback({ ...release, rollback }, cause);
  return issueFirst(decided, { kind: "move", move: { verb: "rollback" }, actor: by, reason: why });
}

function noWayBack(release: ReleaseRecord): string | null {
  if (release.switch?.target === null) return "there is no bundle to go back to";
  if (!release.plan.rollbackSafe) return "going back is not safe for this bundle, so it is frozen";
  if (release.settled) return "it is settled: another release has to go forward from here";
  if (release.wayBack?.ok === false)
    return `${release.switch?.target.id} failed its last check (${release.wayBack.summary})`;
  return null;
}

function machine(id: string): Actor {
  return { kind: "machine", id };
}

/** Alarms of what has traffic: each does what the plan says, whatever the release is waiting for. */
function obeySignals(release: ReleaseRecord, at: number): ReleaseRecord {
  if (!hasTraffic(release)) return release;
  const alarms = Object.entries(release.signals).filter(
    ([, { status, acknowledged }]) => status === "alarm" && acknowledged === null,
  );
  const worst = alarms.find(([name]) => planOf(release, name).on === "rollback");
  if (worst !== undefined) {
    const [name, { reason }] = worst;
    return revert(release, { why: `${name}: ${reason}`, by: machine(`signal:${name}`), at });
  }
  const holding = alarms.find(([name]) => planOf(release, name).on === "hold");
  if (holding === undefined) return release;
  const [name, { reason }] = holding;
  return hold(release, { by: machine(`signal:${name}`), why: `${name}: ${reason}`, at, because: "signal" });
}

function obeyVerdicts(release: ReleaseRecord, at: number): ReleaseRecord {
  const gate = isGatePhase(release.phase) ? release.phase : "way-back";
  const { verdict = null, summary = "" } = release.gates[gate] ?? {};
  if (verdict === null || verdict === "pass" || isSkipped(release, gate) || release.switch !== null)
    return release;
  const why = `${gate} answered ${verdict}: ${summary}`;
  if (verdict === "fail" && gate !== "way-back") return halt(release, { why, by: policyActor(release), at });
  const because = gate === "way-back" ? "way-back" : "verdict";
  return hold(release, { by: machine(`gate:${gate}`), why, at, because });
}

/** Timers lead to safety only, and no timer runs against a person who holds. */
function obeyTimers(release: ReleaseRecord, at: number): ReleaseRecord {
  const { plan, phase, held } = release;
  if (held?.by.kind === "person" || release.switch !== null) return release;
  const late = (since: number | null, ms: number): boolean => since !== null && at > since + ms;
  const stop = (why: string): ReleaseRecord => halt(release, { why, by: policyActor(release), at });
  if (late(release.awaitingApprovalSince, plan.approval.timeoutMs)) return stop("nobody approved it in time");
  if (isGatePhase(phase) && !isSkipped(release, phase)) {
    const { verdict = null, startedAt = null } = release.gates[phase] ?? {};
    if (verdict !== "pass" && late(startedAt, plan.gates[phase].timeoutMs))
      return stop(`${phase} did not pass in its time`);
  }
  const step = plan.canary.steps[release.canaryStep];
  const waiting = phase === "canary" && release.awaitingApprovalSince === null && step !== undefined;
  if (waiting && late(release.canarySince, plan.canary.timeoutMs))
    return stop(`the canary at ${step.percent} % did not show enough in its time`);
  return release;
}

/** Makes a release safe: what failed, alarmed, could not be measured or took too long stops or turns it back. Pure. */
export function protect(release: ReleaseRecord, at: number): ReleaseRecord {
  const steps = [
    obeySignals,
    obeyVerdicts,
    (next: ReleaseRecord) => {
      if (next.unmeasured < mostErrors || !hasTraffic(next)) return next;
      const why = `the signals could not be read ${next.unmeasured} times in a row`;
      return hold(next, { by: machine("signals"), why, at, because: "unmeasured" });
    },
    obeyTimers,
  ];
  return steps.reduce((next, step) => (next.outcome === null ? step(next, at) : next), release);
}

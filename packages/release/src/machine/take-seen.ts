import type {
  Actor,
  GateAnswer,
  ReleaseEffect,
  ReleaseRecord,
  SeenSignal,
  Signal,
} from "@verdigris/contracts";
import type { ReleaseEvent, SeenEvent } from "./events.ts";
import { afterRollback, halt, mostErrors } from "./protect.ts";
import {
  end,
  hasReached,
  hasTraffic,
  hold,
  issue,
  issueFirst,
  loweredBy,
  pendingMoves,
  planOf,
  policyActor,
  resumed,
  tell,
  without,
} from "./record.ts";

type Seen<T extends SeenEvent["type"]> = Extract<SeenEvent, { readonly type: T }> & { readonly at: number };

const againMs = 10_000;
/** What is said again in other numbers is written down this often; a change of status at once. */
const refreshMs = 600_000;
const longestReasonChars = 500;

function effectOf(release: ReleaseRecord, key: string): ReleaseEffect | undefined {
  return release.outbox.find((effect) => effect.key === key);
}

function moved(release: ReleaseRecord, { key, generation, at }: Seen<"moved">): ReleaseRecord {
  const effect = effectOf(release, key);
  if (effect?.kind !== "move") return release;
  const done = { ...without(release, key), generation: Math.max(generation, release.generation) };
  switch (effect.move.verb) {
    case "stage":
      return { ...done, staged: true };
    case "setCanary":
      return { ...done, canarySince: at, trafficSince: done.trafficSince ?? at };
    case "open":
    case "flip": {
      const flipped = { at, generation, target: release.baseline, confirmed: null };
      const text = `${release.bundle.id} takes new runs`;
      const trafficSince = done.trafficSince ?? at;
      const switched = tell({ ...done, trafficSince, switch: flipped }, "switched", text);
      return issue(switched, { kind: "confirm", of: "switch", generation });
    }
    case "settle":
      return hasReached(release, "recycled") ? { ...done, settled: true, since: at } : done;
    case "rollback":
      if (done.rollback === null) return done;
      return issue(
        { ...done, rollback: { ...done.rollback, newRunsSafeAt: at } },
        { kind: "confirm", of: "rollback", generation },
      );
    default:
      return done;
  }
}

/** A forward move the router would not make: the effect stays, and is tried again when the hold ends. */
function refused(release: ReleaseRecord, { key, refusal, message, at }: Seen<"refused">): ReleaseRecord {
  const effect = effectOf(release, key);
  if (effect?.kind !== "move") return release;
  if (release.outcome !== null) return without(release, key);
  const by: Actor = { kind: "machine", id: `route:${refusal}` };
  return hold(release, { by, why: message, at, because: "route" });
}

type RouteSeen = Seen<"route">["route"];

/** Whether the route still is what this release made of it, moves under way allowed for. */
function fits(release: ReleaseRecord, route: RouteSeen): boolean {
  const { bundle, baseline } = release;
  const verbs = pendingMoves(release).map(({ move }) => move.verb);
  if (release.switch !== null) return route.live === bundle.id;
  if ((verbs.includes("flip") || verbs.includes("open")) && route.live === bundle.id) return true;
  if (release.staged) return route.candidate === bundle.id && route.stable === baseline?.id;
  return route.stable === baseline?.id || route.live === baseline?.id;
}

/** Somebody else moved the route from under the release: it takes note, and touches nothing of theirs. */
function overtaken(release: ReleaseRecord, route: RouteSeen, at: number, actor: Actor): ReleaseRecord {
  const who = `by somebody else, at generation ${route.generation}`;
  if (release.switch === null)
    return end(release, "halted", { why: `the route was moved ${who}`, by: actor, at });
  const { target } = release.switch;
  if (target === null || route.live !== target.id)
    return end(release, "superseded", { why: `${route.live} was made live ${who}`, by: actor, at });
  const why = `the route was rolled back ${who}`;
  const rollback = { by: actor, why, decidedAt: at, newRunsSafeAt: at, lastRunGoneAt: null, confirmed: null };
  return afterRollback({ ...release, rollback }, { why, by: actor, at });
}

/** A share is lowered for a reason: no timer raises it behind the back of whoever did so. */
function wasLowered(release: ReleaseRecord, { canary, generation }: RouteSeen): boolean {
  const { phase, canarySince, canaryStep, plan } = release;
  // A look from before the release's own last move shows the share of the step before.
  if (generation < release.generation) return false;
  if (phase !== "canary" || canarySince === null) return false;
  if (pendingMoves(release).some(({ move }) => move.verb !== "hold")) return false;
  return (canary?.percent ?? 0) < (plan.canary.steps[canaryStep]?.percent ?? 0);
}

function routeSeen(release: ReleaseRecord, { route, at }: Seen<"route">, actor: Actor): ReleaseRecord {
  const known = { ...release, generation: Math.max(release.generation, route.generation) };
  if (release.outcome !== null) {
    const stray =
      ["halted", "rolled-back"].includes(release.outcome.kind) && route.live === release.bundle.id;
    const undone = stray && route.stable !== release.bundle.id && pendingMoves(release).length === 0;
    const reason = "a move made after the release had ended is taken back";
    return undone ? issueFirst(known, { kind: "move", move: { verb: "rollback" }, actor, reason }) : release;
  }
  if (!fits(release, route)) return overtaken(release, route, at, actor);
  if (wasLowered(release, route)) {
    const by: Actor = { kind: "machine", id: loweredBy };
    const why = `somebody lowered the canary to ${route.canary?.percent ?? 0} %, at generation ${route.generation}`;
    return hold(known, { by, why, at, because: "route" });
  }
  const waited = release.held?.by.id === "route:held" && route.held === null;
  return waited ? resumed(known, at) : release.generation === known.generation ? release : known;
}

/** A pass that stands on nothing was not measured. */
function withEvidence(answer: GateAnswer): GateAnswer {
  if (answer.verdict !== "pass" || answer.evidence !== null) return answer;
  return { verdict: "error", summary: `passed without evidence: ${answer.summary}`, evidence: null };
}

function answered(release: ReleaseRecord, { gate, attempt, answer, at }: Seen<"answered">): ReleaseRecord {
  const open = release.gates[gate];
  // Another attempt is asked by now, or this one has its answer: what comes late is stale.
  if (release.outcome !== null || open?.id !== attempt || open.verdict !== null) return release;
  const effect = release.outbox.find((e) => e.kind === "gate" && e.attempt === attempt);
  const given = withEvidence(answer);
  const errors = given.verdict === "error" ? open.errors + 1 : 0;
  const summary = given.summary.slice(0, longestReasonChars);
  const again = given.verdict === "error" && errors < mostErrors;
  const verdict = again ? null : given.verdict;
  const gates = { ...release.gates, [gate]: { ...open, errors, verdict, summary, evidence: given.evidence } };
  if (!again) {
    const next = { ...(effect === undefined ? release : without(release, effect.key)), gates };
    // A no is the gate's to say again, about more than blue's health; how blue stands is what is looked at from now on.
    return gate === "way-back" && verdict === "pass" ? { ...next, wayBack: { ok: true, at, summary } } : next;
  }
  const notBefore = at + againMs * 2 ** (errors - 1);
  const outbox = release.outbox.map((e) => (e.key === effect?.key ? { ...e, notBefore } : e));
  return { ...release, gates, outbox };
}

function noteSignal(release: ReleaseRecord, signal: Signal): ReleaseRecord {
  const { name, status, at, n } = signal;
  const before = release.signals[name];
  if (before?.status === status && at < before.at + refreshMs) return release;
  const acknowledged = status === "alarm" ? (before?.acknowledged ?? null) : null;
  const seen: SeenSignal = {
    status,
    at,
    n,
    reason: signal.reason.slice(0, longestReasonChars),
    acknowledged,
  };
  const next = { ...release, signals: { ...release.signals, [name]: seen } };
  const isNew = status === "alarm" && before?.status !== "alarm";
  return isNew ? tell(next, "alarm", `${name} (${planOf(release, name).on}): ${seen.reason}`) : next;
}

/** Only what is said of this bundle counts; a signal of the plan that nobody gives could not be measured. */
function signalsSeen(release: ReleaseRecord, { signals, at }: Seen<"signals">): ReleaseRecord {
  if (!hasTraffic(release)) return release;
  const own = signals.filter(({ bundle }) => bundle === release.bundle.id).slice(0, 64);
  const noted = own.reduce(noteSignal, release);
  const missing = Object.entries(release.plan.signals).filter(
    ([name, { expected }]) => expected && !own.some((signal) => signal.name === name),
  );
  return missing.length === 0 ? measured(noted) : unmeasured(noted, at);
}

function measured(release: ReleaseRecord): ReleaseRecord {
  const { unmeasuredAt: _, ...rest } = release;
  return release.unmeasured === 0 ? release : { ...rest, unmeasured: 0 };
}

/** Counted as far as it matters. A driver looks as often as anything changes: two looks at the same outage are one. */
function unmeasured(release: ReleaseRecord, at: number): ReleaseRecord {
  const { unmeasured: times, unmeasuredAt = 0 } = release;
  const isAnother = times === 0 || at >= unmeasuredAt + againMs;
  const counts = hasTraffic(release) && times < mostErrors && isAnother;
  return counts ? { ...release, unmeasured: times + 1, unmeasuredAt: at } : release;
}

function confirmed(release: ReleaseRecord, { key, outcome, at }: Seen<"confirmed">): ReleaseRecord {
  const effect = effectOf(release, key);
  if (effect?.kind !== "confirm") return release;
  const done = without(release, key);
  const confirmation = { outcome, at };
  if (effect.of === "switch")
    return done.switch === null ? done : { ...done, switch: { ...done.switch, confirmed: confirmation } };
  return done.rollback === null ? done : { ...done, rollback: { ...done.rollback, confirmed: confirmation } };
}

/** What has to happen in the end is tried again, and said once. */
function putOff(release: ReleaseRecord, effect: ReleaseEffect, why: string, at: number): ReleaseRecord {
  const outbox = release.outbox.map((e) =>
    e.key === effect.key ? { ...e, notBefore: at + 6 * againMs } : e,
  );
  const text = `${effect.key}: ${why.slice(0, longestReasonChars)}`;
  return tell({ ...release, outbox }, "effect-failed", text, effect.key);
}

function failed(release: ReleaseRecord, { key, why, at }: Seen<"failed">): ReleaseRecord {
  const effect = effectOf(release, key);
  if (effect === undefined) return release;
  if (effect.kind !== "hook") return putOff(release, effect, why, at);
  if (effect.inRollback)
    return tell(without(release, key), "hook-failed", `${key}: ${why.slice(0, longestReasonChars)}`);
  const reason = `the hook ${effect.when} ${effect.phase} refused: ${why.slice(0, longestReasonChars)}`;
  if (release.switch === null) return halt(release, { why: reason, by: policyActor(release), at });
  return hold(release, {
    by: { kind: "machine", id: `hook:${effect.phase}` },
    why: reason,
    at,
    because: "hook",
  });
}

function rechecked(release: ReleaseRecord, { ok, summary, at }: Seen<"rechecked">): ReleaseRecord {
  const next = { ...release, wayBack: { ok, at, summary: summary.slice(0, longestReasonChars) } };
  if (ok || release.wayBack?.ok === false) return next;
  return tell(next, "way-back-lost", `the bundle to go back to failed its check: ${summary}`);
}

function drained(release: ReleaseRecord, { bundle, at }: Seen<"drained">): ReleaseRecord {
  if (release.rollback !== null && bundle === release.bundle.id)
    return {
      ...release,
      rollback: { ...release.rollback, lastRunGoneAt: release.rollback.lastRunGoneAt ?? at },
    };
  return release.outcome === null && bundle === release.baseline?.id
    ? { ...release, drained: true }
    : release;
}

/** Writes down what was seen. Nothing is decided here but what the fact itself leaves no choice about. */
export function takeSeen(
  release: ReleaseRecord,
  event: SeenEvent & Pick<ReleaseEvent, "at" | "actor">,
): ReleaseRecord {
  switch (event.type) {
    case "tick":
      return release;
    case "moved":
      return moved(release, event);
    case "refused":
      return refused(release, event);
    case "route":
      return routeSeen(release, event, event.actor);
    case "answered":
      return answered(release, event);
    case "signals":
      return signalsSeen(release, event);
    case "unmeasured":
      return unmeasured(release, event.at);
    case "confirmed":
      return confirmed(release, event);
    case "done":
      return effectOf(release, event.key) === undefined ? release : without(release, event.key);
    case "failed":
      return failed(release, event);
    case "rechecked":
      return release.outcome === null ? rechecked(release, event) : release;
    case "drained":
      return drained(release, event);
    case "recycled": {
      const done = release.outcome === null && release.settled && event.bundle === release.baseline?.id;
      const why = `${release.bundle.id} is live and settled, ${event.bundle} is recycled`;
      return done ? end(release, "completed", { why, by: policyActor(release), at: event.at }) : release;
    }
  }
}

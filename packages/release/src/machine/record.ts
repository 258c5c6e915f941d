import {
  type Actor,
  canonicalJson,
  type Digest,
  type GateName,
  type GatePhase,
  type ReleaseEffect,
  type ReleaseHold,
  type ReleaseOutcome,
  type ReleasePhase,
  type ReleaseRecord,
  type SignalPlan,
} from "@verdigris/contracts";
import { textDigest } from "@verdigris/router";

const order: readonly ReleasePhase[] = [
  "built",
  "smoke",
  "evals",
  "shadow",
  "canary",
  "switched",
  "draining",
  "quarantine",
  "recycled",
];

const gatePhases: readonly ReleasePhase[] = ["built", "smoke", "evals", "shadow"];

/** True for a phase that waits for the verdict of the gate of its name. */
export function isGatePhase(phase: ReleasePhase): phase is GatePhase {
  return gatePhases.includes(phase);
}

/** The phases of a release in order: the first bundle has nothing to be compared with, and some rollouts no canary. */
export function phasesOf(release: Pick<ReleaseRecord, "plan" | "baseline">): readonly ReleasePhase[] {
  const { plan, baseline } = release;
  return order.filter((phase) => {
    if (phase === "shadow") return baseline !== null;
    return phase !== "canary" || (baseline !== null && plan.canary.steps.length > 0);
  });
}

/** The phase after this one; null after the last. */
export function phaseAfter(release: Pick<ReleaseRecord, "plan" | "baseline" | "phase">): ReleasePhase | null {
  const phases = phasesOf(release);
  return phases[phases.indexOf(release.phase) + 1] ?? null;
}

/** True when `phase` lies behind this release, or is the one it is in. */
export function hasReached(release: Pick<ReleaseRecord, "phase">, phase: ReleasePhase): boolean {
  return order.indexOf(release.phase) >= order.indexOf(phase);
}

/**
 * What an approval is bound to beside the bundle: the plan, and the verdict and evidence of every attempt so far. Another
 * attempt, another answer or another gate passed over gives another digest.
 */
export function evidenceDigest(release: ReleaseRecord): Digest {
  const gates = Object.entries(release.gates)
    .filter(([gate]) => gate !== "way-back")
    .map(([gate, { id, verdict, evidence }]) => ({ gate, attempt: id, verdict, evidence }));
  const skipped = release.skipped.map(({ gate, reason }) => ({ gate, reason }));
  const { bundle, baseline, plan } = release;
  return textDigest(canonicalJson({ bundle, baseline, plan, gates, skipped }));
}

/** True while production runs start on the bundle, as far as this release knows. */
export function hasTraffic(release: ReleaseRecord): boolean {
  return release.outcome === null && release.trafficSince !== null;
}

/** What the plan says of a signal; an alarm it does not name is no reason to go on. */
export function planOf(release: Pick<ReleaseRecord, "plan">, signal: string): SignalPlan {
  const { signals } = release.plan;
  return (
    (Object.hasOwn(signals, signal) ? signals[signal] : undefined) ?? {
      on: "hold",
      mustClear: false,
      expected: false,
    }
  );
}

/** The signals that keep the release from going on: those that must be clear and are not. */
export function unclear(release: ReleaseRecord): readonly string[] {
  return Object.entries(release.plan.signals)
    .filter(([name, { mustClear, expected }]) => {
      const status = release.signals[name]?.status;
      return mustClear && status !== "clear" && (expected || status !== undefined);
    })
    .map(([name]) => name);
}

/** True when a gate has been passed, or passed over. */
export function isPassed(release: ReleaseRecord, gate: GateName): boolean {
  return release.gates[gate]?.verdict === "pass" || isSkipped(release, gate);
}

/** True when somebody passed over it. */
export function isSkipped(release: ReleaseRecord, gate: string): boolean {
  return release.skipped.some((skipped) => skipped.gate === gate);
}

/** True while something is left to do for a release. */
export function isUnderWay(release: ReleaseRecord): boolean {
  const { outcome, outbox, rollback } = release;
  return outcome === null || outbox.length > 0 || (rollback !== null && rollback.lastRunGoneAt === null);
}

/** The moves of its outbox. */
export function pendingMoves(release: ReleaseRecord): readonly (ReleaseEffect & { kind: "move" })[] {
  return release.outbox.filter((effect) => effect.kind === "move");
}

/** The written policy in whose name a release moves the route. */
export function policyActor(release: Pick<ReleaseRecord, "id">): Actor {
  return { kind: "policy", id: `release:${release.id}` };
}

type Unkeyed<T> = T extends unknown ? Omit<T, "key"> : never;

function keyed(release: ReleaseRecord, effect: Unkeyed<ReleaseEffect>): ReleaseEffect {
  const label = effect.kind === "move" ? effect.move.verb : effect.kind;
  return { ...effect, key: `${release.id}.${release.issued + 1}.${label}` } as ReleaseEffect;
}

/** Who holds a release whose canary somebody lowered: going on from there restores the share of its step. */
export const loweredBy = "route:lowered";

/** Adds an effect under the next key of the release. */
export function issue(release: ReleaseRecord, effect: Unkeyed<ReleaseEffect>): ReleaseRecord {
  return { ...release, issued: release.issued + 1, outbox: [...release.outbox, keyed(release, effect)] };
}

/** Adds an effect before all others: nothing that can wait may stand in front of a rollback. */
export function issueFirst(release: ReleaseRecord, effect: Unkeyed<ReleaseEffect>): ReleaseRecord {
  return { ...release, issued: release.issued + 1, outbox: [keyed(release, effect), ...release.outbox] };
}

/** Takes an effect off that has been carried out. */
export function without(release: ReleaseRecord, key: string): ReleaseRecord {
  return { ...release, outbox: release.outbox.filter((effect) => effect.key !== key) };
}

/** Tells people, once for a topic that carries its own name in `once`. */
export function tell(release: ReleaseRecord, topic: string, text: string, once?: string): ReleaseRecord {
  if (once !== undefined && release.told.includes(once)) return release;
  const told = once === undefined ? release.told : [...release.told, once];
  return issue({ ...release, told }, { kind: "notify", topic, text });
}

/** Stands still; a machine never replaces what a person holds. */
export function hold(release: ReleaseRecord, held: ReleaseHold): ReleaseRecord {
  const { held: before } = release;
  if (before !== null && (before.by.kind === "person" || held.by.kind !== "person")) return release;
  const since = before?.at ?? held.at;
  return tell({ ...release, held: { ...held, at: since } }, "held", held.why);
}

/** Ends a release; what it still had in mind to do forward is dropped, what is left to do is issued afterwards. */
export function end(
  release: ReleaseRecord,
  kind: ReleaseOutcome,
  { why, by, at }: { readonly why: string; readonly by: Actor; readonly at: number },
): ReleaseRecord {
  const outbox = release.outbox.filter((effect) => effect.kind === "notify" || effect.kind === "state");
  const ended = {
    ...resumed(release, at),
    outbox,
    outcome: { kind, why, by, at },
    awaitingApprovalSince: null,
  };
  return tell(ended, kind, why);
}

/** The time of a hold goes to what was waited for people. */
export function resumed(release: ReleaseRecord, at: number): ReleaseRecord {
  if (release.held === null) return release;
  return { ...release, held: null, waitedMs: release.waitedMs + Math.max(0, at - release.held.at) };
}

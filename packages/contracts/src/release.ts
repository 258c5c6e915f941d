import type { BundleId, Digest } from "./bundle.ts";
import type { VersionedRecord } from "./records.ts";
import type { GatePhase, ReleasePlan } from "./release-plan.ts";
import type { Actor, RouteMove } from "./route.ts";
import type { SignalStatus } from "./signal.ts";
import type { Verdict } from "./verdict.ts";

/** Where a release is, in order; a plan may leave some out. */
export type ReleasePhase = GatePhase | "canary" | "switched" | "draining" | "quarantine" | "recycled";

/** How a release ended: `halted` before the switch, `rolled-back` after it. */
export type ReleaseOutcome = "completed" | "halted" | "rolled-back" | "superseded" | "handed-over";

/** What is asked: the gates of the phases, and whether there is a way back before the switch. */
export type GateName = GatePhase | "way-back";

/** What a person or a policy may pass over with a reason. */
export type Skippable = Exclude<GateName, "built"> | "canary" | "quarantine";

/** A bundle by what people call it and by what it is. */
export interface BundleRef {
  readonly id: BundleId;
  readonly digest: Digest;
}

/** The latest attempt at a gate. An answer counts only with the id of the attempt that is open. */
export interface GateAttempt {
  readonly id: string;
  readonly startedAt: number;
  /** Null until it is answered; an `error` that is asked again stays null. */
  readonly verdict: Verdict | null;
  readonly summary: string;
  readonly evidence: Digest | null;
  /** Answers in a row that could not measure. */
  readonly errors: number;
}

/** A gate passed over: on record for the rest of the release. */
export interface SkippedGate {
  readonly gate: Skippable;
  readonly by: Actor;
  readonly reason: string;
  readonly at: number;
}

/** A yes to exactly one bundle on exactly this evidence. */
export interface Approval {
  readonly by: Actor;
  readonly at: number;
  readonly bundle: Digest;
  readonly evidence: Digest;
}

/** Why a release stands still. A person's hold beats every timer; a machine never replaces one. */
export interface ReleaseHold {
  readonly by: Actor;
  readonly why: string;
  readonly at: number;
  readonly because: "asked" | "verdict" | "signal" | "unmeasured" | "hook" | "way-back" | "route" | "frozen";
}

/** The last thing a detector said of the bundle. */
export interface SeenSignal {
  readonly status: SignalStatus;
  readonly at: number;
  readonly n: number;
  readonly reason: string;
  /** Somebody went on in spite of its alarm. */
  readonly acknowledged: Actor | null;
}

/** The switch: when, and where a rollback goes from then on. */
export interface ReleaseSwitch {
  readonly at: number;
  readonly generation: number;
  readonly target: BundleRef | null;
  /** Null until every process has applied it or expired. */
  readonly confirmed: { readonly outcome: string; readonly at: number } | null;
}

/** A rollback with its two times: new runs safe, last run on the bad bundle gone. */
export interface ReleaseRollback {
  readonly by: Actor;
  readonly why: string;
  readonly decidedAt: number;
  readonly newRunsSafeAt: number | null;
  readonly lastRunGoneAt: number | null;
  readonly confirmed: { readonly outcome: string; readonly at: number } | null;
}

/** Something to do. Its key is visible wherever it acts, and doing it twice does it once. */
export type ReleaseEffect = { readonly key: string; readonly notBefore?: number } & (
  | { readonly kind: "move"; readonly move: RouteMove; readonly actor: Actor; readonly reason: string }
  | { readonly kind: "gate"; readonly gate: GateName; readonly attempt: string }
  | { readonly kind: "confirm"; readonly of: "switch" | "rollback"; readonly generation: number }
  | { readonly kind: "deny"; readonly bundle: BundleRef; readonly why: string; readonly by: Actor }
  | { readonly kind: "state"; readonly change: "park" | "promote"; readonly bundle: BundleId }
  | {
      readonly kind: "hook";
      readonly phase: ReleasePhase | "rollback";
      readonly when: "before" | "after";
      readonly inRollback: boolean;
    }
  | { readonly kind: "notify"; readonly topic: string; readonly text: string }
);

/** `{agent}/release/{id}`: all there is to know to go on with a release. */
export interface ReleaseRecord extends VersionedRecord {
  readonly id: string;
  readonly agent: string;
  /** Transitions so far. */
  readonly seq: number;
  readonly bundle: BundleRef;
  /** What it is compared with and goes back to; null for the first bundle of an agent. */
  readonly baseline: BundleRef | null;
  readonly plan: ReleasePlan;
  /** Why the plan's `advised` became what it is. */
  readonly advice: string | null;
  readonly startedBy: Actor;
  readonly startedAt: number;
  readonly reason: string;
  /** What the start does about the release before it. */
  readonly takesOver: "nothing" | "settles" | "supersedes";
  readonly phase: ReleasePhase;
  readonly since: number;
  /** False until the hooks before the phase have answered. */
  readonly begun: boolean;
  readonly canaryStep: number;
  /** Store time since which the step's share is on the route. */
  readonly canarySince: number | null;
  /** Store time since which production runs start on the bundle. */
  readonly trafficSince: number | null;
  /** The route carries the bundle as its candidate. */
  readonly staged: boolean;
  readonly outcome: {
    readonly kind: ReleaseOutcome;
    readonly why: string;
    readonly by: Actor;
    readonly at: number;
  } | null;
  /** How often the whole release was tried. */
  readonly round: number;
  readonly gates: Readonly<Partial<Record<GateName, GateAttempt>>>;
  readonly skipped: readonly SkippedGate[];
  readonly approvals: readonly Approval[];
  /** Store time since which an approval is waited for. */
  readonly awaitingApprovalSince: number | null;
  readonly held: ReleaseHold | null;
  readonly signals: Readonly<Record<string, SeenSignal>>;
  /** Times in a row that the signals could not be read; two of them lie ten seconds apart at least. */
  readonly unmeasured: number;
  /** When the last of them was; missing where none was counted yet. */
  readonly unmeasuredAt?: number;
  readonly switch: ReleaseSwitch | null;
  readonly drained: boolean;
  readonly settled: boolean;
  readonly rollback: ReleaseRollback | null;
  /** The last check of the bundle a rollback goes to. */
  readonly wayBack: { readonly ok: boolean; readonly at: number; readonly summary: string } | null;
  /** The generation of the route it decides on. */
  readonly generation: number;
  readonly outbox: readonly ReleaseEffect[];
  /** Effects issued so far: their keys count on. */
  readonly issued: number;
  /** Topics people were told of once and need not hear again. */
  readonly told: readonly string[];
  /** Milliseconds spent waiting for people: held, or for an approval. */
  readonly waitedMs: number;
  /** Digest of the last entry of its log. */
  readonly log: Digest | null;
}

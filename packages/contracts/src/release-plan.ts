import type { OnRollback, Strategy } from "./route.ts";

/** How new runs come to a bundle: all at once, in growing shares, or a small share first and then all at once. */
export type Rollout = "blue-green" | "canary" | "canary-then-blue-green";

/** The phases that wait for a verdict, in their order. */
export type GatePhase = "built" | "smoke" | "evals" | "shadow";

/** What a signal in `alarm` does. `rollback` goes back after the switch and halts before it. */
export type SignalAction = "rollback" | "hold" | "notify";

/** One signal of a plan. */
export interface SignalPlan {
  readonly on: SignalAction;
  /** The release goes no further until the signal is `clear`; no data is never clear. */
  readonly mustClear: boolean;
  /** A read without it could not measure. False for the usual ones a host may have no detector for: they count once seen. */
  readonly expected: boolean;
}

/** One gate of a plan. */
export interface GatePlan {
  /** Unanswered for so long, it halts the release. */
  readonly timeoutMs: number;
  /** Why the plan does without it; null where it is asked. Shown for the rest of the release. */
  readonly without: string | null;
}

/** One step of a canary: the share of keys, and how long it lasts at least. */
export interface CanaryStep {
  readonly percent: number;
  readonly forMs: number;
}

/** A release plan as it is stored: checked, complete, every duration in milliseconds. */
export interface ReleasePlan {
  readonly v: 1;
  /** `advised` is settled at the start by the difference of the bundles. */
  readonly rollout: Rollout | "advised";
  readonly gates: Readonly<Record<GatePhase, GatePlan>>;
  readonly canary: {
    /** Percentages ascend; the hundred is the switch. Empty: the rollout's own steps. */
    readonly steps: readonly CanaryStep[];
    /** How long a step may wait for its signals to clear before the release halts. */
    readonly timeoutMs: number;
  };
  readonly approval: {
    readonly before: readonly ("canary" | "switched")[];
    /** True when whoever started the release may not approve it. */
    readonly anotherPerson: boolean;
    readonly timeoutMs: number;
  };
  readonly signals: Readonly<Record<string, SignalPlan>>;
  /** Why nothing watches the traffic of the new bundle; null where signals do. */
  readonly withoutSignals: string | null;
  /** Null keeps what the route's policy says. */
  readonly strategy: Strategy | null;
  readonly onRollback: OnRollback | null;
  /** Share of keys kept on blue until the end of quarantine, as a baseline of the same time. */
  readonly holdbackPercent: number;
  readonly quarantineMs: number;
  /** How often blue is smoked again while it is the way back. */
  readonly recheckMs: number;
  /** How long after quarantine blue is kept before it is recycled. */
  readonly recycleAfter: number | "immediately" | "never";
  /** False where going back would break what the new bundle wrote: the release freezes instead. */
  readonly rollbackSafe: boolean;
  /** The agent's memory is kept by bundle: it is parked on a rollback and promoted at the end of quarantine. */
  readonly memory: boolean;
  /** A good drill must be so recent; null where none is asked for. */
  readonly drillWithinMs: number | null;
  /** Phases around which hooks are called. */
  readonly hooks: readonly string[];
  readonly hookTimeoutMs: number;
}

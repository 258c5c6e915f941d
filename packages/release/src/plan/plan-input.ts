import type { OnRollback, ReleasePlan, SignalAction, Strategy } from "@verdigris/contracts";
import { type Duration, durationMs } from "./duration.ts";

/** A gate that is asked, with the time it has (24 h by default); or why the plan does without it. */
export type GateInput = { readonly timeout?: Duration } | { readonly without: string };

/** What a signal in alarm does; whether it must be clear before the release goes on (by default where it rolls back). */
export type SignalInput = SignalAction | { readonly on: SignalAction; readonly mustClear?: boolean };

/** A release plan as people write it. Durations are milliseconds or text such as `"10m"`; there are no magic zeros. */
export interface ReleasePlanInput {
  /** `advised` follows `adviseRollout` of the difference. @default "blue-green" */
  readonly rollout?: ReleasePlan["rollout"];
  /** @default each is asked and has 24 h */
  readonly gates?: {
    readonly built?: { readonly timeout?: Duration };
    readonly smoke?: GateInput;
    readonly evals?: GateInput;
    readonly shadow?: GateInput;
  };
  readonly canary?: {
    /** @default 5 % for 1 h; a rollout by canary alone goes on with 25 % and 50 % for 1 h each */
    readonly steps?: readonly { readonly percent: number; readonly for: Duration }[];
    /** How long a step may wait for its signals before the release halts. @default "24h" */
    readonly timeout?: Duration;
  };
  /** Where somebody has to agree. @default nowhere */
  readonly approval?: {
    readonly before: readonly ("canary" | "switched")[];
    /** @default false */
    readonly anotherPerson?: boolean;
    /** @default "24h" */
    readonly timeout?: Duration;
  };
  /**
   * What each signal in alarm does; `rollback` ones must be clear before the release goes on.
   * @default hard-errors and pass-rate-floor roll back; latency-regression, cost-regression and tool-drift hold
   */
  readonly signals?: Readonly<Record<string, SignalInput>> | { readonly without: string };
  /** @default what the route's policy says */
  readonly strategy?: Strategy;
  /** @default what the route's policy says */
  readonly onRollback?: OnRollback;
  /** @default none */
  readonly holdbackPercent?: number;
  readonly quarantine?: {
    /** 24 h to 72 h. @default "48h" */
    readonly for?: Duration;
    /** How often blue is smoked again. @default "1h" */
    readonly recheck?: Duration;
    /** Why this quarantine may be shorter than 24 h or longer than 72 h. */
    readonly outsideBecause?: string;
  };
  /** When blue may be recycled once quarantine is over. @default "immediately" */
  readonly recycle?: Duration | "immediately" | "never";
  /** @default true */
  readonly rollbackSafe?: boolean;
  /** The agent's memory is kept by bundle, and some driver has its state layer. @default false */
  readonly memory?: boolean;
  /** How recent a good drill has to be. @default none is asked for */
  readonly drillWithin?: Duration;
  readonly hooks?: {
    readonly around: readonly string[];
    /** @default "30s" */
    readonly timeout?: Duration;
  };
}

/** When blue goes; null for what is no time. */
export function recycleOf(input: unknown): ReleasePlan["recycleAfter"] | null {
  if (input === undefined || input === "immediately" || input === "never") return input ?? "immediately";
  return durationMs(input);
}

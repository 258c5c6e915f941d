import type {
  Bundle,
  Labels,
  ModelUsage,
  RunOutcome,
  RunScope,
  StoreOp,
  TrafficClass,
} from "@verdigris/contracts";

/** What a step is given: the whole bundle, never parts of two. */
export interface StepContext<P> {
  readonly pipeline: P;
  readonly bundle: Bundle;
  /** Aborts when the run ends, is cancelled or passes its deadline. Created on first use. */
  readonly signal: AbortSignal;
  /** The run's scope with this step's name: pass it to logs, spans and tools. */
  readonly scope: RunScope;
  /** Records the tokens and cost of one model call of this step, under the bundle the step runs on. */
  usage(usage: ModelUsage): void;
}

/**
 * How a finish ended. `superseded`: another owner has the run. `expired`: its deadline passed first. `deferred`: steps
 * were still running; the pin goes when they end. `unconfirmed`: the store did not answer; this process goes on
 * trying and tells `finish-settled`, and where it cannot the pin expires by itself.
 */
export type FinishResult = "finished" | "superseded" | "expired" | "deferred" | "unconfirmed";

/** One run held by this process. */
export interface Run<P = undefined> {
  readonly id: string;
  readonly scope: RunScope;
  readonly bundle: Bundle;
  readonly pipeline: P;
  /** False on an attached run: it may step, and may not finish, extend or migrate. */
  readonly owner: boolean;
  /** Store time (ms) after which no step starts; null where runs are only tagged. */
  readonly deadline: number | null;
  /** Takes the run to another process; null where runs are only tagged. Changes with every extension and migration. */
  readonly token: string | null;
  readonly signal: AbortSignal;
  /** Aborts when the deadline is near: time to checkpoint. Ask again after an extension: the new deadline has its own. */
  readonly expiring: AbortSignal;
  /**
   * Runs `fn` at once with the whole bundle: no store call and no `await` comes before it.
   * Rejects with `run-expired`, `run-finished`, `run-superseded` or `run-cancelled` instead of starting it.
   */
  step<T>(name: string, fn: (context: StepContext<P>) => T | Promise<T>): Promise<T>;
  /** Records the tokens and cost of one model call under the bundle the run is on now. */
  usage(usage: ModelUsage): void;
  /** Moves the deadline by up to `byMs`, never past acceptance + the policy's `maxAgeMs`; resolves with the new one. */
  extend(byMs: number): Promise<number>;
  /** Moves the run to another bundle on the route, between steps. It is `mixed` from then on. Rejects with `run-busy` during a step. */
  migrate(options: { readonly to: string; readonly reason: string }): Promise<void>;
  /** The op that makes a host's own commit fail once this owner is superseded. Throws `store-lacks-capability` where runs are only tagged. */
  fence(): StoreOp;
  /**
   * Lets go of the run here without ending it, between steps: returns the token that resumes it elsewhere. A finish here
   * answers `superseded` from then on. Also the way to leave an attached run. Throws `run-busy` during a step.
   */
  park(): string;
  /** Takes the pin back. Never rejects for the store's sake; the second call answers like the first. Rejects with `not-owner` on an attached run. */
  finish(options: { readonly outcome: RunOutcome }): Promise<FinishResult>;
}

/** What a run is started with. */
export interface StartOptions<P = undefined> {
  /** The caller's id for the work (a job, a thread): a second start gets the first run back. */
  readonly id?: string;
  /** What a canary sticks to: a user, a tenant, a conversation. @default the run's id */
  readonly key?: string;
  readonly labels?: Labels;
  /** Only for runs outside production. @default by what chose the bundle */
  readonly class?: Exclude<TrafficClass, "live" | "canary">;
  /** Names a bundle on the route outright; the run is a `preview` unless `class` says otherwise. */
  readonly bundle?: string;
  /** Inherits the parent's bundle; the deadline is at most the parent's. A run of any agent, or its token. */
  readonly parent?: Run<unknown> | Run<P> | string;
  /** A shorter deadline than the policy's. @default policy.maxAgeMs */
  readonly maxAgeMs?: number;
}

/** Where a run went. Not placed: this process does not serve its bundle; send `token` to one that does. */
export type StartResult<P> =
  | { readonly placed: true; readonly run: Run<P> }
  | { readonly placed: false; readonly bundle: string; readonly token: string };

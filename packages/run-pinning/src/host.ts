import type {
  AgentKeys,
  Bundle,
  BundleId,
  Clock,
  Instrument,
  Router,
  RunEvents,
  RunScope,
  Store,
} from "@verdigris/contracts";
import type { EventHub, StoreTime } from "@verdigris/router";
import type { Deadlines } from "./deadlines.ts";
import type { UnsettledFinishes } from "./finish-run.ts";
import type { HeldRuns } from "./held-runs.ts";
import type { Pipelines } from "./pipelines.ts";
import type { LocalRun } from "./run.ts";

/** A place for the current scope, such as Node's AsyncLocalStorage: a convenience, never the truth. */
export interface ScopeStorage {
  run<T>(scope: RunScope, fn: () => T): T;
  getStore(): RunScope | undefined;
}

/** What the parts of one process share. */
export interface RunHost<P> {
  readonly agent: string;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly events: EventHub<RunEvents>;
  readonly pipelines: Pipelines<P>;
  /** Runs owned by this process. */
  readonly held: HeldRuns<LocalRun<P>>;
  /** Runs it only looks in on. */
  readonly attached: Set<LocalRun<P>>;
  /** Aborts when the process lets go of everything. */
  readonly closing: AbortSignal;
  readonly instruments: readonly Instrument[];
  readonly scopeStorage: ScopeStorage | null;
  readonly bundleOf: (id: BundleId) => Promise<Bundle>;
  readonly serves: (bundle: Bundle) => boolean;
  readonly unsettled: UnsettledFinishes;
  /** Null in a process that only tags its runs. */
  readonly pinned: PinnedHost | null;
}

/** What pins need on top. */
export interface PinnedHost {
  readonly store: Store;
  readonly router: Router;
  readonly keys: AgentKeys;
  readonly time: StoreTime;
  readonly deadlines: Deadlines;
  monotonic(): number;
  /** Store time where it can be trusted, without a promise; NaN where {@link PinnedHost.freshTime} must be asked. */
  timeAtHand(): number;
  /** Re-reads store time when it cannot be trusted: slept, or older than a minute. */
  freshTime(): Promise<number>;
  /** How many named starts may still go on record now; the rest are counted. */
  readonly notices: { take(): { readonly suppressed: number } | null };
}

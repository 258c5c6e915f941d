import type { Bundle, BundleId } from "./bundle.ts";
import type { Clock } from "./clock.ts";
import type { Unsubscribe, VerdigrisEvents } from "./events.ts";
import type { Route } from "./route.ts";
import type { RunScope, RunScore, ScoredRun } from "./run.ts";
import type { Signal } from "./signal.ts";
import type { Store } from "./store.ts";

/**
 * Watches runs and steps: where telemetry and detectors plug in. It can neither change a result nor fail a run nor hold it
 * up: `next` is called for it when it has not done so by its first `await`.
 */
export interface Instrument {
  /** True while nobody would be told: then runs and steps are not wrapped at all. Asked before each of them. */
  idle?(): boolean;
  run?<T>(scope: RunScope, next: () => Promise<T>): Promise<T>;
  step?<T>(scope: RunScope, next: () => Promise<T>): Promise<T>;
  /** Called once with the process the instrument is given to; what it returns is called when that process closes, and waited for. */
  connect?(process: InstrumentedProcess): () => void | Promise<void>;
}

/** An instrument that watches bundles by rules. */
export interface SignalReader extends Instrument {
  /** What every rule says of a bundle now. @default the candidate while it is a canary, else the live bundle */
  signals(bundle?: BundleId): Promise<readonly Signal[]>;
}

/** What an instrument may know of its process. */
export interface InstrumentedProcess {
  readonly agent: string;
  /** Null where runs are only tagged. */
  readonly store: Store | null;
  readonly clock: Clock;
  readonly newId: () => string;
  /** Store time in milliseconds, or the clock's where there is no store; 0 before the store's first reply. */
  now(): number;
  /** The route in force here; null where there is none. */
  route(): Route | null;
  /** Rejects with `bundle-unknown`. */
  bundle(id: BundleId): Promise<Bundle>;
  /** Tells operators of something, as the event `instrument-warning`. */
  warn(source: string, message: string): void;
  /** Tells what is said of a run, as the event `run-scored`: for all who count or show it. */
  score(scope: ScoredRun, score: RunScore): void;
  /** Tells what a detector says, as the event `signal`. */
  signal(signal: Signal): void;
  /** Tells that records of usage are lost, as the event `usage-lost`. */
  usageLost(records: number, error: unknown): void;
  on<E extends keyof VerdigrisEvents>(event: E, fn: (payload: VerdigrisEvents[E]) => void): Unsubscribe;
}

import type { BundleId, Digest } from "./bundle.ts";
import type { Assignment, RouterEvents } from "./router.ts";
import type { ModelUsage, RunOutcome, RunScope, RunScore, ScoredRun, TrafficClass } from "./run.ts";
import type { Signal } from "./signal.ts";

/** Stops what it was returned for. Calling it twice is harmless. */
export type Unsubscribe = () => void;

/** Why a run is on its bundle: the route's own answer, or what went before it. */
export interface RoutingDecision {
  /**
   * `named` by the caller, `inherited` from the parent, decided `elsewhere` by a process that does not serve the bundle, or
   * the `only` bundle there is.
   */
  readonly reason: Assignment["reason"] | "named" | "inherited" | "elsewhere" | "only";
  /** Generation of the route it was decided on; null without one. */
  readonly generation: number | null;
}

/** Everything a process can be told about its runs. Payloads are plain, frozen data. */
export interface RunEvents {
  "run-started": {
    readonly scope: RunScope;
    readonly deadline: number | null;
    /** Store time at which the run was accepted; null where runs are only tagged. */
    readonly acceptedAt: number | null;
    readonly routing: RoutingDecision;
  };
  /** This process took up a run that another one, or this one earlier, had begun. */
  "run-resumed": { readonly scope: RunScope; readonly deadline: number; readonly acceptedAt: number };
  /** This process let go of a run without finishing it: parked, taken up elsewhere, expired, cancelled, or the process closes. */
  "run-released": {
    readonly scope: RunScope;
    readonly reason: "run-superseded" | "run-expired" | "run-cancelled";
  };
  "run-finished": {
    readonly scope: RunScope;
    readonly outcome: RunOutcome;
    readonly durationMs: number;
    readonly usage: readonly ModelUsage[];
    /** True where the store has not confirmed it: `finish-settled` tells what became of it, and who counts runs waits for that. */
    readonly unconfirmed?: true;
  };
  /** Time to checkpoint: the run's deadline is near. */
  "run-expiring": { readonly scope: RunScope; readonly deadline: number };
  /** A run passed its deadline: here, or swept for a process that is gone. */
  "run-expired": {
    readonly run: string;
    readonly bundle: BundleId;
    readonly deadline: number;
    /** False where its pin was swept: told once for every expired run, whoever held it. */
    readonly local: boolean;
    readonly class: TrafficClass;
    /** True for a run that had been on several bundles. */
    readonly mixed: boolean;
    /** From its acceptance to its deadline. */
    readonly ageMs: number;
  };
  "run-migrated": { readonly scope: RunScope; readonly from: BundleId; readonly reason: string };
  "run-cancelled": { readonly scope: RunScope; readonly reason: string };
  /** The pin could not be taken back yet; this process goes on trying, and the run's result stands. */
  "finish-failed": { readonly scope: RunScope; readonly error: unknown };
  /**
   * The store has answered for a finish it had not confirmed: it is on record, or another process had taken the run up, or it had
   * passed its deadline and is told as swept. Not told by a process that is closed before.
   */
  "finish-settled": {
    readonly scope: RunScope;
    readonly outcome: RunOutcome;
    /** As `run-finished` told it. */
    readonly durationMs: number;
    readonly result: "finished" | "superseded" | "expired";
  };
  /** A timed sweep stopped early, so expired pins may be left; the next one tries again. One asked for by name rejects instead. */
  "sweep-failed": { readonly error: unknown };
  usage: { readonly scope: RunScope; readonly usage: ModelUsage };
  /** A run was judged, by a scorer or a person; it may have ended long ago. */
  "run-scored": { readonly scope: ScoredRun; readonly score: RunScore };
  "pipeline-loaded": { readonly bundle: BundleId; readonly durationMs: number };
  "pipeline-unloaded": { readonly bundle: BundleId };
  "load-failed": { readonly bundle: BundleId; readonly error: unknown };
  "unload-failed": { readonly bundle: BundleId; readonly error: unknown };
  /** A piece is not what its bundle says any more: told once for each content that is found. */
  "piece-drift": {
    readonly bundle: BundleId;
    readonly piece: "prompts" | "indexes" | "tools";
    readonly entry: string;
    readonly expected: Digest;
    readonly found: Digest;
  };
  /** A piece could not be looked at, so nobody can say whether it has drifted. */
  "piece-check-failed": {
    readonly bundle: BundleId;
    readonly piece: "prompts" | "indexes" | "tools";
    readonly entry: string;
    readonly error: unknown;
  };
  /** What a rule of the detectors says has changed: its status, or the bundle that is watched. */
  signal: Signal;
  /** Records of usage that will not reach the ledger: the store was away for too long, or refused them. */
  "usage-lost": { readonly records: number; readonly error: unknown };
  /** Something an operator should know of an instrument; every run goes on as if it were not there. */
  "instrument-warning": { readonly source: string; readonly message: string };
  /** A listener or an instrument threw; the run went on. */
  "listener-failed": { readonly source: string; readonly error: unknown };
}

/** What `on(event, fn)` of the umbrella reports. */
export type VerdigrisEvents = RunEvents & RouterEvents;

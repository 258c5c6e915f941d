import type {
  BundleId,
  Clock,
  Digest,
  JsonValue,
  ReleaseOutcome,
  ReleasePhase,
  ReleasePlan,
  ReleaseRecord,
  Skippable,
  Store,
} from "@verdigris/contracts";
import type { ActorInput, Authorize, Identity } from "@verdigris/run-pinning";
import type { WayBackCheck } from "./back/check-way-back.ts";
import type { DeniedBundle } from "./back/deny-list.ts";
import type { DrillReport } from "./back/drill-records.ts";
import type { RollbackReport } from "./back/roll-back.ts";
import type { Driver } from "./drive/driver.ts";
import type { ReleasePorts } from "./drive/ports.ts";
import type { PlanForecast } from "./plan/explain.ts";
import type { ReleasePlanInput } from "./plan/plan-input.ts";
import type { HistoryLine } from "./records/history.ts";
import type { ReleaseStatus } from "./records/release-status.ts";

/** Everything about releases that may be allowed or refused. */
export type ReleaseVerb =
  | "release-start"
  | "release-approve"
  | "release-hold"
  | "release-resume"
  | "release-abort"
  | "release-retry"
  | "release-skip"
  | "rollback"
  | "drill"
  | "deny"
  | "lift";

/** Options of {@link createOnCall}: an agent and its store are enough to look, to approve and to roll back. */
export interface OnCallOptions extends Pick<ReleasePorts, "state" | "touched"> {
  readonly agent: string;
  readonly store: Store;
  /** Who acts, as this process says. @default a machine named "unidentified" */
  readonly actor?: ActorInput;
  /** Who acts, as the host knows; then no caller may name an actor. @default callers declare themselves, and are marked so */
  readonly identity?: Identity;
  /** Asked for every verb; what is not a yes within 5 s refuses. @default everything is allowed */
  readonly authorize?: Authorize<ReleaseVerb>;
  readonly clock?: Clock;
  /** @default random UUIDs */
  readonly newId?: () => string;
}

/** Options of {@link createReleases}. */
export interface ReleasesOptions extends OnCallOptions, ReleasePorts {
  /** How often a driver looks. @default 30000 */
  readonly tickMs?: number;
  /** Told of what a driver could not do and tries again. @default nobody is */
  readonly onError?: (error: unknown) => void;
}

/** Who and why; a name stands for the person of that name. */
export interface Asking {
  readonly actor?: ActorInput;
  readonly reason: string;
  /** @default the release under way */
  readonly release?: string;
}

/** What a release is started with. */
export interface StartOptions {
  readonly bundle: BundleId;
  readonly plan: ReleasePlan | ReleasePlanInput;
  readonly reason: string;
  readonly actor?: ActorInput;
  /** Asked again under the same id, a start answers with the release it started. @default a fresh id */
  readonly id?: string;
  /** Takes over from a release that is not through; its bundle stays unproven. @default false */
  readonly supersede?: boolean;
  /** Why a release in quarantine may be settled while its signals are still `watching`. */
  readonly handOver?: string;
  /** Goes forward though there is no healthy bundle to go back to; for a person only. @default false */
  readonly emergency?: boolean;
}

/** Everything about an agent's releases but to start and to drive them. Everything it answers is plain data. */
export interface OnCall extends AsyncDisposable {
  readonly agent: string;
  /** Says yes to the bundle and to `evidence`, as `status()` shows it: any other attempt or answer needs another yes. */
  approve(options: Asking & { readonly evidence: Digest }): Promise<ReleaseRecord>;
  /** Stops every step forward, of the route too; never a rollback. */
  hold(options: Asking): Promise<ReleaseRecord>;
  /** Ends a hold. What stood in the way is asked again; alarms are taken note of under the caller's name. */
  resume(options: Asking): Promise<ReleaseRecord>;
  /** Ends a release before its switch. */
  abort(options: Asking): Promise<ReleaseRecord>;
  /** Asks again what did not pass, or begins a halted release anew; never on what it was told before. */
  retry(options: Asking): Promise<ReleaseRecord>;
  /** Passes over a gate, shown for the rest of the release. */
  skip(options: Asking & { readonly gate: Skippable }): Promise<ReleaseRecord>;
  /** Sends new runs back in one commit, driver or no driver; see {@link RollbackReport}. */
  rollback(options: {
    readonly reason: string;
    readonly actor?: ActorInput;
    readonly force?: boolean;
  }): Promise<RollbackReport>;
  /** Practises a rollback for real and times it. */
  drill(options: {
    readonly reason: string;
    readonly actor?: ActorInput;
    /** @default the rollback of the release in quarantine */
    readonly bundle?: BundleId;
    /** Share of keys that takes part. @default 100 */
    readonly percent?: number;
    /** How long to wait for the last run to leave. @default 60000 */
    readonly drainMs?: number;
  }): Promise<DrillReport>;
  /** Ends a drill whose process died; false when there is none. */
  recoverDrill(options: { readonly reason: string; readonly actor?: ActorInput }): Promise<boolean>;
  drills(): Promise<readonly DrillReport[]>;
  /** Resolves once the release has reached a phase or ended; rejects with `release-refused` when it ended before it. */
  waitUntil(
    phase: ReleasePhase | ReleaseOutcome,
    options?: { readonly release?: string; readonly signal?: AbortSignal; readonly pollMs?: number },
  ): Promise<ReleaseRecord>;
  status(options?: { readonly release?: string }): Promise<ReleaseStatus>;
  list(): Promise<readonly ReleaseRecord[]>;
  /** Everything that ever happened to a release, verified. */
  history(release: string): Promise<readonly HistoryLine[]>;
  /** Evidence that is kept here, checked against its digest; null where it is kept elsewhere. */
  evidence(digest: Digest): Promise<JsonValue | null>;
  /** Whether going back from the release's bundle would work now. */
  checkRollback(options?: { readonly release?: string }): Promise<WayBackCheck>;
  /** Whether a bundle must not go live: what a deploy pipeline asks before it deploys it again. */
  isDenied(bundle: BundleId): Promise<boolean>;
  denied(): Promise<readonly DeniedBundle[]>;
  deny(bundle: BundleId, options: { readonly reason: string; readonly actor?: ActorInput }): Promise<void>;
  /** Takes a bundle off the deny list; false when it was not on it. */
  lift(bundle: BundleId, options: { readonly reason: string; readonly actor?: ActorInput }): Promise<boolean>;
  /** Stops driving. The store stays open: it is the caller's. */
  close(): Promise<void>;
}

/** The releases of one agent: what the on-call has, and what starts and drives them. */
export interface Releases extends OnCall {
  /** Puts a release on record; a driver takes it from there. */
  start(options: StartOptions): Promise<ReleaseRecord>;
  /** Which phase cannot conclude in its time at the measured rate of runs, and what would. */
  explain(plan: ReleasePlan | ReleasePlanInput): Promise<PlanForecast>;
  /** Drives releases from now on, in this process, until it is closed; it keeps no process alive. Any number may: one does. */
  drive(): Driver;
}

import type { PieceCheck } from "@verdigris/bundle";
import type {
  Audience,
  Bundle,
  BundleId,
  NodeMode,
  NodeView,
  Route,
  RoutePolicy,
  Router,
  RunScope,
  Signal,
  Unsubscribe,
  VerdigrisEvents,
} from "@verdigris/contracts";
import type {
  ActorInput,
  BundleStatus,
  DrainReport,
  InFlightRun,
  RecycleCheck,
  RecycleResult,
  Run,
  RunCount,
  StartOptions,
  StartResult,
} from "@verdigris/run-pinning";
import type { Observations } from "./observations.ts";
import type { MoveFacts, MoveReceipt, SafeMoveFacts } from "./options.ts";
import type { RecordKeeping } from "./record-keeping.ts";

/** One bundle as `status()` shows it. */
export interface BundleLine {
  readonly bundle: BundleId;
  readonly status: BundleStatus;
  readonly inFlight: RunCount | null;
  /** Store time by which a retiring bundle is drained whatever happens. */
  readonly drainedBy: number | null;
}

/** What an operator sees first. */
export interface VerdigrisStatus {
  readonly agent: string;
  /** 0 while the agent has no route. */
  readonly generation: number;
  readonly route: Route | null;
  readonly bundles: readonly BundleLine[];
  /** Store time of this answer; null without a store. */
  readonly at: number | null;
}

/** One agent in one process: tags its runs, chooses their bundle, keeps them on it, moves the route. */
export interface Verdigris<P = undefined> extends AsyncDisposable, RecordKeeping, Observations {
  readonly agent: string;
  /** Null in a process that only tags its runs. */
  readonly router: Router | null;
  /** Registers the process's own bundle and reads the route. Every other call does this first by itself. */
  ready(): Promise<void>;

  /** Accepts a run: its pin is on record, fenced by the route, before this resolves. */
  start(options?: StartOptions<P>): Promise<StartResult<P>>;
  /**
   * Starts a run, gives it to `fn` and finishes it: `completed` when `fn` returns, `failed` when it throws. What `fn`
   * returns or throws is the outcome, whatever the store says to the finish. Throws `run-not-placed` with `bundle` and `token`.
   */
  run<T>(options: StartOptions<P>, fn: (run: Run<P>) => T | Promise<T>): Promise<T>;
  /** Takes a run up from its token; see `RunPinning.resume`. */
  resume(token: string, options?: { readonly takeover?: boolean }): Promise<Run<P>>;
  /** Looks in on a run without owning it. */
  attach(token: string): Promise<Run<P>>;
  /** A run this process holds. */
  get(run: string): Run<P> | undefined;
  /** The scope of the step this is called in. Needs `scopeStorage`; throws `no-scope` outside of one, never a default. */
  current(): RunScope;

  /**
   * Makes a bundle known to every process of the agent. One id, one digest: `bundle-id-taken` otherwise. `contents` are
   * texts the bundle names by digest (prompts, examples and contracts as canonical JSON): kept beside it, so that shipping
   * a prompt redeploys nothing.
   */
  register(
    bundle: Bundle,
    options?: { readonly contents?: readonly string[]; readonly actor?: ActorInput },
  ): Promise<{ readonly registered: boolean }>;
  /** A registered bundle, from this process or the store: what `diffBundles` compares. Rejects with `bundle-unknown`. */
  bundle(id: BundleId): Promise<Bundle>;
  /** Makes a bundle the candidate: processes load it, canaries and previews may use it. */
  stage(
    options: MoveFacts & {
      readonly bundle: BundleId;
      readonly supersede?: boolean;
      readonly policy?: Partial<RoutePolicy>;
    },
  ): Promise<MoveReceipt>;
  /** Sends a sticky share, and named runs, to the candidate. Lowering it needs no `expect`. */
  setCanary(
    options: SafeMoveFacts & {
      readonly percent: number;
      readonly include?: Audience;
      readonly exclude?: Audience;
    },
  ): Promise<MoveReceipt>;
  /** Sends new runs to a bundle. Once it resolves, no process anywhere can start a root run on the old one. */
  flip(
    options: MoveFacts & {
      readonly to: BundleId;
      readonly supersede?: boolean;
      readonly holdbackPercent?: number;
      readonly policy?: Partial<RoutePolicy>;
    },
  ): Promise<MoveReceipt>;
  /** Makes the live bundle the one a rollback goes to; the old one retires. */
  settle(options: MoveFacts): Promise<MoveReceipt>;
  /** Sends new runs back to the stable bundle, clearing candidate, canary and holdback. Always open; idempotent. */
  rollback(options?: SafeMoveFacts): Promise<MoveReceipt>;
  /** Takes the candidate off. */
  drop(options?: SafeMoveFacts): Promise<MoveReceipt>;
  /** Refuses every forward move until `release`; never a rollback. */
  hold(options: SafeMoveFacts & { readonly reason: string }): Promise<MoveReceipt>;
  release(options: MoveFacts): Promise<MoveReceipt>;
  /**
   * Goes on after a store that went backwards or lost its data (`store-regressed`): `live` takes new runs, every process
   * that knows no later generation follows, runs whose pins are left go on, and the audit says what is missing. `expect` is the
   * generation the store gives now, 0 for no route. The actor must be a person or a policy. Refused (`move-refused`) where
   * nothing has regressed. See `docs/guides/store-went-backwards.md`.
   */
  reanchor(
    options: MoveFacts & {
      readonly live: BundleId;
      /** Where a rollback goes. @default live */
      readonly stable?: BundleId;
      readonly policy?: Partial<RoutePolicy>;
    },
  ): Promise<MoveReceipt>;
  /**
   * Writes records in a later format from now on; there is no way back. Refused (`move-refused`, `details.nodes`) while living
   * nodes cannot read it, unless forced. Do it once the whole fleet runs the release that reads it.
   */
  raiseFormat(
    options: MoveFacts & {
      /** @default the latest format this release reads */
      readonly to?: number;
      readonly force?: boolean;
    },
  ): Promise<MoveReceipt>;

  /** How well this process hears of moves; null without a router, or where it reads on demand. */
  mode(): NodeMode | null;
  /** Every process that keeps a node record: what it serves, its SDK and formats, the generation it applied, mode and age. */
  nodes(): Promise<readonly NodeView[]>;
  status(): Promise<VerdigrisStatus>;
  /** One page of unfinished runs of a bundle, wherever they are, soonest deadline first. */
  inFlight(options: {
    readonly bundle: BundleId;
    readonly after?: string;
    readonly limit?: number;
  }): Promise<{
    readonly runs: readonly InFlightRun[];
    readonly next: string | null;
  }>;
  drainReport(bundle: BundleId): Promise<DrainReport>;
  /** Resolves when the bundle has no unfinished run or its bound has passed; at once under the strategy `pin`. */
  drain(
    bundle: BundleId,
    options?: { readonly signal?: AbortSignal; readonly pollMs?: number },
  ): Promise<DrainReport>;
  canRecycle(bundle: BundleId): Promise<RecycleCheck>;
  recycle(bundle: BundleId, options: Pick<MoveFacts, "reason" | "actor">): Promise<RecycleResult>;
  /**
   * Compares the prompts, indexes and tools of a bundle, or of all that stand in this process, as they are now with what the
   * bundle says, by the functions of the option `pieces`. Drift is told as `piece-drift` too.
   */
  checkPieces(bundle?: BundleId): Promise<readonly PieceCheck[]>;
  /** Removes pins past their deadline now; resolves with how many. */
  sweep(): Promise<number>;

  /**
   * What the detectors say of a bundle now, rule by rule: `alarm`, `clear` or `watching`, with the numbers and the reason. Rejects with
   * `invalid-argument` where this process has no detectors. @default the candidate while it is a canary, else the live bundle
   */
  signals(bundle?: BundleId): Promise<readonly Signal[]>;

  /** Calls `fn` on every event of the name. What it throws is reported as `listener-failed`. */
  on<E extends keyof VerdigrisEvents>(event: E, fn: (payload: VerdigrisEvents[E]) => void): Unsubscribe;
  /** Stops watching, lets go of runs (their pins stay) and unloads pipelines. The store stays open: it is the caller's. */
  close(): Promise<void>;
}

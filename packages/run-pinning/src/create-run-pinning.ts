import {
  type Actor,
  agentKeys,
  type Bundle,
  type BundleId,
  type Clock,
  type Instrument,
  InvalidArgumentError,
  type Router,
  type RunEvents,
  requireId,
  type Store,
  systemClock,
  VerdigrisError,
} from "@verdigris/contracts";
import { createStoreTime, type EventHub, type StoreTime } from "@verdigris/router";
import { createDeadlines } from "./deadlines.ts";
import { type DrainReport, drainReport, waitForDrain } from "./drain.ts";
import { createUnsettledFinishes, removePin } from "./finish-run.ts";
import { createHeldRuns } from "./held-runs.ts";
import type { PinnedHost, RunHost, ScopeStorage } from "./host.ts";
import { type InFlightRun, listInFlight } from "./in-flight.ts";
import { createNotices } from "./notices.ts";
import { createPipelines } from "./pipelines.ts";
import { canRecycle, type RecycleCheck, type RecycleResult, recycleBundle } from "./recycle.ts";
import { attachRun, resumeRun } from "./resume-run.ts";
import { applyRollbackPolicy } from "./rollback-policy.ts";
import { createRunIds } from "./run-ids.ts";
import type { Run, StartOptions, StartResult } from "./run-types.ts";
import { startRun } from "./start-run.ts";
import { createSweeper, sweepExpired } from "./sweep.ts";
import { tagRun } from "./tag-run.ts";

/** Options of {@link createRunPinning}. */
export interface RunPinningOptions<P> {
  readonly agent: string;
  /** Finds a bundle by its id; rejects with `bundle-unknown`. */
  readonly bundleOf: (id: BundleId) => Promise<Bundle>;
  readonly events: EventHub<RunEvents>;
  /** Without a store runs are only tagged. */
  readonly store?: Store;
  /** Required with a store. Alone it chooses the bundle of runs that are only tagged. */
  readonly router?: Router;
  /** The bundle of runs that are only tagged, where there is no router. */
  readonly fallback?: BundleId;
  /** Shared with the router, so that its reads keep it fresh. @default its own */
  readonly time?: StoreTime;
  /** Stands a bundle up in this process. @default a pipeline of `undefined` */
  readonly load?: (bundle: Bundle) => P | Promise<P>;
  readonly unload?: (pipeline: P, bundle: Bundle) => void | Promise<void>;
  /** @default everything */
  readonly serves?: (bundle: Bundle) => boolean;
  /** The first one is outermost. */
  readonly instrument?: Instrument | readonly Instrument[];
  readonly scopeStorage?: ScopeStorage;
  readonly clock?: Clock;
  /** @default a monotonic ULID factory */
  readonly newId?: () => string;
  /** How often this process sweeps expired pins; "never" leaves it to others. @default 30000 */
  readonly sweepMs?: number | "never";
}

/** The runs of one agent in one process. */
export interface RunPinning<P> {
  /** Accepts a run: its pin is written, fenced by the route, before this resolves. */
  start(options?: StartOptions<P>): Promise<StartResult<P>>;
  /**
   * Takes a run up from its token and becomes its owner; the older owner's finish answers `superseded`. A token older
   * than the last owner is refused with `run-superseded` unless `takeover` is set (a queue that delivers again).
   */
  resume(token: string, options?: { readonly takeover?: boolean }): Promise<Run<P>>;
  /** Looks in on a run: it may step, and may not finish, extend or migrate. */
  attach(token: string): Promise<Run<P>>;
  /** A run this process holds. */
  get(run: string): Run<P> | undefined;
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
  recycle(
    bundle: BundleId,
    facts: { readonly actor: Actor; readonly reason: string },
  ): Promise<RecycleResult>;
  /** Removes expired pins now; resolves with how many. */
  sweep(): Promise<number>;
  /** Loads bundles ahead of their first run. Failures are reported as `load-failed`. */
  preload(bundles: readonly BundleId[]): Promise<void>;
  /** Stops timers, lets go of the runs held here (their pins stay) and unloads pipelines. */
  close(): Promise<void>;
}

const timeGrowsOldMs = 60_000;
/** Readings of store time before giving up: each can be spoilt by a pause of this process. */
const timeReads = 3;

function createPinnedHost<P>(options: RunPinningOptions<P>, clock: Clock): PinnedHost | null {
  const { store, router } = options;
  if (store === undefined) return null;
  if (router === undefined)
    throw new VerdigrisError(
      "store-lacks-capability",
      "a store needs a router beside it: pass both or neither",
    );
  if (!store.capabilities.multiKey) {
    throw new VerdigrisError(
      "store-lacks-capability",
      "this store cannot commit several keys at once, which every run start needs: use another",
    );
  }
  const time = options.time ?? createStoreTime(clock);
  const timeAtHand = (): number => time.trusted(timeGrowsOldMs);
  const freshTime = async (): Promise<number> => {
    for (let tries = 0; tries <= timeReads; tries++) {
      const now = timeAtHand();
      if (!Number.isNaN(now)) return now;
      const sent = clock.monotonic();
      const { at } = await store.get([]);
      time.observe(at, sent);
    }
    const message = "the store's time keeps arriving too late to be told: look at what stops this process";
    throw new VerdigrisError("store-unavailable", message, { agent: options.agent });
  };
  const trueTime = (then: () => void): void => {
    if (!time.suspect()) then();
    else void freshTime().then(then, then);
  };
  const deadlines = createDeadlines(clock, time, trueTime);
  const keys = agentKeys(options.agent);
  return {
    store,
    router,
    keys,
    time,
    deadlines,
    timeAtHand,
    freshTime,
    monotonic: () => clock.monotonic(),
    notices: createNotices(clock),
  };
}

function onRoute(router: Router | undefined, bundle: BundleId): boolean {
  const route = router?.snapshot()?.route;
  if (route === undefined) return true;
  return (
    [route.live, route.stable, route.candidate].includes(bundle) ||
    route.retiring.some((item) => item.bundle === bundle)
  );
}

function createHost<P>(options: RunPinningOptions<P>, closing: AbortSignal): RunHost<P> {
  const {
    agent,
    events,
    clock = systemClock,
    bundleOf,
    serves = () => true,
    instrument = [],
    scopeStorage = null,
    newId,
  } = options;
  const load = options.load ?? ((() => undefined) as unknown as (bundle: Bundle) => P);
  const unload = options.unload ?? (() => {});
  const keep = (bundle: BundleId): boolean => onRoute(options.router, bundle);
  const pinned = createPinnedHost(options, clock);
  const remove: Parameters<typeof createUnsettledFinishes>[0]["remove"] = (pin, unanswered) =>
    pinned === null ? Promise.resolve("finished") : removePin(pinned, pin, unanswered);
  return {
    agent,
    clock,
    newId: newId === undefined ? createRunIds() : () => requireId("newId()", newId()),
    events,
    pipelines: createPipelines<P>({ load, unload, events, clock, keep }),
    held: createHeldRuns(),
    attached: new Set(),
    closing,
    instruments: Array.isArray(instrument) ? [...instrument] : [instrument as Instrument],
    scopeStorage,
    bundleOf,
    serves,
    pinned,
    unsettled: createUnsettledFinishes({ clock, events, remove }),
  };
}

/** Repeats the sweep, jittered by the time each takes; one at a time. */
function sweepEvery(
  everyMs: number,
  { clock, events }: Pick<RunHost<never>, "clock" | "events">,
  sweep: () => Promise<unknown>,
): () => void {
  if (!(everyMs >= 10 && everyMs <= 86_400_000))
    throw new InvalidArgumentError("sweepMs", `must be "never" or 10 to 86400000, got ${everyMs}`);
  let stopped = false;
  let cancel = clock.setTimer(again, everyMs);
  function again(): void {
    const rearm = (): void => {
      if (!stopped) cancel = clock.setTimer(again, everyMs);
    };
    sweep().then(rearm, (error: unknown) => {
      if (!stopped) events.emit("sweep-failed", { error });
      rearm();
    });
  }
  return () => {
    stopped = true;
    cancel();
  };
}

/** Creates the runs of one agent in one process. */
export function createRunPinning<P = undefined>(options: RunPinningOptions<P>): RunPinning<P> {
  const closing = new AbortController();
  const host = createHost(options, closing.signal);
  const { pinned, held } = host;
  const need = (): PinnedHost => {
    closing.signal.throwIfAborted();
    if (pinned !== null) return pinned;
    throw new VerdigrisError(
      "store-lacks-capability",
      `${host.agent} only tags its runs: pass a store to pin them`,
      { agent: host.agent },
    );
  };
  const sweeper = createSweeper(host.newId);
  let sweeping: Promise<unknown> = Promise.resolve();
  /** One at a time: of two, each would take the mark of the other for its own. */
  const sweep = (): Promise<number> => {
    const swept = sweeping.then(() => sweepExpired(need(), host.events, sweeper));
    sweeping = swept.catch(() => {});
    return swept;
  };
  const { sweepMs = 30_000 } = options;
  const stopSweep = pinned === null || sweepMs === "never" ? () => {} : sweepEvery(sweepMs, host, sweep);
  const stopWatching = options.router?.on("route", ({ route }) => {
    for (const run of held.values()) applyRollbackPolicy(run, route);
    host.pipelines.tidy();
  });

  return {
    start: (o = {}) => {
      const { aborted, reason } = closing.signal;
      if (aborted) return Promise.reject(reason);
      return pinned === null ? tagRun(host, options.router, options.fallback, o) : startRun(host, pinned, o);
    },
    resume: async (token, { takeover = false } = {}) => resumeRun(host, need(), token, takeover),
    attach: async (token) => attachRun(host, need(), token),
    get: (run) => held.get(run),
    inFlight: async (o) => listInFlight(need(), o),
    drainReport: async (bundle) => drainReport(need(), bundle),
    drain: async (bundle, o = {}) => waitForDrain(host, need(), bundle, o),
    canRecycle: async (bundle) => canRecycle(need(), bundle),
    recycle: async (bundle, facts) => recycleBundle(need(), bundle, facts),
    sweep,
    async preload(bundles) {
      await Promise.allSettled(
        bundles.map(async (id) => {
          const bundle = await host.bundleOf(id).catch((error: unknown) => {
            host.events.emit("load-failed", { bundle: id, error });
            throw error;
          });
          if (host.serves(bundle)) (await host.pipelines.acquire(bundle)).release();
        }),
      );
    },
    async close() {
      const { agent } = host;
      closing.abort(new VerdigrisError("closed", `${agent} is closed in this process`, { agent }));
      stopSweep();
      stopWatching?.();
      for (const run of [...held.values(), ...host.attached]) run.letGo();
      pinned?.deadlines.stop();
      host.unsettled.stop();
      await host.unsettled.settle();
      await host.pipelines.close();
    },
  };
}

import {
  type Bundle,
  type CodePiece,
  InvalidArgumentError,
  type Router,
  type RouterEvents,
  type RunEvents,
  type RunScope,
  requireId,
  systemClock,
  VerdigrisError,
} from "@verdigris/contracts";
import {
  completePolicy,
  createEventHub,
  createStoreRouter,
  defaultPolicy,
  type EventHub,
  type StoreTime,
} from "@verdigris/router";
import { createRunPinning, type RunPinning, type ScopeStorage } from "@verdigris/run-pinning";
import { type BundleRegistry, createBundleRegistry } from "./bundle-registry.ts";
import { actorOf, createMoves, type Move } from "./move.ts";
import type { VerdigrisOptions } from "./options.ts";
import { runScoped } from "./run-scoped.ts";
import { statusOf } from "./status.ts";
import { createVerbs } from "./verbs.ts";
import type { Verdigris } from "./verdigris.ts";

const routerEvents: readonly string[] = [
  "route",
  "store-regressed",
  "router-error",
] satisfies (keyof RouterEvents)[];

function servesCode(
  code: VerdigrisOptions<never>["code"] | CodePiece | undefined,
): (bundle: Bundle) => boolean {
  if (code === undefined) return () => true;
  // The build says more than the commit, where both sides know it.
  if (code.build !== undefined) return (bundle) => bundle.code.build === code.build;
  return (bundle) => bundle.code.commit === code.commit;
}

function checkOptions<P>(options: VerdigrisOptions<P>): void {
  requireId("agent", options.agent);
  if (options.policy !== undefined) completePolicy(defaultPolicy, options.policy);
  if (options.store === undefined && options.router === undefined && options.bundle === undefined) {
    throw new InvalidArgumentError(
      "bundle",
      "is required where there is no store and no router: it is what runs are tagged with",
    );
  }
  for (const name of ["load", "unload", "serves"] as const) {
    if (options[name] !== undefined && typeof options[name] !== "function")
      throw new InvalidArgumentError(name, "must be a function");
  }
}

interface Routing {
  readonly router: Router | null;
  readonly time: StoreTime | null;
  readonly own: boolean;
}

function routingOf<P>(options: VerdigrisOptions<P>): Routing {
  const { agent, store, clock = systemClock, watch = true } = options;
  if (options.router !== undefined) return { router: options.router, time: null, own: false };
  if (store === undefined) return { router: null, time: null, own: false };
  const router = createStoreRouter({ agent, store, clock, watch });
  return { router, time: router.time, own: true };
}

/** Registers the process's bundle and opens the route with it where the agent has none. */
async function getReady<P>(
  options: VerdigrisOptions<P>,
  routing: Routing,
  registry: BundleRegistry,
): Promise<void> {
  const { bundle, store, policy } = options;
  const { router } = routing;
  if (bundle !== undefined) await registry.register(bundle);
  if (router === null || (await router.refresh()) !== null || bundle === undefined || store === undefined)
    return;
  const result = await router.move({
    move: {
      verb: "open",
      bundle: bundle.id,
      policy: completePolicy(defaultPolicy, policy),
      incarnation: crypto.randomUUID(),
    },
    actor: actorOf(options.actor),
    reason: "the first bundle of the agent",
    expect: 0,
  });
  // Another process was first: its route stands.
  if (result.outcome === "conflict" || result.outcome === "refused") await router.refresh();
}

/** The options that are given, as they are: an absent one must stay absent. */
function pick<T extends object, K extends keyof T>(from: T, names: readonly K[]): Pick<T, K> {
  return Object.fromEntries(
    names.filter((name) => from[name] !== undefined).map((name) => [name, from[name]]),
  ) as Pick<T, K>;
}

function pinningOf<P>(
  options: VerdigrisOptions<P>,
  routing: Routing,
  registry: BundleRegistry,
  events: EventHub<RunEvents>,
): RunPinning<P> {
  const { agent, bundle, clock = systemClock } = options;
  const { router } = routing;
  return createRunPinning<P>({
    ...pick(options, ["load", "unload", "instrument", "scopeStorage", "newId", "sweepMs", "store"]),
    ...(router === null ? {} : { router }),
    ...(routing.time === null ? {} : { time: routing.time }),
    ...(bundle === undefined ? {} : { fallback: bundle.id }),
    agent,
    events,
    clock,
    bundleOf: registry.get,
    serves: options.serves ?? servesCode(options.code ?? bundle?.code),
  });
}

/** Loads what the route names ahead of its first run; returns what stops it. */
function preloadFromRoute(
  router: Router | null,
  preload: (bundles: readonly string[]) => Promise<void>,
): () => void {
  const stop = router?.on("route", ({ route }) => {
    const wanted = [route.live, route.stable, route.candidate].filter((id) => id !== null);
    void preload([...new Set(wanted)]);
  });
  return stop ?? (() => {});
}

/** The moves of this process, once it is ready; there are none where runs are only tagged. */
async function movesOf<P>(
  options: VerdigrisOptions<P>,
  router: Router | null,
  ready: () => Promise<void>,
): Promise<Move> {
  const { agent } = options;
  if (router === null) {
    const message = `${agent} only tags its runs: pass a store to move its route`;
    throw new VerdigrisError("store-lacks-capability", message, { agent });
  }
  await ready();
  return createMoves(router, actorOf(options.actor));
}

/** The scope of the run this is called in; there is no default, or work would be billed to the wrong bundle. */
function scopeHere(agent: string, storage: ScopeStorage | undefined): RunScope {
  const scope = storage?.getStore();
  if (scope !== undefined) return scope;
  const message = "there is no run here: pass the scope on explicitly, or call this inside a step";
  throw new VerdigrisError("no-scope", message, { agent });
}

/** Runs `work` once however many ask, and again after a failure. */
function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | null = null;
  return () => {
    running ??= work().catch((error: unknown) => {
      running = null;
      throw error;
    });
    return running;
  };
}

/**
 * One agent in this process. Adoption goes in steps: with only `bundle` it tags runs; a `store` adds pins and flips;
 * `load` adds the choice of pipeline per step. Throws `invalid-argument` for options that cannot work together.
 */
export function createVerdigris<P = undefined>(options: VerdigrisOptions<P>): Verdigris<P> {
  checkOptions(options);
  const { agent, store = null, clock = systemClock } = options;
  const events: EventHub<RunEvents> = createEventHub<RunEvents>((source, error) => {
    if (source !== "listener-failed") events.emit("listener-failed", { source, error });
  });
  const routing = routingOf(options);
  const { router } = routing;
  const registry = createBundleRegistry(agent, store, () => routing.time?.now() ?? clock.now());
  const pinning = pinningOf(options, routing, registry, events);
  const getReadyOnce = once(() => getReady(options, routing, registry));
  const ready = async (): Promise<void> => {
    if (closing !== null) throw new VerdigrisError("closed", `${agent} is closed in this process`, { agent });
    return getReadyOnce();
  };
  const stopPreloading = options.load === undefined ? () => {} : preloadFromRoute(router, pinning.preload);
  const start: Verdigris<P>["start"] = async (o = {}) => {
    await ready();
    return await pinning.start(o);
  };
  const shutDown = async (): Promise<void> => {
    stopPreloading();
    await pinning.close();
    if (routing.own) await router?.close();
    events.clear();
  };
  let closing: Promise<void> | null = null;
  const close = (): Promise<void> => {
    closing ??= shutDown();
    return closing;
  };

  return {
    agent,
    router,
    ready,
    start,
    run: (o, fn) =>
      runScoped({ start, instrument: options.instrument, scopeStorage: options.scopeStorage, events }, o, fn),
    resume: async (token, o) => ready().then(() => pinning.resume(token, o)),
    attach: async (token) => ready().then(() => pinning.attach(token)),
    get: pinning.get,
    current: () => scopeHere(agent, options.scopeStorage),
    register: async (added) => ready().then(async () => ({ registered: await registry.register(added) })),
    ...createVerbs(() => movesOf(options, router, ready)),
    status: async () =>
      ready().then(() => statusOf(agent, router, routing.time, store === null ? null : pinning)),
    inFlight: async (o) => ready().then(() => pinning.inFlight(o)),
    drainReport: pinning.drainReport,
    drain: pinning.drain,
    canRecycle: pinning.canRecycle,
    async recycle(id, { reason, actor }) {
      if (typeof reason !== "string" || reason.trim() === "")
        throw new InvalidArgumentError("reason", "is required for recycle: say why");
      await ready();
      return pinning.recycle(id, { reason, actor: actorOf(actor, actorOf(options.actor)) });
    },
    sweep: pinning.sweep,
    on(event, fn) {
      if (routerEvents.includes(event))
        return router?.on(event as keyof RouterEvents, fn as never) ?? (() => {});
      return events.on(event as keyof RunEvents, fn as never);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

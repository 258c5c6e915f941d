import {
  InvalidArgumentError,
  type Router,
  type RunScope,
  type SignalReader,
  VerdigrisError,
} from "@verdigris/contracts";
import { completePolicy, defaultPolicy } from "@verdigris/router";
import type { ActorInput, RunPinning, ScopeStorage, StartOptions } from "@verdigris/run-pinning";
import { connectInstruments, onEvent } from "./instruments.ts";
import { createMoves, type Move } from "./move.ts";
import { createObservations } from "./observations.ts";
import type { VerdigrisOptions } from "./options.ts";
import { assemble, type Parts } from "./parts.ts";
import { createRecords } from "./record-keeping.ts";
import { runScoped } from "./run-scoped.ts";
import { statusOf } from "./status.ts";
import { tellOfBundles } from "./tell-of-bundles.ts";
import type { Verb } from "./verb.ts";
import { createVerbs } from "./verbs.ts";
import type { Verdigris } from "./verdigris.ts";
import { type PieceWatch, watchPieces } from "./watch-pieces.ts";

/** Registers the process's bundle and opens the route with it where the agent has none. */
async function getReady<P>(parts: Parts<P>): Promise<void> {
  const { options, router, registry, authority } = parts;
  const { bundle, store, policy, contents = [] } = options;
  if (bundle !== undefined) await registry.register(bundle, contents);
  if (router === null || (await router.refresh()) !== null || bundle === undefined || store === undefined)
    return;
  const actor = await authority.actor(undefined);
  const reason = "the first bundle of the agent";
  await authority.require(actor, "open", { generation: 0, bundle: bundle.id, reason, evidence: null });
  const incarnation = crypto.randomUUID();
  const move = {
    verb: "open",
    bundle: bundle.id,
    policy: completePolicy(defaultPolicy, policy),
    incarnation,
  } as const;
  const result = await router.move({ move, actor, reason, expect: 0 });
  // Another process was first: its route stands.
  if (result.outcome === "conflict" || result.outcome === "refused") await router.refresh();
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
async function movesOf<P>({ agent, router, authority }: Parts<P>, ready: () => Promise<void>): Promise<Move> {
  if (router === null) {
    const message = `${agent} only tags its runs: pass a store to move its route`;
    throw new VerdigrisError("store-lacks-capability", message, { agent });
  }
  await ready();
  return createMoves(router, authority);
}

/** Moves of a process whose store lost its route: it is not ready, and its own bundle may have to be registered again. */
async function movesAfterLoss<P>(parts: Parts<P>, open: () => void): Promise<Move> {
  const { bundle, contents = [] } = parts.options;
  return movesOf(parts, async () => {
    open();
    if (bundle !== undefined) await parts.registry.register(bundle, contents);
  });
}

/** The verbs of this process's moves. */
function verbsOf<P>(
  parts: Parts<P>,
  ready: () => Promise<void>,
  mustBeOpen: () => void,
): ReturnType<typeof createVerbs> {
  return createVerbs(
    () => movesOf(parts, ready),
    () => movesAfterLoss(parts, mustBeOpen),
  );
}

function requireReason(reason: unknown): void {
  if (typeof reason !== "string" || reason.trim() === "")
    throw new InvalidArgumentError("reason", "is required for recycle: say why");
}

function detectorsOf<P>({ detectors }: VerdigrisOptions<P>): SignalReader {
  if (detectors !== undefined) return detectors;
  throw new InvalidArgumentError("detectors", "is needed for signals(): pass createLiveDetectors()");
}

function closedWhere(closed: boolean, agent: string): void {
  if (closed) throw new VerdigrisError("closed", `${agent} is closed in this process`, { agent });
}

/** The scope of the run this is called in; there is no default, or work would be billed to the wrong bundle. */
function scopeHere(agent: string, storage: ScopeStorage | undefined): RunScope {
  const scope = storage?.getStore();
  if (scope !== undefined) return scope;
  const message = "there is no run here: pass the scope on explicitly, or call this inside a step";
  throw new VerdigrisError("no-scope", message, { agent });
}

/** Runs `work` once however many ask, and again after a failure. */
function once(work: () => Promise<void>): { run(): Promise<void>; done(): boolean } {
  let running: Promise<void> | null = null;
  let done = false;
  const tryOnce = async (): Promise<void> => {
    try {
      await work();
      done = true;
    } catch (error) {
      running = null;
      throw error;
    }
  };
  return {
    run() {
      running ??= tryOnce();
      return running;
    },
    done: () => done,
  };
}

/** Asks whether a verb that is no move of the route is allowed; resolves with who asked. */
function permission<P>({ router, authority }: Parts<P>) {
  return async (
    verb: Verb,
    bundle: string,
    reason: string,
    given?: ActorInput,
  ): ReturnType<Parts<P>["authority"]["actor"]> => {
    const actor = await authority.actor(given);
    const generation = router?.snapshot()?.route.generation ?? 0;
    await authority.require(actor, verb, { generation, bundle, reason, evidence: null });
    return actor;
  };
}

type Permission = ReturnType<typeof permission>;

/** Starts runs; naming a bundle is a verb of its own. */
function starter<P>(
  pinning: RunPinning<P>,
  ready: () => Promise<void>,
  isReady: () => boolean,
  permit: Permission,
  guarded: boolean,
): Verdigris<P>["start"] {
  const startLater = async (o: StartOptions<P>): ReturnType<Verdigris<P>["start"]> => {
    await ready();
    if (guarded && o.bundle !== undefined) await permit("start-named", o.bundle, "");
    return await pinning.start(o);
  };
  // Every run comes through here, and a promise less is noticed.
  return (o = {}) => (isReady() && !(guarded && o.bundle !== undefined) ? pinning.start(o) : startLater(o));
}

/** Begins what goes on beside the runs of a process. */
function startAround<P>(parts: Parts<P>): Pick<PieceWatch, "checkPieces" | "stop"> & {
  /** Once the last run is let go of. */
  readonly closeInstruments: () => Promise<void>;
} {
  const { options, router, pinning } = parts;
  const { checkPieces, stop } = watchPieces(parts);
  const stops = [
    options.load === undefined ? () => {} : preloadFromRoute(router, pinning.preload),
    tellOfBundles(parts),
    stop,
  ];
  return {
    checkPieces,
    stop: () => {
      for (const end of stops) end();
    },
    closeInstruments: connectInstruments(parts),
  };
}

/**
 * One agent in this process. Adoption goes in steps: with only `bundle` it tags runs; a `store` adds pins and flips;
 * `load` adds the choice of pipeline per step. Throws `invalid-argument` for options that cannot work together.
 */
export function createVerdigris<P = undefined>(options: VerdigrisOptions<P>): Verdigris<P> {
  const parts = assemble(options);
  const { agent, store, router, time, events, registry, pinning, instruments } = parts;
  const getReadyOnce = once(() => getReady(parts));
  let closing: Promise<void> | null = null;
  const mustBeOpen = (): void => closedWhere(closing !== null, agent);
  const ready = async (): Promise<void> => {
    mustBeOpen();
    await getReadyOnce.run();
  };
  const around = startAround(parts);
  const permit = permission(parts);
  const isReady = (): boolean => closing === null && getReadyOnce.done();
  const start = starter(pinning, ready, isReady, permit, options.authorize !== undefined);
  const shutDown = async (): Promise<void> => {
    around.stop();
    await pinning.close();
    await around.closeInstruments();
    if (parts.ownRouter) await router?.close();
    events.clear();
  };
  const close = (): Promise<void> => {
    closing ??= shutDown();
    return closing;
  };
  const { scopeStorage } = options;

  return {
    agent,
    router,
    ready,
    start,
    run: (o, fn) => runScoped({ start, instruments, scopeStorage, events }, o, fn),
    resume: async (token, o) => ready().then(() => pinning.resume(token, o)),
    attach: async (token) => ready().then(() => pinning.attach(token)),
    get: pinning.get,
    current: () => scopeHere(agent, scopeStorage),
    async register(bundle, { contents = [], actor } = {}) {
      await ready();
      await permit("register", bundle.id, "", actor);
      return { registered: await registry.register(bundle, contents) };
    },
    bundle: async (id) => ready().then(() => registry.get(id)),
    ...verbsOf(parts, ready, mustBeOpen),
    ...createRecords(agent, store),
    ...createObservations(parts),
    checkPieces: async (bundle) => ready().then(() => around.checkPieces(bundle)),
    mode: () => router?.mode() ?? null,
    nodes: async () => ready().then(() => router?.nodes() ?? []),
    status: async () => ready().then(() => statusOf(agent, router, time, store === null ? null : pinning)),
    inFlight: async (o) => ready().then(() => pinning.inFlight(o)),
    drainReport: pinning.drainReport,
    drain: pinning.drain,
    canRecycle: pinning.canRecycle,
    async recycle(id, { reason, actor }) {
      requireReason(reason);
      await ready();
      return pinning.recycle(id, { reason, actor: await permit("recycle", id, reason, actor) });
    },
    sweep: pinning.sweep,
    signals: async (bundle) => ready().then(() => detectorsOf(options).signals(bundle)),
    on: onEvent(parts),
    close,
    [Symbol.asyncDispose]: close,
  };
}

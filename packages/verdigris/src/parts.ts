import { type ContentStore, createBundleContent, createContentStore } from "@verdigris/bundle";
import {
  type Bundle,
  type Clock,
  type CodePiece,
  type Instrument,
  InvalidArgumentError,
  type Router,
  type RunEvents,
  requireId,
  type ServesClaim,
  type Store,
  systemClock,
} from "@verdigris/contracts";
import {
  completePolicy,
  createEventHub,
  createStoreRouter,
  createStoreTime,
  defaultPolicy,
  type EventHub,
  type NodeFacts,
  type StoreTime,
} from "@verdigris/router";
import { type Authority, createAuthority, createRunPinning, type RunPinning } from "@verdigris/run-pinning";
import { createUsageLedger, type UsageLedger } from "@verdigris/telemetry/usage-ledger";
import { type BundleRegistry, createBundleRegistry } from "./bundle-registry.ts";
import type { VerdigrisOptions } from "./options.ts";
import type { Verb } from "./verb.ts";

/** What one process of an agent is put together from. */
export interface Parts<P> {
  readonly options: VerdigrisOptions<P>;
  readonly agent: string;
  readonly store: Store | null;
  readonly router: Router | null;
  /** Null where there is no store. */
  readonly time: StoreTime | null;
  readonly events: EventHub<RunEvents>;
  readonly authority: Authority<Verb>;
  readonly registry: BundleRegistry;
  readonly pinning: RunPinning<P>;
  /** True when the router was made here, and so is closed here. */
  readonly ownRouter: boolean;
  /** Adds to the record of this process. */
  readonly tell: (facts: NodeFacts) => void;
  /** Those of the host, then our own. */
  readonly instruments: readonly Instrument[];
  /** Null where no model calls are kept. */
  readonly ledger: UsageLedger | null;
  readonly clock: Clock;
  readonly newId: () => string;
  /** Store time where there is a store, the clock's elsewhere. */
  readonly now: () => number;
}

function servesCode(
  code: VerdigrisOptions<never>["code"] | CodePiece | undefined,
): (bundle: Bundle) => boolean {
  if (code === undefined) return () => true;
  // The build says more than the commit, where both sides know it.
  if (code.build !== undefined) return (bundle) => bundle.code.build === code.build;
  return (bundle) => bundle.code.commit === code.commit;
}

/** For callers without types: what is refused here would fail far from its cause. */
function checkShape<P>(options: VerdigrisOptions<P>): void {
  if (typeof options !== "object" || options === null)
    throw new InvalidArgumentError("options", "is required: pass at least agent and bundle");
  if (options.store !== undefined && typeof options.store?.commit !== "function") {
    throw new InvalidArgumentError(
      "store",
      "must be a store: createMemoryStore(), or what createSqliteStore resolves with",
    );
  }
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
  if (options.router !== undefined && options.router.agent !== options.agent) {
    throw new InvalidArgumentError("router", `routes ${options.router.agent}, not ${options.agent}`);
  }
  for (const name of ["load", "unload", "serves", "resolve", "identity", "authorize"] as const) {
    if (options[name] !== undefined && typeof options[name] !== "function")
      throw new InvalidArgumentError(name, "must be a function");
  }
}

interface Routing {
  readonly router: Router | null;
  readonly time: StoreTime | null;
  readonly own: boolean;
  readonly tell: (facts: NodeFacts) => void;
}

/** What the record of this process says of the bundles it can execute. */
function claimOf<P>({ serves, code, bundle }: VerdigrisOptions<P>): ServesClaim {
  if (serves !== undefined) return { kind: "listed", yes: [], no: [] };
  const own = code ?? bundle?.code;
  if (own === undefined) return { kind: "any" };
  const { commit, build } = own;
  return { kind: "code", commit, ...(build === undefined ? {} : { build }) };
}

function routingOf<P>(options: VerdigrisOptions<P>): Routing {
  const { agent, store, clock = systemClock, watch = true } = options;
  if (options.router !== undefined) {
    const time = store === undefined ? null : createStoreTime(clock);
    return { router: options.router, time, own: false, tell: () => {} };
  }
  if (store === undefined) return { router: null, time: null, own: false, tell: () => {} };
  const { node = {} } = options;
  const record = node === false ? {} : { node: { ...node, serves: claimOf(options) } };
  const router = createStoreRouter({ agent, store, clock, watch, ...record });
  return { router, time: router.time, own: true, tell: router.tell };
}

/** The options that are given, as they are: an absent one must stay absent. */
function pick<T extends object, K extends keyof T>(from: T, names: readonly K[]): Pick<T, K> {
  return Object.fromEntries(
    names.filter((name) => from[name] !== undefined).map((name) => [name, from[name]]),
  ) as Pick<T, K>;
}

/** The caller's `load`, given the texts of its bundle. */
function loadOf<P>(
  options: VerdigrisOptions<P>,
  clock: Clock,
  contents: ContentStore | null,
): { load?: (bundle: Bundle) => P | Promise<P> } {
  const { load } = options;
  if (load === undefined) return {};
  const sources = pick(options, ["resolve", "resolveMs"]);
  return {
    load: (bundle) =>
      load(bundle, createBundleContent({ ...sources, bundle, store: contents, setTimer: clock.setTimer })),
  };
}

/** Checks the options and puts a process together; throws `invalid-argument` for options that cannot work together. */
export function assemble<P>(options: VerdigrisOptions<P>): Parts<P> {
  checkShape(options);
  checkOptions(options);
  const { agent, store = null, bundle, clock = systemClock, newId = () => crypto.randomUUID() } = options;
  const events: EventHub<RunEvents> = createEventHub<RunEvents>((source, error) => {
    if (source !== "listener-failed") events.emit("listener-failed", { source, error });
  });
  const { router, time, own: ownRouter, tell } = routingOf(options);
  const now = (): number => time?.now() ?? clock.now();
  const format = (): number => router?.snapshot()?.route.v ?? 1;
  const contents = store === null ? null : createContentStore(agent, store, newId, format);
  const registry = createBundleRegistry({ agent, store, contents, format });
  const { identity, authorize, actor: fallback, instrument = [] } = options;
  const ledger = store === null || options.usage === false ? null : createUsageLedger(options.usage);
  const given = Array.isArray(instrument) ? instrument : [instrument as Instrument];
  const own = [ledger, options.detectors].filter((each) => each !== null && each !== undefined);
  const instruments: readonly Instrument[] = [...given, ...own];
  const authority = createAuthority({
    ...{ agent, store, clock, newId, now, format },
    ...{ fallback, identity, authorize },
  });
  const pinning = createRunPinning<P>({
    ...pick(options, ["unload", "scopeStorage", "newId", "sweepMs", "store"]),
    ...loadOf(options, clock, contents),
    ...(router === null ? {} : { router }),
    ...(time === null ? {} : { time }),
    ...(bundle === undefined ? {} : { fallback: bundle.id }),
    agent,
    events,
    clock,
    instrument: instruments.filter(({ step }) => step !== undefined),
    bundleOf: registry.get,
    serves: options.serves ?? servesCode(options.code ?? bundle?.code),
  });
  const common = { options, agent, store, router, time, events, authority, registry, pinning };
  return { ...common, ownRouter, tell, instruments, ledger, clock, newId, now };
}

import { defineBundle } from "@verdigris/bundle";
import {
  type Actor,
  type AgentKeys,
  agentKeys,
  type Bundle,
  type MoveRequest,
  type MoveResult,
  type RouteMove,
  type RoutePolicy,
  type RunEvents,
  VerdigrisError,
} from "@verdigris/contracts";
import { createEventHub, createStoreRouter, defaultPolicy, type StoreRouter } from "@verdigris/router";
import {
  createRunPinning,
  type Run,
  type RunPinning,
  type RunPinningOptions,
  type StartOptions,
} from "@verdigris/run-pinning";
import { createMemoryStore, type MemoryStore } from "@verdigris/store-memory";
import { createFakeClock, createFaultyStore, type FakeClock, type FaultyStore } from "@verdigris/testing";

export const ana: Actor = { kind: "person", id: "ana" };

const sha = (text: string): `sha256:${string}` =>
  `sha256:${[...text]
    .map((c) => c.charCodeAt(0).toString(16))
    .join("")
    .padEnd(64, "0")
    .slice(0, 64)}`;

function aBundle(id: string): Bundle {
  return defineBundle({
    id,
    code: { commit: "9b1c2f0e", build: sha("build") },
    prompts: { system: { version: id, text: `You are ${id}.` } },
    models: { planner: { provider: "p", name: "m", snapshot: `m-${id}` } },
    indexes: { docs: { version: id, kind: "snapshot", digest: sha(id), embedding: null } },
    tools: { search: { version: id, contract: sha(id), pinned: "per-call" } },
  });
}

export interface Pipeline {
  readonly of: string;
}

/** Everything a process was told, in order, by event name. */
type Told = { [E in keyof RunEvents]: RunEvents[E][] };

interface Process {
  readonly pinning: RunPinning<Pipeline>;
  readonly router: StoreRouter;
  readonly told: Told;
  /** Starts a run that has to be placed here. */
  start(options?: StartOptions<Pipeline>): Promise<Run<Pipeline>>;
  move(what: RouteMove, also?: Partial<MoveRequest>): Promise<MoveResult>;
  close(): Promise<void>;
}

export interface World {
  readonly clock: FakeClock;
  readonly records: MemoryStore;
  readonly store: FaultyStore;
  readonly keys: AgentKeys;
  process(options?: Partial<RunPinningOptions<Pipeline>>): Promise<Process>;
  /** Moves the route as another process would, without a hint to anybody. */
  bumpRoute(): Promise<void>;
  /** The keys under a prefix of this agent. */
  under(prefix: string): Promise<string[]>;
}

const eventNames = [
  "run-started",
  "run-resumed",
  "run-released",
  "run-finished",
  "run-expiring",
  "run-expired",
  "run-migrated",
  "run-cancelled",
  "finish-failed",
  "finish-settled",
  "usage",
  "pipeline-loaded",
  "pipeline-unloaded",
  "load-failed",
  "unload-failed",
  "sweep-failed",
  "listener-failed",
] as const;

export interface WorldOptions {
  readonly policy?: Partial<RoutePolicy>;
  readonly agent?: string;
  /** False for an agent that has no route yet. @default true */
  readonly open?: boolean;
  /** Another world to share clock and store with. */
  readonly beside?: World;
}

const shipped = ["blue", "green", "amber"] as const;

/** An agent whose route is open on blue, with green and amber registered. */
export async function createWorld(options: WorldOptions = {}): Promise<World> {
  const { agent = "agent", policy, beside, open = true } = options;
  const clock = beside?.clock ?? createFakeClock();
  const records = beside?.records ?? createMemoryStore({ clock });
  const store = beside?.store ?? createFaultyStore(records);
  const keys = agentKeys(agent);
  const bundles = new Map(shipped.map((id) => [id as string, aBundle(id)]));
  let ids = 0;
  for (const id of shipped) {
    await records.commit([{ op: "put", key: keys.bundle(id), rev: 0, value: JSON.stringify({ v: 1, id }) }]);
  }
  const process: World["process"] = async (also = {}) => {
    const router = createStoreRouter({ agent, store, clock, watch: true, random: () => 0.5 });
    const told = Object.fromEntries(eventNames.map((name) => [name, []])) as unknown as Told;
    const events = createEventHub<RunEvents>((source, error) => {
      if (source !== "listener-failed") events.emit("listener-failed", { source, error });
    });
    for (const name of eventNames) events.on(name, (payload) => void (told[name] as unknown[]).push(payload));
    const pinning = createRunPinning<Pipeline>({
      agent,
      store,
      router,
      events,
      clock,
      time: router.time,
      newId: () => `run-${String(++ids).padStart(4, "0")}`,
      load: (bundle) => ({ of: bundle.id }),
      sweepMs: "never",
      bundleOf: async (id) => {
        const bundle = bundles.get(id);
        if (bundle === undefined) throw new VerdigrisError("bundle-unknown", `${id} is not registered`);
        return bundle;
      },
      ...also,
    });
    if (open && (await router.refresh()) === null) {
      await router.move({
        move: { verb: "open", bundle: "blue", policy: { ...defaultPolicy, ...policy }, incarnation: "one" },
        actor: ana,
        reason: "first",
        expect: 0,
      });
    }
    return {
      pinning,
      router,
      told,
      async start(startOptions) {
        const result = await pinning.start(startOptions);
        if (!result.placed) throw new Error("the run was not placed");
        return result.run;
      },
      move: (move, more = {}) =>
        router.move({
          move,
          actor: ana,
          reason: "because",
          expect: router.snapshot()?.route.generation ?? 0,
          ...more,
        }),
      async close() {
        await pinning.close();
        await router.close();
      },
    };
  };
  const under: World["under"] = async (prefix) =>
    (await records.list(keys.prefix + prefix, { limit: 1_000 })).entries.map(({ key }) => key);
  const bumpRoute: World["bumpRoute"] = async () => {
    const { key, rev, value } = (await records.get([keys.route])).entries[0]!;
    const route = JSON.parse(value);
    route.generation++;
    await records.commit([{ op: "put", key, rev, value: JSON.stringify(route) }]);
  };
  return { clock, records, store, keys, process, bumpRoute, under };
}

export const hours = 3_600_000;
export const minutes = 60_000;

/** A promise somebody else settles. */
export function later<T = void>(): { readonly promise: Promise<T>; resolve(value: T): void } {
  let resolve = (_: T): void => {};
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve: (value) => resolve(value) };
}

/** Lets every promise callback that is due run. */
export function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

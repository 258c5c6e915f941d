import {
  type Actor,
  type AgentKeys,
  agentKeys,
  type MoveRequest,
  type MoveResult,
  type Route,
  type RouteMove,
  type Store,
  type StoreEntry,
} from "@verdigris/contracts";
import {
  createStoreRouter,
  defaultPolicy,
  type StoreRouter,
  type StoreRouterOptions,
} from "@verdigris/router";
import { createMemoryStore, type MemoryStore } from "@verdigris/store-memory";
import { createFakeClock, createFaultyStore, type FakeClock, type FaultyStore } from "@verdigris/testing";

export const ana: Actor = { kind: "person", id: "ana" };
export const timer: Actor = { kind: "machine", id: "timer" };

export const openBlue: RouteMove = {
  verb: "open",
  bundle: "blue",
  policy: defaultPolicy,
  incarnation: "first",
};

export async function registerBundles(store: Store, keys: AgentKeys, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    await store.commit([{ op: "put", key: keys.bundle(id), rev: 0, value: JSON.stringify({ v: 1, id }) }]);
  }
}

/** Puts a backup back in one commit: what was written since is gone. */
export async function restoreEntries(store: Store, entries: readonly StoreEntry[]): Promise<void> {
  const found = (await store.list("agent/", { limit: 1_000 })).entries;
  const now = new Map(found.map((entry) => [entry.key, entry]));
  const kept = new Set(entries.map(({ key }) => key));
  await store.commit([
    ...found.filter(({ key }) => !kept.has(key)).map(({ key, rev }) => ({ op: "del", key, rev }) as const),
    ...entries.map(({ key, value }) => ({ op: "put", key, rev: now.get(key)?.rev ?? 0, value }) as const),
  ]);
}

export interface World {
  readonly clock: FakeClock;
  /** The records themselves: writes here are not counted and never fail. */
  readonly records: MemoryStore;
  readonly store: FaultyStore;
  readonly keys: AgentKeys;
  router(options?: Partial<StoreRouterOptions>): StoreRouter;
  /** Puts another route record in place, as a restore or a newer release would. */
  rewrite(change: (route: Route) => object | null): Promise<void>;
}

/** A fresh store with blue, green and amber registered, and routers on it that only read on demand. */
export async function createWorld(): Promise<World> {
  const clock = createFakeClock();
  const records = createMemoryStore({ clock });
  const store = createFaultyStore(records);
  const keys = agentKeys("agent");
  await registerBundles(records, keys, ["blue", "green", "amber"]);
  let ids = 0;
  return {
    clock,
    records,
    store,
    keys,
    router: (options = {}) =>
      createStoreRouter({
        agent: "agent",
        store,
        clock,
        watch: false,
        random: () => 0.5,
        newId: () => `id-${++ids}`,
        ...options,
      }),
    async rewrite(change) {
      const entry = (await records.get([keys.route])).entries[0]!;
      const next = change(JSON.parse(entry.value));
      const { key, rev } = entry;
      await records.commit([
        next === null ? { op: "del", key, rev } : { op: "put", key, rev, value: JSON.stringify(next) },
      ]);
    },
  };
}

/** A request by a person, at the generation the router knows. */
export function move(
  router: StoreRouter,
  what: RouteMove,
  also: Partial<MoveRequest> = {},
): Promise<MoveResult> {
  const expect = router.snapshot()?.route.generation ?? 0;
  return router.move({ move: what, actor: ana, reason: "because", expect, ...also });
}

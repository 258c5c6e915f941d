import type { Actor, Bundle, BundleId, Clock, Router, Store } from "@verdigris/contracts";
import { createStoreRouter } from "@verdigris/router";
import { createMemoryStore } from "@verdigris/store-memory";
import { createVerdigris, type VerdigrisOptions } from "verdigris";
import { backUp } from "./back-up.ts";
import { forcedAssignment } from "./fake-route.ts";
import { createFaultyStore, type FaultyStore } from "./faulty-store.ts";

/** Another process of the agent, as far as a test can tell. */
const elsewhere: Actor = { kind: "person", id: "another process" };

/** What a test instance runs on: real records and a real router, with handles to bend both. */
export interface TestWorld {
  readonly store: FaultyStore;
  readonly router: Router;
  force(bundle: BundleId | null): void;
  conflictNext(): void;
  /** Takes a copy of the records; what it resolves with puts them back. */
  backup(): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

interface TestWorldOptions {
  readonly agent: string;
  readonly bundles: readonly Bundle[];
  readonly clock: Clock;
  readonly policy: VerdigrisOptions<never>["policy"];
}

/** A view of `store` that answers nobody before `ready` has settled. */
function afterwards(store: Store, ready: Promise<void>): Store {
  return {
    ...store,
    get: (keys) => ready.then(() => store.get(keys)),
    commit: (ops) => ready.then(() => store.commit(ops)),
    list: (prefix, options) => ready.then(() => store.list(prefix, options)),
  };
}

/** Registers all bundles and opens the route with the first, by the code that does so in production. */
async function seed(records: Store, { agent, bundles, clock, policy }: TestWorldOptions): Promise<void> {
  const [bundle] = bundles;
  const first = createVerdigris({
    agent,
    store: records,
    clock,
    watch: false,
    sweepMs: "never",
    ...(bundle === undefined ? {} : { bundle }),
    ...(policy === undefined ? {} : { policy }),
  });
  await first.ready();
  for (const other of bundles) await first.register(other);
  await first.close();
}

/** Moves the route there and back, as a colleague may between any two calls: only the generation differs afterwards. */
async function moveElsewhere(records: Store, agent: string, clock: Clock): Promise<void> {
  const router = createStoreRouter({ agent, store: records, clock, watch: false });
  const held = (await router.refresh())?.route.held ?? null;
  const hold = { verb: "hold", why: held?.why ?? "passing through" } as const;
  const moves = held === null ? [hold, { verb: "release" } as const] : [{ verb: "release" } as const, hold];
  for (const move of moves) {
    const actor = move.verb === "hold" && held !== null ? held.by : elsewhere;
    const expect = router.snapshot()?.route.generation ?? 0;
    await router.move({ move, actor, reason: "passing through", expect });
  }
  await router.close();
}

/** Makes the world of one test instance. */
export function createTestWorld(options: TestWorldOptions): TestWorld {
  const { agent, clock } = options;
  const records = createMemoryStore({ clock });
  const seeded = seed(records, options);
  // Whoever calls the store is told; a test that calls nothing has nothing to fail.
  seeded.catch(() => {});
  const store = createFaultyStore(afterwards(records, seeded));
  const router = createStoreRouter({ agent, store, clock, watch: false });
  let forced: BundleId | null = null;
  let conflicts = 0;
  store.onCommit(async (ops) => {
    const key = `${agent}/route`;
    if (conflicts === 0 || !ops.some((op) => op.key === key)) return;
    conflicts -= 1;
    await moveElsewhere(records, agent, clock);
  });
  return {
    store,
    router: {
      ...router,
      assign: (key, labels) =>
        forced === null ? router.assign(key, labels) : forcedAssignment(forced, router.snapshot()),
    },
    force(bundle) {
      forced = bundle;
    },
    conflictNext() {
      conflicts += 1;
    },
    backup: () => seeded.then(() => backUp(records)),
    close: router.close,
  };
}

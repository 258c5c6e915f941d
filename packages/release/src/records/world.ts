import {
  type AgentKeys,
  agentKeys,
  type Bundle,
  type BundleId,
  type BundleRecord,
  type BundleRef,
  type Clock,
  decodeRecord,
  type RunEvents,
  recordVersion,
  type Store,
  systemClock,
  VerdigrisError,
} from "@verdigris/contracts";
import { createEventHub, createStoreRouter, type StoreRouter } from "@verdigris/router";
import { createRunPinning, type RunPinning } from "@verdigris/run-pinning";

/** What every part of a release works on: the agent's records, and no code of its host. */
export interface World {
  readonly agent: string;
  readonly store: Store;
  readonly keys: AgentKeys;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly router: StoreRouter;
  readonly pinning: Pick<RunPinning<undefined>, "drainReport" | "recycle" | "inFlight">;
  /** What is written: the format that the agent's route is in, so that every process of the fleet can read it. */
  format(): number;
  /** Store time, read anew where it cannot be trusted. */
  time(): Promise<number>;
  close(): Promise<void>;
}

/** A registered bundle's manifest with its digest. Rejects with `bundle-unknown`. */
export async function registeredBundle(
  world: Pick<World, "agent" | "store" | "keys">,
  id: BundleId,
): Promise<Bundle> {
  const { agent, store, keys } = world;
  const entry = (await store.get([keys.bundle(id)])).entries[0] ?? null;
  if (entry === null) {
    const message = `${id} is not registered with ${agent}: register it first`;
    throw new VerdigrisError("bundle-unknown", message, { agent, bundle: id });
  }
  const { manifest, digest } = decodeRecord<BundleRecord>(entry.key, entry.value);
  return { ...manifest, digest };
}

/** A bundle by name and digest. Rejects with `bundle-unknown`. */
export async function bundleRef(
  world: Pick<World, "agent" | "store" | "keys">,
  id: BundleId,
): Promise<BundleRef> {
  const { digest } = await registeredBundle(world, id);
  return { id, digest };
}

/** Opens the records of one agent; reads its route on demand, and keeps no record of this process. */
export function openWorld(options: {
  readonly agent: string;
  readonly store: Store;
  readonly clock?: Clock;
  readonly newId?: () => string;
}): World {
  const { agent, store, clock = systemClock, newId = () => crypto.randomUUID() } = options;
  const keys = agentKeys(agent);
  const router = createStoreRouter({ agent, store, clock, watch: false });
  const pinning = createRunPinning<undefined>({
    agent,
    store,
    router,
    clock,
    events: createEventHub<RunEvents>(() => {}),
    bundleOf: (id) => registeredBundle({ agent, store, keys }, id),
    sweepMs: "never",
  });
  return {
    agent,
    store,
    keys,
    clock,
    newId,
    router,
    pinning,
    format: () => router.snapshot()?.route.v ?? recordVersion,
    async time() {
      const known = router.time.trusted(60_000);
      if (!Number.isNaN(known)) return Math.floor(known);
      const sent = clock.monotonic();
      const { at } = await store.get([]);
      router.time.observe(at, sent);
      return at;
    },
    async close() {
      await pinning.close();
      await router.close();
    },
  };
}

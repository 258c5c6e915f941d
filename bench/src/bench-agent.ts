import {
  agentKeys,
  type BundleManifest,
  isVerdigrisError,
  type ReleaseGate,
  type Store,
} from "@verdigris/contracts";
import { createStoreRouter, defaultPolicy, type StoreRouter } from "@verdigris/router";
import { type Kind, openers } from "./propagation-stores.ts";

/** The agent whose route is moved. */
export const agent = "support";

/** Who moves it, and why. */
export const ana = { actor: { kind: "person", id: "ana" }, reason: "bench" } as const;

/** A gate that costs nothing. */
export const gate: ReleaseGate = async ({ keep }) => ({
  verdict: "pass",
  summary: "bench",
  evidence: await keep({}),
});

/** Fifty heartbeats on one file keep its lock busy at times; what is not measured may wait for it. */
export async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (tries === 20 || !isVerdigrisError(error, "store-unavailable")) throw error;
    }
  }
}

/** Registers blue and green with an agent and makes blue live. */
export async function beginAgent(store: Store, name: string): Promise<StoreRouter> {
  const keys = agentKeys(name);
  for (const id of ["blue", "green"]) {
    const code = { commit: "c0ffee", build: `sha256:${"0".repeat(64)}` } as const;
    const manifest: BundleManifest = { v: 1, id, code, prompts: {}, models: {}, indexes: {}, tools: {} };
    const value = JSON.stringify({ v: 1, digest: code.build, manifest, registeredAt: 0 });
    await patiently(() => store.commit([{ op: "put", key: keys.bundle(id), rev: 0, value }]));
  }
  const router = createStoreRouter({ agent: name, store, watch: false });
  const open = { verb: "open", bundle: "blue", policy: defaultPolicy, incarnation: "bench" } as const;
  await router.move({ move: open, expect: 0, ...ana });
  return router;
}

/** The agent on a store of its own, and what moves it beside the fleet; `end` leaves nothing behind. */
export async function openAgent(
  kind: Kind,
  where: string,
): Promise<{ readonly store: Store; readonly router: StoreRouter; end(): Promise<void> }> {
  const { store, close } = await openers[kind](where);
  const router = await beginAgent(store, agent);
  return {
    store,
    router,
    async end() {
      for (;;) {
        const { entries } = await store.list("", { limit: 1_000 });
        if (entries.length === 0) break;
        for (const { key, rev } of entries) await patiently(() => store.commit([{ op: "del", key, rev }]));
      }
      await close();
    },
  };
}

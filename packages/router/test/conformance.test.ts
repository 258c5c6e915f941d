import { agentKeys } from "@verdigris/contracts";
import { createStoreRouter } from "@verdigris/router";
import { createMemoryStore } from "@verdigris/store-memory";
import { createFakeClock, createFaultyStore } from "@verdigris/testing";
import { describeRouterConformance } from "@verdigris/testing/conformance/router";
import { registerBundles, restoreEntries } from "./world.ts";

for (const watch of [true, false]) {
  describeRouterConformance({
    name: watch ? "the store router, watching" : "the store router, reading on demand",
    nodes: watch,
    losses: true,
    async create() {
      const clock = createFakeClock();
      const store = createMemoryStore({ clock });
      const peers = createFaultyStore(store);
      const options = { agent: "agent", clock, watch, ...(watch ? { node: {} } : {}) };
      const router = createStoreRouter({ ...options, store });
      const peer = createStoreRouter({ ...options, store: peers });
      return {
        router,
        peer,
        registerBundle: (id) => registerBundles(store, agentKeys("agent"), [id]),
        pass: clock.advance,
        cutOff: (is) => (is ? peers.down() : peers.up()),
        async backup() {
          const { entries } = await store.list("agent/", { limit: 100 });
          return () => restoreEntries(store, entries);
        },
        async dispose() {
          await router.close();
          await peer.close();
          await store.close();
        },
      };
    },
  });
}

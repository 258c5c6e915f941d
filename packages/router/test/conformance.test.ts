import { agentKeys } from "@verdigris/contracts";
import { createStoreRouter } from "@verdigris/router";
import { createMemoryStore } from "@verdigris/store-memory";
import { createFakeClock } from "@verdigris/testing";
import { describeRouterConformance } from "@verdigris/testing/conformance/router";
import { registerBundles } from "./world.ts";

for (const watch of [true, false]) {
  describeRouterConformance({
    name: watch ? "the store router, watching" : "the store router, reading on demand",
    async create() {
      const clock = createFakeClock();
      const store = createMemoryStore({ clock });
      const options = { agent: "agent", store, clock, watch };
      const [router, peer] = [createStoreRouter(options), createStoreRouter(options)];
      return {
        router,
        peer,
        registerBundle: (id) => registerBundles(store, agentKeys("agent"), [id]),
        async dispose() {
          await router.close();
          await peer.close();
          await store.close();
        },
      };
    },
  });
}

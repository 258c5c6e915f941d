import { createPrefixedStore } from "@verdigris/contracts";
import { createMemoryStore } from "@verdigris/store-memory";
import { createFakeClock } from "@verdigris/testing";
import { describeStoreConformance } from "@verdigris/testing/conformance/store";

const capabilities = { multiKey: true, crossProcess: false, durableAck: false, push: true };
const prefix = "platform/agents/";

describeStoreConformance({
  name: "the memory store",
  capabilities,
  create: async () => {
    const clock = createFakeClock();
    const store = createMemoryStore({ clock });
    return { store, jumpWall: clock.jumpWall, dispose: () => store.close() };
  },
});

describeStoreConformance({
  name: "a memory store under a prefix",
  capabilities,
  longestKey: 512 - prefix.length,
  create: async () => {
    const clock = createFakeClock();
    const store = createPrefixedStore(createMemoryStore({ clock }), prefix);
    return { store, jumpWall: clock.jumpWall, dispose: () => store.close() };
  },
});

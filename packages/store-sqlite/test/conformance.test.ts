import { createPrefixedStore, type Store, systemClock } from "@verdigris/contracts";
import { createSqliteStore } from "@verdigris/store-sqlite";
import { describeStoreConformance, type StoreUnderTest } from "@verdigris/testing/conformance/store";
import { temporaryFile } from "./temporary-file.ts";

const prefix = "platform/agents/";

async function create(
  synchronous: "full" | "normal",
  view: (store: Store) => Store = (store) => store,
): Promise<StoreUnderTest> {
  const { file, remove } = await temporaryFile();
  const opened: Store[] = [];
  let wallOffset = 0;
  // Real time for the polls, and a wall clock that a check may move.
  const clock = { ...systemClock, now: () => systemClock.now() + wallOffset };
  const open = async (): Promise<Store> => {
    const store = view(await createSqliteStore({ file, synchronous, clock, pollMs: 5 }));
    opened.push(store);
    return store;
  };
  const closeAll = async (): Promise<void> => {
    for (const store of opened.splice(0)) await store.close();
  };
  return {
    store: await open(),
    peer: open,
    reopen: async () => {
      await closeAll();
      return open();
    },
    jumpWall: (ms) => {
      wallOffset += ms;
    },
    dispose: async () => {
      await closeAll();
      await remove();
    },
  };
}

const capabilities = { multiKey: true, crossProcess: true, durableAck: true, push: true };

describeStoreConformance({ name: "the SQLite store", capabilities, create: () => create("full") });

describeStoreConformance({
  name: "the SQLite store with synchronous: normal",
  capabilities: { ...capabilities, durableAck: false },
  create: () => create("normal"),
});

describeStoreConformance({
  name: "a SQLite store under a prefix",
  capabilities,
  longestKey: 512 - prefix.length,
  create: () => create("full", (store) => createPrefixedStore(store, prefix)),
});

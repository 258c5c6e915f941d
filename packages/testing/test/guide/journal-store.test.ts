import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Store, systemClock } from "@verdigris/contracts";
import { describeStoreConformance } from "@verdigris/testing/conformance/store";
import { openJournalStore } from "./journal-store.ts";

describeStoreConformance({
  name: "the journal store",
  capabilities: { multiKey: true, crossProcess: false, durableAck: true, push: true },
  async create() {
    const directory = await mkdtemp(join(tmpdir(), "journal-"));
    let offset = 0;
    const clock = { ...systemClock, now: () => systemClock.now() + offset };
    const open = (): Promise<Store> => openJournalStore(join(directory, "store.jsonl"), clock);
    let store = await open();
    return {
      store,
      async reopen() {
        await store.close();
        store = await open();
        return store;
      },
      jumpWall(ms) {
        offset += ms;
      },
      async dispose() {
        await store.close();
        await rm(directory, { recursive: true });
      },
    };
  },
});

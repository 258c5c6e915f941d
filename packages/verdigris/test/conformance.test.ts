import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock, Store } from "@verdigris/contracts";
import { createMemoryStore } from "@verdigris/store-memory";
import { createSqliteStore } from "@verdigris/store-sqlite";
import { createFakeClock } from "@verdigris/testing";
import {
  describeVerdigrisConformance,
  type VerdigrisSetup,
  type VerdigrisSubject,
} from "@verdigris/testing/conformance/verdigris";
import { createVerdigris } from "verdigris";

async function create(
  { bundles, policy, load }: VerdigrisSetup,
  open: (clock: Clock) => Promise<Store>,
  clean: () => Promise<void> = async () => {},
): Promise<VerdigrisSubject> {
  const clock = createFakeClock();
  const stores: Store[] = [];
  const instance = async () => {
    const store = stores[0] === undefined || clean !== noCleaning ? await open(clock) : stores[0];
    stores.push(store);
    return createVerdigris({
      agent: "agent",
      store,
      clock,
      bundle: bundles[0],
      policy,
      load,
      sweepMs: "never",
    });
  };
  const [verdigris, peer] = [await instance(), await instance()];
  for (const bundle of bundles) await verdigris.register(bundle);
  return {
    verdigris,
    peer,
    advance: clock.advance,
    async dispose() {
      await Promise.all([verdigris.close(), peer.close()]);
      for (const store of new Set(stores)) await store.close();
      await clean();
    },
  };
}

const noCleaning = async (): Promise<void> => {};

// [TESTING-FAKES]: the package `testing` runs the same checks on its test instance.
describeVerdigrisConformance({
  name: "an instance over a store in memory",
  create: (setup) => create(setup, async (clock) => createMemoryStore({ clock }), noCleaning),
});

describeVerdigrisConformance({
  name: "an instance over a SQLite file",
  async create(setup) {
    const directory = await mkdtemp(join(tmpdir(), "verdigris-"));
    const open = (clock: Clock) => createSqliteStore({ file: join(directory, "store.db"), clock });
    return create(setup, open, () => rm(directory, { recursive: true, force: true }));
  },
});

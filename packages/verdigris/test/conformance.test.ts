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

interface Storage {
  /** Opens a handle for one process. */
  open(clock: Clock): Promise<Store>;
  clean(): Promise<void>;
}

async function create(
  { bundles, policy, load }: VerdigrisSetup,
  { open, clean }: Storage,
): Promise<VerdigrisSubject> {
  const clock = createFakeClock();
  const stores = [await open(clock), await open(clock)];
  const [verdigris, peer] = stores.map((store) =>
    createVerdigris({ agent: "agent", store, clock, bundle: bundles[0], policy, load, sweepMs: "never" }),
  );
  for (const bundle of bundles) await verdigris!.register(bundle);
  return {
    verdigris: verdigris!,
    peer: peer!,
    advance: clock.advance,
    async dispose() {
      await Promise.all([verdigris!.close(), peer!.close()]);
      for (const store of stores) await store.close();
      await clean();
    },
  };
}

// [TESTING-FAKES]: the package `testing` runs the same checks on its test instance.
describeVerdigrisConformance({
  name: "an instance over a store in memory",
  create(setup) {
    let store: Store | null = null;
    const open = async (clock: Clock): Promise<Store> => {
      store ??= createMemoryStore({ clock });
      return store;
    };
    return create(setup, { open, clean: async () => {} });
  },
});

describeVerdigrisConformance({
  name: "an instance over a SQLite file",
  async create(setup) {
    const directory = await mkdtemp(join(tmpdir(), "verdigris-"));
    const open = (clock: Clock) => createSqliteStore({ file: join(directory, "store.db"), clock });
    return create(setup, { open, clean: () => rm(directory, { recursive: true, force: true }) });
  },
});

import { createPrefixedStore, type Store } from "@verdigris/contracts";
import { createRedisStore } from "@verdigris/store-redis";
import { describeStoreConformance, type StoreUnderTest } from "@verdigris/testing/conformance/store";
import { afterAll, describe } from "vitest";
import { connect, type Library, libraries, type TestClient } from "./clients.ts";
import { lacksProgram, type OwnServer, startCluster, startServer } from "./own-server.ts";
import { freshPrefix, lacksServer, removeData, sharedUrl } from "./shared-server.ts";

const outer = "platform/agents/";

async function create(
  library: Library,
  url: string,
  accept: readonly "persistence"[],
  view: (store: Store) => Store = (store) => store,
): Promise<StoreUnderTest> {
  const prefix = freshPrefix();
  const opened: { readonly store: Store; readonly client: TestClient }[] = [];
  const open = async (): Promise<Store> => {
    const client = await connect(library, url);
    const store = view(await createRedisStore({ client: client.client, prefix, accept }));
    opened.push({ store, client });
    return store;
  };
  const closeAll = async (): Promise<void> => {
    for (const { store, client } of opened.splice(0)) {
      await store.close();
      client.end();
    }
  };
  return {
    store: await open(),
    peer: open,
    reopen: async () => {
      await closeAll();
      return open();
    },
    dispose: async () => {
      await closeAll();
      await removeData(prefix, url);
    },
  };
}

const capabilities = { multiKey: true, crossProcess: true, durableAck: false, push: true };

describe.skipIf(await lacksServer())("on the shared server", () => {
  for (const library of libraries) {
    describeStoreConformance({
      name: `the Redis store over ${library}`,
      capabilities,
      create: () => create(library, sharedUrl, ["persistence"]),
    });
  }

  describeStoreConformance({
    name: "a Redis store under a prefix",
    capabilities,
    longestKey: 512 - outer.length,
    create: () => create("ioredis", sharedUrl, ["persistence"], (store) => createPrefixedStore(store, outer)),
  });
});

describe.skipIf(lacksProgram())("on a server that flushes every write", () => {
  let server: Promise<OwnServer> | null = null;
  const own = (): Promise<OwnServer> => (server ??= startServer());
  let oneNode: Promise<OwnServer> | null = null;
  const cluster = (): Promise<OwnServer> => (oneNode ??= startCluster());
  afterAll(async () => {
    await (await server)?.remove();
    await (await oneNode)?.remove();
  });

  for (const library of ["node-redis cluster", "ioredis cluster"] as const) {
    describeStoreConformance({
      name: `the Redis store over ${library}`,
      capabilities: { ...capabilities, durableAck: true },
      create: async () => create(library, (await cluster()).url, []),
    });
  }

  describeStoreConformance({
    name: "the durable Redis store",
    capabilities: { ...capabilities, durableAck: true },
    create: async () => create("node-redis", (await own()).url, []),
  });
});

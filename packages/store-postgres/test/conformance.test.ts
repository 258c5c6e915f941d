import { PGlite } from "@electric-sql/pglite";
import { createPrefixedStore, type Store } from "@verdigris/contracts";
import { createPostgresStore, type PostgresStoreOptions } from "@verdigris/store-postgres";
import { describeStoreConformance, type StoreUnderTest } from "@verdigris/testing/conformance/store";
import { afterAll, beforeAll, describe } from "vitest";
import { freshSchema, hasServer, openServer } from "./server.ts";

const prefix = "platform/agents/";
const capabilities = { multiKey: true, crossProcess: true, durableAck: true, push: true };

type View = (store: Store) => Store;
const plain: View = (store) => store;

/** One schema for a whole suite: every check has a prefix of its own, and making a schema takes longer than most checks. */
function suiteOn(withListen: boolean, view: View = plain): () => Promise<StoreUnderTest> {
  const server = openServer();
  const { pool: client, schema } = server;
  const options: PostgresStoreOptions = { client, schema, ...(withListen ? { listen: server.listen } : {}) };
  afterAll(() => server.dispose());
  /** Store time comes from the server, so its clock is moved there. */
  const setClock = (ms: number): Promise<unknown> =>
    client.query(
      `CREATE OR REPLACE FUNCTION ${schema}.clock_v1() RETURNS bigint LANGUAGE sql VOLATILE AS
        $f$ SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint + (${ms}) $f$`,
    );

  return async () => {
    const opened: Store[] = [];
    let jumped = 0;
    let clockSet: Promise<unknown> = Promise.resolve();
    const open = async (): Promise<Store> => {
      const store = view(await createPostgresStore(options));
      opened.push(store);
      const commit: Store["commit"] = (ops) => {
        if (jumped === 0) return store.commit(ops);
        return clockSet.then(() => store.commit(ops));
      };
      return { ...store, capabilities: store.capabilities, commit };
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
        jumped += ms;
        clockSet = clockSet.then(() => setClock(jumped));
      },
      dispose: async () => {
        await clockSet;
        if (jumped !== 0) await setClock(0);
        await closeAll();
      },
    };
  };
}

describe.skipIf(!hasServer)("on a server", () => {
  describeStoreConformance({ name: "the PostgreSQL store", capabilities, create: suiteOn(true) });

  describeStoreConformance({
    name: "the PostgreSQL store without listen",
    capabilities: { ...capabilities, push: false },
    create: suiteOn(false),
  });

  describeStoreConformance({
    name: "a PostgreSQL store under a prefix",
    capabilities,
    longestKey: 512 - prefix.length,
    create: suiteOn(true, (store) => createPrefixedStore(store, prefix)),
  });
});

describe("in this process", () => {
  let database: PGlite;
  beforeAll(async () => {
    database = await PGlite.create();
  }, 120_000);
  afterAll(() => database.close());

  describeStoreConformance({
    name: "the PostgreSQL store on PGlite",
    capabilities: { multiKey: true, crossProcess: false, durableAck: false, push: true },
    create: async () => {
      const schema = freshSchema();
      const store = await createPostgresStore({ client: database, listen: () => database, schema });
      return {
        store,
        dispose: async () => {
          await store.close();
          await database.query(`DROP SCHEMA ${schema} CASCADE`);
        },
      };
    },
  });
});

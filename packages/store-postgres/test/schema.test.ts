import { createPostgresStore, postgresMigration } from "@verdigris/store-postgres";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { hasServer, openServer, type Server } from "./server.ts";

const put = (key: string, value = "1") => [{ op: "put" as const, key, rev: 0, value }];

describe.skipIf(!hasServer)("the schema", () => {
  let server: Server;
  beforeEach(() => {
    server = openServer();
  });
  afterEach(() => server.dispose());

  test("is made once by eight handles that open a fresh one at once", async () => {
    const { pool: client, schema } = server;
    const stores = await Promise.all(
      Array.from({ length: 8 }, () => createPostgresStore({ client, schema })),
    );
    const results = await Promise.all(stores.map((store, n) => store.commit(put("a", String(n)))));
    expect(results.filter(({ ok }) => ok)).toHaveLength(1);
    for (const store of stores) await store.close();
  });

  test("may be migrated any number of times without harm to what is in it", async () => {
    const { pool: client, schema } = server;
    await client.query(postgresMigration(schema));
    const store = await createPostgresStore({ client, schema, migrate: false });
    await store.commit(put("a"));
    await client.query(postgresMigration(schema));
    expect((await store.get(["a"])).entries).toMatchObject([{ value: "1" }]);
    await store.close();
  });

  test("of a later layout is record-too-new and is left as it was [FORMAT-TOO-NEW]", async () => {
    const { pool: client, schema } = server;
    await client.query(postgresMigration(schema));
    await client.query(`UPDATE ${schema}.meta SET value = 2 WHERE name = 'v'`);
    await expect(createPostgresStore({ client, schema })).rejects.toMatchObject({
      code: "record-too-new",
      details: { found: 2, supported: 1 },
    });
    await client.query(postgresMigration(schema));
    expect((await client.query(`SELECT value FROM ${schema}.meta WHERE name = 'v'`)).rows).toEqual([
      { value: "2" },
    ]);
  });

  test("that is missing is store-unavailable without migrate, and nothing is made", async () => {
    const { pool: client, schema } = server;
    await expect(createPostgresStore({ client, schema, migrate: false })).rejects.toMatchObject({
      code: "store-unavailable",
    });
    expect((await client.query("SELECT to_regnamespace($1) AS made", [schema])).rows).toEqual([
      { made: null },
    ]);
  });

  test("is served to a role with the privileges of the guide, and to no role without", async () => {
    const { pool: owner, schema } = server;
    await owner.query(postgresMigration(schema));
    await owner.query(`CREATE ROLE ${schema} LOGIN`);
    const { host, port, database } = owner.options;
    const url = new URL(owner.options.connectionString ?? `postgres://${host}:${port}/${database}`);
    url.username = schema;
    const pool = new pg.Pool({ connectionString: url.href });
    await expect(createPostgresStore({ client: pool, schema, migrate: false })).rejects.toMatchObject({
      code: "store-unavailable",
      details: { engineCode: "42501" },
    });
    for (const grant of [
      `USAGE ON SCHEMA ${schema}`,
      `SELECT ON ${schema}.meta`,
      `SELECT, INSERT, UPDATE, DELETE ON ${schema}.entries`,
      `USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA ${schema}`,
    ]) {
      await owner.query(`GRANT ${grant} TO ${schema}`);
    }
    const store = await createPostgresStore({ client: pool, schema });
    expect(await store.commit(put("a"))).toMatchObject({ ok: true });
    expect((await store.list("", { limit: 1 })).entries).toHaveLength(1);
    await store.close();
    await pool.end();
    await owner.query(`DROP OWNED BY ${schema}; DROP ROLE ${schema}`);
  });
});

describe.skipIf(!hasServer)("opening", () => {
  let server: Server;
  beforeEach(() => {
    server = openServer();
  });
  afterEach(() => server.dispose());

  test("options out of range are named", async () => {
    const { pool: client } = server;
    for (const [argument, options] of [
      ["client", {}],
      ["client", undefined],
      ["schema", { client, schema: "With Space" }],
      ["schema", { client, schema: 'x"; DROP TABLE y' }],
      ["listen", { client, listen: "yes" }],
      ["durability", { client, durability: "some" }],
      ["heartbeatMs", { client, heartbeatMs: 0 }],
      ["reconnectMs", { client, reconnectMs: 2_500 }],
    ] as const) {
      await expect(createPostgresStore(options as never)).rejects.toMatchObject({
        code: "invalid-argument",
        details: { argument },
      });
    }
  });

  test("sessions that are not read committed are refused, when opened and in every commit", async () => {
    const { pool: client, schema } = server;
    const store = await createPostgresStore({ client, schema });
    const strict = new pg.Pool({
      connectionString: client.options.connectionString,
      options: "-c default_transaction_isolation=serializable",
    });
    await expect(createPostgresStore({ client: strict, schema })).rejects.toMatchObject({
      code: "store-lacks-capability",
    });
    const later = { query: (text: string, values?: unknown[]) => one.query(text, values) };
    const one = await client.connect();
    const opened = await createPostgresStore({ client: later, schema });
    await one.query("SET default_transaction_isolation = 'repeatable read'");
    await expect(opened.commit(put("a"))).rejects.toMatchObject({ code: "store-lacks-capability" });
    await expect(opened.commit([{ op: "check", key: "r", rev: 7 }, ...put("b")])).rejects.toMatchObject({
      code: "store-lacks-capability",
    });
    expect((await store.list("", { limit: 1 })).entries).toEqual([]);
    one.release(true);
    await strict.end();
    await store.close();
    await opened.close();
  });

  test("commits ask for their flush where the session does not, and durableAck tells what is accepted", async () => {
    const { pool, schema } = server;
    const lazy = new pg.Pool({
      connectionString: pool.options.connectionString,
      options: "-c synchronous_commit=off",
      max: 1,
    });
    const required = await createPostgresStore({ client: lazy, schema });
    const accepted = await createPostgresStore({ client: lazy, schema, durability: "accept-loss" });
    expect([required, accepted].map(({ capabilities }) => capabilities.durableAck)).toEqual([true, false]);
    await lazy.query(`CREATE TABLE ${schema}.seen (sync text)`);
    await lazy.query(`CREATE FUNCTION ${schema}.see() RETURNS trigger LANGUAGE plpgsql AS
      $f$ BEGIN INSERT INTO ${schema}.seen VALUES (current_setting('synchronous_commit')); RETURN NULL; END $f$`);
    await lazy.query(
      `CREATE TRIGGER see AFTER INSERT ON ${schema}.entries FOR EACH ROW EXECUTE FUNCTION ${schema}.see()`,
    );
    await required.commit(put("a"));
    await accepted.commit(put("b"));
    expect((await lazy.query(`SELECT sync FROM ${schema}.seen`)).rows).toEqual([
      { sync: "on" },
      { sync: "off" },
    ]);
    expect((await lazy.query("SHOW synchronous_commit")).rows, "only its own transactions").toEqual([
      { synchronous_commit: "off" },
    ]);
    await required.close();
    await accepted.close();
    await lazy.end();
  });
});

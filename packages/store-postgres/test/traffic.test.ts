import type { CommitResult, Store, StoreHint } from "@verdigris/contracts";
import {
  createPostgresStore,
  type PostgresPoolClient,
  type PostgresStoreOptions,
} from "@verdigris/store-postgres";
import { createFakeClock } from "@verdigris/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { hasServer, openServer, type Server } from "./server.ts";

const revsOf = (result: CommitResult): readonly number[] => (result.ok ? result.revs : []);
const put = (key: string, value = "1") => ({ op: "put" as const, key, rev: 0, value });

describe.skipIf(!hasServer)("what goes over the wire", () => {
  let server: Server;
  let opened: Store[];
  let statements: string[];
  /** The pool of the test's server, every statement noted; `fail` may throw in place of the reply. */
  let fail: (text: string) => void;
  beforeEach(() => {
    server = openServer();
    opened = [];
    statements = [];
    fail = () => undefined;
  });
  afterEach(async () => {
    for (const store of opened) await store.close();
    await server.dispose();
  });

  const noted = {
    totalCount: 0,
    async connect(): Promise<PostgresPoolClient> {
      const client = await server.pool.connect();
      return {
        query(text, values) {
          statements.push(text);
          fail(text);
          return client.query(text, values);
        },
        release: (destroy) => client.release(destroy),
        on: (event, listener) => client.on(event, listener),
        removeListener: (event, listener) => client.removeListener(event, listener),
      };
    },
  };

  async function open(more: Partial<PostgresStoreOptions> = {}): Promise<Store> {
    const store = await createPostgresStore({ client: noted, schema: server.schema, ...more });
    opened.push(store);
    statements.length = 0;
    return store;
  }

  test("every call is one statement", async () => {
    const store = await open();
    const revs = revsOf(await store.commit([put("a/route")]));
    for (const call of [
      () =>
        store.commit([{ op: "check", key: "a/route", rev: revs[0] ?? 0 }, put("a/pin/b/1760000000000/r")]),
      () => store.commit([{ op: "check", key: "a/route", rev: 7 }, put("a/pin/b/1760000000000/s")]),
      () => store.commit([put("x"), put("y"), { op: "check", key: "z", rev: 0 }]),
      () => store.commit([]),
      () => store.get(["a/route", "x"]),
      () => store.get([]),
      () => store.list("a/", { limit: 10 }),
    ]) {
      statements.length = 0;
      await call();
      expect(statements).toHaveLength(1);
    }
  });

  test("starts and finishes are not pushed, moves are, whole batches as one hint too many to name", async () => {
    const store = await open({ listen: server.listen });
    const hints: StoreHint[] = [];
    store.watch("", (hint) => hints.push(hint));
    const pin = "a/pin/b/1760000000000/r";
    const revs = revsOf(await store.commit([put("a/route"), put("a/audit/0000000001")]));
    const started = revsOf(
      await store.commit([{ op: "check", key: "a/route", rev: revs[0] ?? 0 }, put(pin)]),
    );
    await store.commit([put("a/claim/job"), put("a/moved/r"), put("a/node/n1")]);
    await store.commit([{ op: "del", key: pin, rev: started[1] ?? 0 }]);
    await store.commit([put("a/bundle/b")]);
    await expect.poll(() => hints.at(-1)).toEqual({ type: "change", key: "a/bundle/b" });
    expect(hints.map((hint) => (hint.type === "change" ? hint.key : hint.type))).toEqual([
      "resync",
      "a/route",
      "a/audit/0000000001",
      "a/bundle/b",
    ]);
    const long = Array.from({ length: 32 }, (_, n) => put(`a/${"k".repeat(400)}${n}`));
    await store.commit(long);
    await expect.poll(() => hints.at(-1)).toEqual({ type: "resync" });
  });

  test("a deadlock or a serialization failure is tried again within the bound; nothing else is", async () => {
    const store = await open();
    const refusal = (code: string): Error => Object.assign(new Error("refused"), { code, severity: "ERROR" });
    for (const code of ["40P01", "40001"]) {
      let left = 3;
      fail = () => {
        left -= 1;
        if (left >= 0) throw refusal(code);
      };
      expect(await store.commit([put(`key/${code}`)])).toMatchObject({ ok: true });
    }
    statements.length = 0;
    fail = () => {
      throw refusal("53100");
    };
    await expect(store.commit([put("full")])).rejects.toMatchObject({
      code: "store-unavailable",
      details: { engineCode: "53100" },
    });
    expect(statements).toHaveLength(1);
  });

  test("a failure that never ends is store-unavailable within 2 s of the clock [STORE-BOUNDED]", async () => {
    const clock = createFakeClock();
    const opening = await open({ clock, random: () => 0.9 });
    fail = () => {
      throw Object.assign(new Error("refused"), { code: "40P01", severity: "ERROR" });
    };
    const began = clock.monotonic();
    let settledAt: number | null = null;
    const outcome = opening.commit([put("a")]).catch((error: unknown) => error);
    void outcome.then(() => {
      settledAt = clock.monotonic() - began;
    });
    while (settledAt === null && clock.monotonic() - began < 3_000) {
      await new Promise((resolve) => setImmediate(resolve));
      await clock.advance(10);
    }
    expect(await outcome).toMatchObject({ code: "store-unavailable", details: { engineCode: "40P01" } });
    expect(settledAt).toBeLessThanOrEqual(2_000);
  });

  test("a key that another transaction holds is store-unavailable: the server gives up before the caller does [STORE-BOUNDED]", async () => {
    const store = await open();
    await store.commit([put("a")]);
    const holder = await server.pool.connect();
    await holder.query(`BEGIN; SELECT 1 FROM ${server.schema}.entries WHERE key = 'a' FOR UPDATE`);
    const { entries } = await store.get(["a"]);
    const rev = entries[0]?.rev ?? 0;
    await expect(store.commit([{ op: "del", key: "a", rev }])).rejects.toMatchObject({
      code: "store-unavailable",
      details: { engineCode: "55P03" },
    });
    await holder.query("ROLLBACK");
    holder.release();
    expect(await store.commit([{ op: "del", key: "a", rev }])).toMatchObject({ ok: true });
  });

  /** Resolves once so many calls of this test wait for a lock. */
  async function waiting(count: number): Promise<void> {
    const look = async (): Promise<number> => {
      const { rows } = await server.pool.query(
        `SELECT count(*)::int AS n FROM pg_stat_activity
          WHERE wait_event_type = 'Lock' AND wait_event = 'advisory' AND query LIKE $1`,
        [`%${server.schema}.%`],
      );
      return rows[0].n;
    };
    await expect.poll(look, { timeout: 1_400, interval: 10 }).toBe(count);
  }

  test("a start that meets a flip under way waits for it, and is refused with the new route [I4]", async () => {
    const store = await open();
    const [rev = 0] = revsOf(await store.commit([put("a/route")]));
    const flip = await server.pool.connect();
    await flip.query("BEGIN");
    const { rows } = await flip.query(
      `SELECT ${server.schema}.commit_v1('p', ARRAY['a/route'], ARRAY[$1::bigint], ARRAY['2'], ARRAY[1], 0, NULL, true) AS reply`,
      [rev],
    );
    expect(rows[0].reply).toMatch(/^\+/);
    const start = store.commit([{ op: "check", key: "a/route", rev }, put("a/pin/b/1760000000000/r")]);
    await waiting(1);
    await flip.query("COMMIT");
    flip.release();
    expect(await start).toMatchObject({ ok: false, key: "a/route", current: { value: "2" } });
    expect((await store.list("a/pin/", { limit: 1 })).entries).toEqual([]);
  });

  test("a flip waits for the starts under way and for none that comes after it", async () => {
    const store = await open();
    const [rev = 0] = revsOf(await store.commit([put("a/route")]));
    const early = await server.pool.connect();
    await early.query("BEGIN");
    await early.query(
      `SELECT ${server.schema}.start_v1('a/route', $1, 'a/pin/b/1760000000000/r', '1', 0, true)`,
      [rev],
    );
    const flip = store.commit([{ op: "put", key: "a/route", rev, value: "2" }]);
    await waiting(1);
    const late = store.commit([{ op: "check", key: "a/route", rev }, put("a/pin/b/1760000000000/s")]);
    await waiting(2);
    await early.query("COMMIT");
    early.release();
    expect(await flip).toMatchObject({ ok: true });
    expect(await late).toMatchObject({ ok: false, current: { value: "2" } });
    expect((await store.list("a/pin/", { limit: 9 })).entries).toHaveLength(1);
  });

  test("a start holds nothing while it waits for its route, whichever of its keys comes first", async () => {
    const store = await open();
    const [rev = 0] = revsOf(await store.commit([put("m/route")]));
    for (const key of ["m/pin/b/1760000000000/r", "n/pin/b/1760000000000/r"]) {
      const flip = await server.pool.connect();
      const lock = (mine: string): Promise<unknown> =>
        flip.query(
          `SELECT ${server.schema}.commit_v1('c', ARRAY[$1], ARRAY[0::bigint], ARRAY[''], ARRAY[1], 0, NULL, true)`,
          [mine],
        );
      await flip.query("BEGIN");
      await flip.query(
        `SELECT ${server.schema}.commit_v1('p', ARRAY['m/route'], ARRAY[$1::bigint], ARRAY['2'], ARRAY[1], 0, NULL, true)`,
        [rev],
      );
      const start = store.commit([{ op: "check", key: "m/route", rev }, put(key)]);
      await waiting(1);
      // Keys are locked in byte order, so whoever has the route may ask for what comes after it, and nothing before it.
      await flip.query("SET LOCAL lock_timeout = '300ms'");
      if (key > "m/route") await lock(key);
      await flip.query("ROLLBACK");
      flip.release();
      expect(await start).toMatchObject({ ok: true });
    }
  });

  test("a connection that the pool lends too late goes back unused [STORE-BOUNDED]", async () => {
    const clock = createFakeClock();
    const lend: (() => void)[] = [];
    let released = 0;
    const slow = {
      totalCount: 0,
      async connect(): Promise<PostgresPoolClient> {
        const client = await noted.connect();
        if (lend.length > 0) await new Promise<void>((resolve) => lend.push(resolve));
        return {
          ...client,
          release(destroy) {
            released += 1;
            client.release(destroy);
          },
        };
      },
    };
    const store = await open({ clock, client: slow });
    lend.push(() => undefined);
    released = 0;
    const outcome = store.commit([put("a")]).catch((error: unknown) => error);
    await expect.poll(() => lend.length).toBe(2);
    await clock.advance(2_000);
    expect(await outcome).toMatchObject({ code: "store-unavailable" });
    lend[1]?.();
    await expect.poll(() => released).toBe(1);
    expect(statements).toEqual([]);
  });

  test("commits that name the same keys in opposite orders never deadlock", async () => {
    const store = await open();
    const logged = async (): Promise<number> => {
      const { rows } = await server.pool.query(
        "SELECT deadlocks::int AS n FROM pg_stat_database WHERE datname = current_database()",
      );
      return rows[0].n;
    };
    const before = await logged();
    for (let round = 0; round < 10; round += 1) {
      const keys = Array.from({ length: 8 }, (_, n) => `${round}/${n}`);
      const forward = keys.map((key) => put(key));
      const results = await Promise.all([
        store.commit(forward),
        store.commit(forward.toReversed()),
        store.commit(
          forward.map(({ key }, n) => (n % 2 === 0 ? put(key) : { op: "check" as const, key, rev: 0 })),
        ),
      ]);
      expect(results.filter(({ ok }) => ok).length).toBeLessThanOrEqual(1);
    }
    expect(await logged()).toBe(before);
  });
});

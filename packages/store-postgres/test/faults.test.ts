import type { Store, StoreHint } from "@verdigris/contracts";
import {
  createPostgresStore,
  type PostgresNotice,
  type PostgresPool,
  type PostgresStoreOptions,
} from "@verdigris/store-postgres";
import { aBundle, createFakeClock } from "@verdigris/testing";
import { createFaultProxy, type FaultProxy } from "@verdigris/testing/node";
import type pg from "pg";
import { createVerdigris, type Verdigris } from "verdigris";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createOwnEngine, hasBinaries, type OwnEngine } from "./own-engine.ts";
import { openServer, type Server } from "./server.ts";

const put = (key: string, value = "1") => ({ op: "put" as const, key, rev: 0, value });
const code = (error: unknown): unknown => (error as { code?: unknown }).code;
const turns = async (count: number): Promise<void> => {
  for (let n = 0; n < count; n += 1) await new Promise((resolve) => setImmediate(resolve));
};

/** The run of a start, also where its bundle is not served by the process that asked. */
function runOf(started: Awaited<ReturnType<Verdigris<undefined>["start"]>>): { id: string; bundle: string } {
  if (started.placed) return { id: started.run.id, bundle: started.run.bundle.id };
  const [, , , , id = ""] = started.token.split("/");
  return { id, bundle: started.bundle };
}

/** A loaded machine takes its time, and none of this is about speed. */
const patience = { timeout: 20_000 };
const eventually: typeof expect.poll = (look, options) => expect.poll(look, { ...patience, ...options });

describe.skipIf(!hasBinaries)("an engine that fails", { timeout: 60_000 }, () => {
  let engine: OwnEngine;
  /** Straight to the engine, and through what a test breaks. */
  let direct: Server;
  let server: Server;
  let proxy: FaultProxy;
  let opened: { close(): Promise<void> }[];

  beforeAll(async () => {
    engine = await createOwnEngine();
    await engine.start();
  }, 120_000);
  afterAll(() => engine?.remove());
  beforeEach(async () => {
    opened = [];
    await engine.start();
    proxy = await createFaultProxy({ port: engine.port });
    direct = openServer(engine.url);
    server = openServer(`postgres://postgres@127.0.0.1:${proxy.port}/postgres`, direct.schema);
  });
  afterEach(async () => {
    proxy.pass();
    await proxy.accept();
    for (const each of opened.toReversed()) await each.close();
    await server.pool.end();
    await proxy.close();
    await direct.dispose();
  });

  async function open(more: Partial<PostgresStoreOptions> = {}, from: Server = server): Promise<Store> {
    const store = await createPostgresStore({ client: from.pool, schema: from.schema, ...more });
    opened.push(store);
    return store;
  }

  async function agentOn(store: Store): Promise<Verdigris<undefined>> {
    const verdigris = createVerdigris<undefined>({
      agent: "support",
      store,
      bundle: aBundle("blue"),
      load: () => undefined,
      sweepMs: "never",
      watch: false,
    });
    opened.push(verdigris);
    await verdigris.ready();
    await verdigris.register(aBundle("green"));
    return verdigris;
  }

  const generationOf = async (verdigris: Verdigris<undefined>): Promise<number> =>
    (await verdigris.router?.refresh())?.route.generation ?? 0;

  test("a refused connection is store-unavailable for every call, and the same handle works when it is back", async () => {
    const store = await open();
    await store.commit([put("a")]);
    await proxy.refuse();
    await turns(20);
    for (const call of [
      () => store.get(["a"]),
      () => store.commit([put("b")]),
      () => store.list("", { limit: 1 }),
    ]) {
      expect(code(await call().catch((error: unknown) => error))).toMatch(
        /^store-(unavailable|indeterminate)$/,
      );
    }
    // Every broken connection has been met by now: what follows was never sent.
    await expect(store.commit([put("c")])).rejects.toMatchObject({ code: "store-unavailable" });
    await proxy.accept();
    await eventually(() => store.commit([put("c")]).catch(code)).toMatchObject({ ok: true });
  });

  test("a reply that was lost after the commit is store-indeterminate, and the commit is there", async () => {
    const store = await open();
    const peer = await open({}, direct);
    proxy.swallow("replies");
    const outcome = store.commit([put("a")]).catch(code);
    await eventually(async () => (await peer.get(["a"])).entries[0]?.value).toBe("1");
    proxy.cut();
    proxy.pass();
    expect(await outcome).toBe("store-indeterminate");
    expect((await store.get(["a"])).entries).toMatchObject([{ value: "1" }]);
  });

  test("a connection reset before the statement arrived is store-indeterminate: nobody can know", async () => {
    const store = await open();
    proxy.swallow("requests");
    const outcome = store.commit([put("a")]).catch(code);
    await turns(20);
    proxy.cut();
    proxy.pass();
    expect(await outcome).toBe("store-indeterminate");
    expect((await store.get(["a"])).entries).toEqual([null]);
  });

  test("a half-open connection ends a call after 2 s of the clock, and the pool gets rid of it [STORE-BOUNDED]", async () => {
    const clock = createFakeClock();
    const store = await open({ clock });
    proxy.swallow("both");
    const read = store.get(["a"]).catch(code);
    await turns(20);
    await clock.advance(2_000);
    expect(await read).toBe("store-unavailable");
    proxy.pass();
    // The connections that hang are not lent again.
    const ways = await Promise.all(
      Array.from({ length: 12 }, () => store.get([]).then(() => "answered", code)),
    );
    expect(new Set(ways)).toEqual(new Set(["answered"]));
  });

  /** The server's pool, with a look at every statement before it is sent. */
  function noticing(before: (text: string) => void): PostgresPool {
    return {
      totalCount: 0,
      async connect() {
        const client = await server.pool.connect();
        return {
          query(text, values) {
            before(text);
            return client.query(text, values);
          },
          release: (destroy) => client.release(destroy),
          on: (event, listener) => client.on(event, listener),
          removeListener: (event, listener) => client.removeListener(event, listener),
        };
      },
    };
  }

  test("a flip whose reply was lost happens once, and answers as if it had not been [I11]", async () => {
    let losing = false;
    const client = noticing((text) => {
      if (losing && text.includes("commit_v1")) proxy.swallow("replies");
    });
    const verdigris = await agentOn(await open({ client }));
    const watcher = await agentOn(await open({}, direct));
    const generation = await generationOf(verdigris);
    losing = true;
    const flipping = verdigris.flip({ to: "green", expect: generation, reason: "test" });
    await eventually(() => generationOf(watcher)).toBe(generation + 1);
    losing = false;
    proxy.cut();
    proxy.pass();
    expect(await flipping).toMatchObject({ outcome: expect.stringMatching(/^(moved|duplicate)$/) });
    expect(await generationOf(watcher)).toBe(generation + 1);
    expect(runOf(await watcher.start()).bundle).toBe("green");
  });

  test("after kill -9 of the server every acknowledged commit is there, no revision comes back, and handles go on [STORE-KILL9]", async () => {
    const store = await open({}, direct);
    const acknowledged = new Map<string, number>();
    for (let round = 0; round < 3; round += 1) {
      let writing = true;
      const write = async (writer: number): Promise<void> => {
        for (let n = 0; writing; n += 1) {
          const key = `${round}/${writer}/${n}`;
          const result = await store.commit([put(key)]).catch(() => null);
          if (result?.ok) acknowledged.set(key, result.revs[0] ?? 0);
          else if (result === null) return;
        }
      };
      const before = acknowledged.size;
      const writers = [0, 1, 2, 3].map(write);
      await eventually(() => acknowledged.size).toBeGreaterThan(before + 20 * (round + 1));
      await engine.kill();
      writing = false;
      await Promise.all(writers);
      await engine.start();
      const keys = [...acknowledged.keys()];
      const { entries } = await store.get(keys);
      expect(entries.map((entry) => entry?.rev)).toEqual([...acknowledged.values()]);
      expect(new Set(acknowledged.values()).size).toBe(acknowledged.size);
    }
  });

  test("through restarts no flip is lost or doubled and no start is stale [I4] [I11]", async () => {
    const flipper = await agentOn(await open({}, direct));
    const starter = await agentOn(await open({}, direct));
    const allowed = ["store-unavailable", "store-indeterminate", "route-contended", "route-conflict"];
    let at = await generationOf(flipper);
    let flips = 0;
    let running = true;
    /** What each accepted run may at least be of: the flips that had been acknowledged when it was asked for. */
    const accepted: { run: string; atLeast: number }[] = [];
    const refused: unknown[] = [];

    const flip = async (): Promise<void> => {
      const to = flipper.router?.snapshot()?.route.live === "blue" ? "green" : "blue";
      const result = await flipper.flip({ to, expect: at, reason: "test", supersede: true });
      if (result.outcome === "moved") flips += 1;
    };
    const flipping = async (): Promise<void> => {
      while (running) {
        await flip().catch((error: unknown) => refused.push(code(error)));
        at = await generationOf(flipper).catch(() => at);
        await turns(20);
      }
    };
    const starting = async (): Promise<void> => {
      while (running) {
        const atLeast = at;
        const started = await starter.start().catch((error: unknown) => {
          refused.push(code(error));
          return null;
        });
        if (started !== null) accepted.push({ run: runOf(started).id, atLeast });
        await turns(1);
      }
    };
    const work = Promise.all([flipping(), starting()]);
    for (const restart of [true, true, false]) {
      const [before, started] = [flips, accepted.length];
      await eventually(() => flips > before + 3 && accepted.length > started + 3).toBe(true);
      if (restart) await engine.stop();
      if (restart) await engine.start();
    }
    running = false;
    await work;
    expect(refused.filter((each) => !allowed.includes(String(each)))).toEqual([]);
    const { rows } = await direct.pool.query(
      `SELECT value::json->>'run' AS run, (value::json->>'generation')::int AS generation
        FROM ${direct.schema}.entries WHERE key LIKE 'support/pin/%'`,
    );
    const generations = new Map(rows.map(({ run, generation }) => [run, generation]));
    const stale = accepted.filter(({ run, atLeast }) => !((generations.get(run) ?? -1) >= atLeast));
    expect(stale, "every accepted run is there, on a route no older than what had been acknowledged").toEqual(
      [],
    );
    expect(await flipper.verifyAudit()).toMatchObject({ ok: true, entries: at });
  });

  describe("and a listening connection", () => {
    let notices: PostgresNotice["type"][];
    let hints: StoreHint["type"][];
    beforeEach(() => {
      notices = [];
      hints = [];
    });

    async function watching(more: Partial<PostgresStoreOptions> = {}): Promise<Store> {
      const store = await open({
        listen: server.listen,
        onNotice: ({ type }) => notices.push(type),
        reconnectMs: 50,
        ...more,
      });
      store.watch("", ({ type }) => hints.push(type));
      await turns(1);
      return store;
    }

    test("that is terminated says down, listens again and says resync", async () => {
      const store = await watching();
      expect(store.capabilities.push).toBe(true);
      await direct.pool.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_listening_channels%' AND pid <> pg_backend_pid()",
      );
      await eventually(() => hints).toEqual(["resync", "down", "resync"]);
      expect(notices).toEqual(["push-up", "push-down", "push-up"]);
      await (await open({}, direct)).commit([put("a")]);
      await eventually(() => hints.at(-1)).toBe("change");
    });

    test("that is half open is found by its heartbeat", async () => {
      const clock = createFakeClock();
      const store = await watching({ clock, heartbeatMs: 2_000, client: direct.pool });
      proxy.swallow("both");
      await (await open({}, direct)).commit([put("a")]);
      await clock.advance(2_000);
      await turns(5);
      expect(hints, "nothing tells yet").toEqual(["resync"]);
      await clock.advance(2_000);
      proxy.pass();
      await eventually(async () => {
        await clock.advance(100);
        return hints;
      }).toEqual(["resync", "down", "resync"]);
      expect((await store.get(["a"])).entries).toMatchObject([{ value: "1" }]);
    });

    test("that cannot be made at first leaves push declared and down, and comes when it can", async () => {
      await proxy.refuse();
      const store = await watching({ client: direct.pool });
      expect(store.capabilities.push).toBe(true);
      expect(hints).toEqual(["resync", "down"]);
      await proxy.accept();
      await eventually(() => hints).toEqual(["resync", "down", "resync"]);
    });

    test("behind a pooler that swallows notifications: push is refused and reported, the store works", async () => {
      let made = 0;
      /** What such a pooler looks like: LISTEN succeeds on some backend, and what that backend is told goes nowhere. */
      const deaf = async (): Promise<pg.Client> => {
        made += 1;
        const client = await direct.listen();
        client.on = new Proxy(client.on, {
          apply: (on, self, [event, listener]) =>
            event === "notification" ? self : Reflect.apply(on, self, [event, listener]),
        });
        return client;
      };
      const { capabilities, commit } = await watching({ listen: deaf });
      expect(capabilities.push).toBe(false);
      expect(notices).toEqual(["push-refused"]);
      expect(await commit([put("a")])).toMatchObject({ ok: true });
      expect({ hints, made }).toEqual({ hints: ["resync"], made: 1 });
    });
  });
});

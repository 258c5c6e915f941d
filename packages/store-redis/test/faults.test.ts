import type { StoreHint } from "@verdigris/contracts";
import { createRedisStore, type RedisStore } from "@verdigris/store-redis";
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { connect, libraries, type TestClient } from "./clients.ts";
import { type FaultProxy, startProxy } from "./fault-proxy.ts";
import { committed, put } from "./ops.ts";
import { lacksProgram, type OwnServer, startServer } from "./own-server.ts";
import { freshPrefix } from "./shared-server.ts";

async function codeOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    (value) => value,
    (error: { code?: unknown }) => error.code ?? error,
  );
}

/** Tries until it works, as a process that was not restarted does. */
async function recovered<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (tries === 40) throw error;
      await new Promise((resolve) => {
        setTimeout(resolve, 50);
      });
    }
  }
}

/** Resolves when `fits` holds, looked at with every hint. */
function hintsOf(
  store: RedisStore,
  prefix = "",
): { seen: StoreHint[]; until(fits: () => boolean): Promise<void> } {
  const seen: StoreHint[] = [];
  const waiting = new Set<() => void>();
  store.watch(prefix, (hint) => {
    seen.push(hint);
    for (const look of waiting) look();
  });
  return {
    seen,
    until: (fits) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!fits()) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
  };
}

const kinds = (hints: readonly StoreHint[]): string => hints.map(({ type }) => type).join(" ");

describe.skipIf(lacksProgram()).each(libraries)("a server that is hurt, over %s", (library) => {
  let server: OwnServer;
  let proxy: FaultProxy;
  const clients: TestClient[] = [];
  const stores: RedisStore[] = [];

  beforeAll(async () => {
    server = await startServer();
    proxy = await startProxy(server.port);
  });
  afterAll(async () => {
    await proxy.close();
    await server.remove();
  });
  afterEach(async () => {
    proxy.release();
    for (const store of stores.splice(0)) await store.close();
    for (const client of clients.splice(0)) client.end();
  });

  async function open(prefix: string, url: string = proxy.url): Promise<RedisStore> {
    const client = await connect(library, url);
    clients.push(client);
    const store = await createRedisStore({ client: client.client, prefix, heartbeatMs: 100 });
    stores.push(store);
    // From here on the server knows the script.
    await store.commit([]);
    return store;
  }

  test("a reply lost after the commit is store-indeterminate, and reading tells that it happened [STORE-BOUNDED]", async () => {
    const prefix = freshPrefix();
    const [store, other] = [await open(prefix), await open(prefix, server.url)];
    proxy.hold("replies");
    expect(await codeOf(store.commit([put("a")]))).toBe("store-indeterminate");
    expect((await other.get(["a"])).entries[0]).toMatchObject({ value: "1" });
    proxy.release();
    expect((await recovered(() => store.get(["a"]))).entries[0]).toMatchObject({ value: "1" });
  });

  test("a commit that arrives after it was reported does not happen [STORE-LATE]", async () => {
    const prefix = freshPrefix();
    const [store, other] = [await open(prefix), await open(prefix, server.url)];
    proxy.hold("requests");
    expect(await codeOf(store.commit([put("a")]))).toBe("store-indeterminate");
    proxy.release();
    // The same connection or its successor: what was kept back has been worked off before this is.
    await recovered(() => store.get(["a"]));
    expect((await other.get(["a"])).entries).toEqual([null]);
    expect(await recovered(() => store.commit([put("a", '"again"')]))).toMatchObject({ ok: true });
  });

  test("a commit whose connection broke after the server had done it is never reported as a conflict with itself [STORE-LATE]", async () => {
    const prefix = freshPrefix();
    const [store, other] = [await open(prefix), await open(prefix, server.url)];
    proxy.hold("replies");
    const outcome = codeOf(store.commit([put("a")]));
    await recovered(async () => expect((await other.get(["a"])).entries[0]).not.toBeNull());
    proxy.reset();
    expect(await outcome).toBe("store-indeterminate");
    expect((await recovered(() => store.get(["a"]))).entries[0]).toMatchObject({ value: "1" });
  });

  test("a half-open connection is given up: calls end in time, and the store recovers by itself [STORE-BOUNDED]", async () => {
    const store = await open(freshPrefix());
    const before = proxy.accepted;
    proxy.hold("both");
    const began = performance.now();
    const codes = await Promise.all([codeOf(store.get(["a"])), codeOf(store.commit([put("b")]))]);
    expect(codes).toEqual(["store-unavailable", "store-indeterminate"]);
    expect(performance.now() - began).toBeGreaterThan(1_500);
    expect(await recovered(() => store.commit([put("c")]))).toMatchObject({ ok: true });
    expect(proxy.accepted).toBeGreaterThan(before);
    expect((await store.get(["b"])).entries).toEqual([null]);
  });

  test("a reset connection ends the calls over it, truthfully, and the store goes on without being opened again", async () => {
    const store = await open(freshPrefix());
    proxy.hold("both");
    const calls = [codeOf(store.get(["a"])), codeOf(store.commit([put("a")]))];
    proxy.reset();
    const [read, write] = await Promise.all(calls);
    expect(await recovered(() => store.commit([put("b")]))).toMatchObject({ ok: true });
    const [entry] = (await store.get(["a"])).entries;
    // A client that sends again what it had no reply to gets one: then it must be the truth.
    if (typeof read === "string") expect(read).toBe("store-unavailable");
    if (write === "store-unavailable") expect(entry).toBeNull();
    else if (write !== "store-indeterminate")
      expect(entry).toMatchObject({ rev: (write as { revs: number[] }).revs[0] });
  });

  test("a refused connection is store-unavailable and hands the client nothing to send later; after the restart everything is there [STORE-KILL9]", async () => {
    const store = await open(freshPrefix());
    const { revs } = await committed(store, put("kept"));
    await server.kill("SIGKILL");
    const codes = await Promise.all([codeOf(store.get(["kept"])), codeOf(store.commit([put("lost")]))]);
    expect(codes[0]).toBe("store-unavailable");
    expect(["store-unavailable", "store-indeterminate"]).toContain(codes[1]);
    expect(await codeOf(store.commit([put("lost")]))).toBe("store-unavailable");
    await server.restart();
    const { entries } = await recovered(() => store.get(["kept", "lost"]));
    expect(entries).toMatchObject([{ rev: revs[0] }, null]);
    // The script cache went with the process.
    expect(await store.commit([put("kept", "2", revs[0])])).toMatchObject({ ok: true });
  });

  test("a killed subscription says down, then resync, and hints arrive again [STORE-WATCH]", async () => {
    const store = await open(freshPrefix());
    const hints = hintsOf(store);
    await hints.until(() => kinds(hints.seen).endsWith("resync resync"));
    const admin = new Redis(server.url);
    await admin.client("KILL", "TYPE", "pubsub");
    await hints.until(() => kinds(hints.seen).endsWith("down resync"));
    await store.commit([put("docs/route")]);
    await hints.until(() => kinds(hints.seen).endsWith("change"));
    expect(hints.seen.at(-1)).toEqual({ type: "change", key: "docs/route" });
    admin.disconnect();
  });

  test("pushes that get lost are noticed by the heartbeat: down, then resync [STORE-WATCH]", async () => {
    const prefix = freshPrefix();
    const store = await open(prefix);
    const hints = hintsOf(store);
    await hints.until(() => kinds(hints.seen).endsWith("resync resync"));
    proxy.hold("replies");
    await hints.until(() => kinds(hints.seen).endsWith("down"));
    proxy.reset();
    proxy.release();
    await hints.until(() => kinds(hints.seen).endsWith("down resync"));
  });

  test("starts and finishes are not pushed, routes and lifecycle are", async () => {
    const store = await open(freshPrefix());
    const hints = hintsOf(store);
    await hints.until(() => kinds(hints.seen).endsWith("resync resync"));
    hints.seen.length = 0;
    const pin = put("docs/pin/v1/1700000000000/r1");
    await store.commit([pin, put("docs/claim/job-1"), put("docs/moved/r1")]);
    await store.commit([put("docs/bundle/v1")]);
    await hints.until(() => hints.seen.length > 0);
    expect(hints.seen).toEqual([{ type: "change", key: "docs/bundle/v1" }]);
  });
});

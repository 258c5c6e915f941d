import { readFile } from "node:fs/promises";
import {
  createRedisStore,
  type RedisRisk,
  type RedisStore,
  type RedisStoreOptions,
} from "@verdigris/store-redis";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { committed, put } from "./ops.ts";
import { lacksProgram, type OwnServer, startServer } from "./own-server.ts";
import { freshPrefix } from "./shared-server.ts";

const servers: OwnServer[] = [];
const admins: Redis[] = [];
const stores: RedisStore[] = [];

async function start(settings?: readonly string[]): Promise<{ server: OwnServer; admin: Redis }> {
  const server = await startServer(settings);
  servers.push(server);
  return { server, admin: open(server) };
}

function open(server: OwnServer, options: object = {}): Redis {
  const client = new Redis(server.url, options);
  client.on("error", () => undefined);
  admins.push(client);
  return client;
}

async function storeOn(client: Redis, options: Partial<RedisStoreOptions> = {}): Promise<RedisStore> {
  const store = await createRedisStore({ client, prefix: freshPrefix(), ...options });
  stores.push(store);
  return store;
}

afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
});

async function end(): Promise<void> {
  for (const admin of admins.splice(0)) admin.disconnect();
  for (const server of servers.splice(0)) await server.remove();
}

describe.skipIf(lacksProgram())("what a server may be", () => {
  let server: OwnServer;
  let admin: Redis;
  beforeAll(async () => {
    ({ server, admin } = await start());
  });
  afterAll(end);
  afterEach(async () => {
    for (const [name, value] of [
      ["appendonly", "yes"],
      ["appendfsync", "always"],
      ["no-appendfsync-on-rewrite", "no"],
      ["maxmemory-policy", "noeviction"],
      ["maxmemory", "0"],
    ] as const) {
      await admin.config("SET", name, value);
    }
  });

  for (const [risk, name, value] of [
    ["persistence", "appendonly", "no"],
    ["fsync", "appendfsync", "everysec"],
    ["fsync", "appendfsync", "no"],
    ["fsync", "no-appendfsync-on-rewrite", "yes"],
    ["eviction", "maxmemory-policy", "allkeys-lru"],
  ] as const) {
    test(`a server with ${name} ${value} is refused, and taken with a warning where the risk is accepted [STORE-RISKS]`, async () => {
      await admin.config("SET", name, value);
      const prefix = freshPrefix();
      await expect(storeOn(admin, { prefix })).rejects.toMatchObject({
        code: "store-lacks-capability",
        details: { risks: [risk] },
      });
      expect(await admin.keys(`{${prefix}}*`), "a refused server is left as it was").toEqual([]);
      const told: RedisRisk[] = [];
      const store = await storeOn(admin, { accept: [risk], onRisk: (found) => told.push(found) });
      expect(told.map(({ code }) => code)).toEqual([risk]);
      expect(store.risks).toEqual(told);
      expect(store.capabilities.durableAck).toBe(false);
    });
  }

  test("a volatile-* policy is no risk, since no key has a time to live", async () => {
    await admin.config("SET", "maxmemory-policy", "volatile-lru");
    const store = await storeOn(admin);
    expect(store.risks).toEqual([]);
    expect(store.capabilities.durableAck).toBe(true);
  });

  test("a server that hides its settings is refused until they are stated, and then judged by them [STORE-RISKS]", async () => {
    await admin.acl("SETUSER", "app", "on", ">secret", "~*", "&*", "+@all", "-config");
    const app = open(server, { username: "app", password: "secret" });
    await expect(storeOn(app)).rejects.toMatchObject({ details: { risks: ["unknown"] } });
    const settings = {
      appendOnly: true,
      appendFsync: "always",
      maxmemoryPolicy: "noeviction",
      replicas: 0,
    } as const;
    expect((await storeOn(app, { settings })).capabilities.durableAck).toBe(true);
    await expect(storeOn(app, { settings: { ...settings, appendFsync: "everysec" } })).rejects.toMatchObject({
      details: { risks: ["fsync"] },
    });
    await expect(storeOn(app, { settings: { ...settings, replicas: 2 } })).rejects.toMatchObject({
      details: { risks: ["replication"] },
    });
    expect((await storeOn(app, { accept: ["unknown"] })).capabilities.durableAck).toBe(false);
  });

  for (const [what, rules] of [
    ["ZADD", ["~*", "&*", "+@all", "-zadd"]],
    ["PUBLISH to the channel", ["~*", "+@all", "resetchannels"]],
    ["its keys", ["~other:*", "&*", "+@all"]],
  ] as const) {
    test(`a user without the right to ${what} is refused at the opening, not in the middle of a commit`, async () => {
      await admin.acl("SETUSER", "poor", "reset", "on", ">secret", ...rules);
      const poor = open(server, { username: "poor", password: "secret" });
      await expect(storeOn(poor)).rejects.toMatchObject({
        code: "store-unavailable",
        details: { engineCode: "NOPERM" },
      });
    });
  }

  test("the rights that the guide names are enough for every call", async () => {
    const guide = await readFile(new URL("../../../docs/guides/run-on-redis.md", import.meta.url), "utf8");
    const [, rules = ""] = /ACL SETUSER app on >… (.*)/.exec(guide) ?? [];
    await admin.acl("SETUSER", "named", "reset", "on", ">secret", ...rules.split(" "));
    const named = open(server, { username: "named", password: "secret" });
    const store = await storeOn(named, { prefix: "verdigris" });
    const told = new Promise<string>((resolve) => {
      store.watch("", (hint) => {
        if (hint.type === "change") resolve(hint.key);
        else void store.commit([put(`route/${crypto.randomUUID()}`)]);
      });
    });
    expect(await told).toMatch(/^route/);
    const { revs } = await committed(store, put("a"));
    await committed(store, put("a", "2", revs[0]));
    const [entry] = (await store.list("a", { limit: 1 })).entries;
    await committed(store, { op: "del", key: "a", rev: entry?.rev ?? 0 });
    expect((await store.get(["a"])).entries).toEqual([null]);
  });

  test("data laid out by a later release are record-too-new and are left as they were [FORMAT-TOO-NEW]", async () => {
    const prefix = freshPrefix();
    await storeOn(admin, { prefix });
    await admin.hset(`{${prefix}}:entries`, "\0v", "2");
    await expect(storeOn(admin, { prefix })).rejects.toMatchObject({
      code: "record-too-new",
      details: { found: 2, supported: 1 },
    });
    expect(await admin.hget(`{${prefix}}:entries`, "\0v")).toBe("2");
  });

  test("options out of range are named", async () => {
    for (const [argument, options] of [
      ["client", { client: undefined }],
      ["client", { client: {} }],
      ["prefix", { prefix: "" }],
      ["prefix", { prefix: "a{b}" }],
      ["prefix", { prefix: "a b" }],
      ["accept", { accept: ["everything"] }],
      ["onRisk", { onRisk: "print" }],
      ["waitForReplicas", { waitForReplicas: -1 }],
      ["heartbeatMs", { heartbeatMs: 50 }],
    ] as const) {
      await expect(createRedisStore({ client: admin, ...options } as never)).rejects.toMatchObject({
        code: "invalid-argument",
        details: { argument },
      });
    }
  });

  test("a full server refuses what only adds, as a whole, and lets flips and finishes through [STORE-FULL]", async () => {
    const store = await storeOn(admin);
    const { revs } = await committed(store, put("docs/route"), put("docs/pin/a"));
    const [route = 0, pin = 0] = revs;
    await admin.config("SET", "maxmemory", "1");
    await expect(
      store.commit([{ op: "check", key: "docs/route", rev: route }, put("docs/pin/b"), put("docs/claim/b")]),
    ).rejects.toMatchObject({ code: "store-unavailable", details: { engineCode: "OOM" } });
    expect((await store.get(["docs/pin/b", "docs/claim/b"])).entries).toEqual([null, null]);
    expect((await store.list("docs/claim/", { limit: 1 })).entries).toEqual([]);
    expect(await store.commit([put("docs/route", "2", route), put("docs/audit/2")])).toMatchObject({
      ok: true,
    });
    expect(await store.commit([{ op: "del", key: "docs/pin/a", rev: pin }])).toMatchObject({ ok: true });
    await admin.config("SET", "maxmemory", "0");
    expect(await store.commit([put("docs/pin/b")])).toMatchObject({ ok: true });
  });

  test("a snapshot that was restored brings back no revision that was issued since [STORE-REV]", async () => {
    const prefix = freshPrefix();
    const store = await storeOn(admin, { prefix });
    const keys = [`{${prefix}}:entries`, `{${prefix}}:keys`] as const;
    await store.commit([put("a")]);
    const snapshot = await Promise.all(keys.map((key) => admin.dumpBuffer(key)));
    const [first] = (await store.get(["a"])).entries;
    const lost = await committed(store, put("a", "2", first?.rev));
    for (const [n, key] of keys.entries()) await admin.restore(key, 0, snapshot[n] as Buffer, "REPLACE");
    expect((await store.get(["a"])).entries).toEqual([first]);
    const next = await committed(store, put("a", "3", first?.rev));
    expect(next.revs[0]).toBeGreaterThan(lost.revs[0] ?? 0);
    expect(next.at).toBeGreaterThanOrEqual(lost.at);
  });
});

describe.skipIf(lacksProgram())("a server with a replica", () => {
  afterAll(end);

  async function follow(primary: OwnServer): Promise<{ server: OwnServer; admin: Redis }> {
    const replica = await start();
    await replica.admin.replicaof("127.0.0.1", String(primary.port));
    for (;;) {
      if ((await replica.admin.info("replication")).includes("master_link_status:up")) return replica;
      await new Promise((resolve) => {
        setTimeout(resolve, 20);
      });
    }
  }

  test("is refused unless commits wait for the replica, and a commit it did not confirm is store-indeterminate [STORE-RISKS]", async () => {
    const primary = await start();
    const replica = await follow(primary.server);
    await expect(storeOn(primary.admin)).rejects.toMatchObject({ details: { risks: ["replication"] } });
    const prefix = freshPrefix();
    const store = await storeOn(open(primary.server), { prefix, waitForReplicas: 1 });
    expect(store.capabilities.durableAck).toBe(true);
    const { revs } = await committed(store, put("a"));
    replica.server.child.kill("SIGSTOP");
    await expect(store.commit([put("b")])).rejects.toMatchObject({ code: "store-indeterminate" });
    replica.server.child.kill("SIGCONT");
    await primary.server.kill("SIGKILL");
    await replica.admin.replicaof("NO", "ONE");
    const after = await storeOn(replica.admin, { prefix });
    expect((await after.get(["a"])).entries).toMatchObject([{ rev: revs[0] }]);
  });

  test("once it is a replica itself it answers neither reads nor commits, and again once it is promoted", async () => {
    const [one, two] = [await start(), await start()];
    const store = await storeOn(one.admin);
    await store.commit([put("a")]);
    await one.admin.replicaof("127.0.0.1", String(two.server.port));
    for (const call of [
      () => store.get(["a"]),
      () => store.list("", { limit: 1 }),
      () => store.commit([]),
      () => store.commit([put("a")]),
      () => store.commit([put("b")]),
    ]) {
      await expect(call()).rejects.toMatchObject({
        code: "store-unavailable",
        details: { engineCode: "READONLY" },
      });
    }
    await expect(storeOn(one.admin)).rejects.toMatchObject({ details: { engineCode: "READONLY" } });
    await one.admin.replicaof("NO", "ONE");
    expect(await store.commit([put("c")])).toMatchObject({ ok: true });
  });
});

describe.skipIf(lacksProgram())("connected through", () => {
  afterAll(end);

  test("a client that was never connected is store-unavailable", async () => {
    const client = createClient({ url: "redis://127.0.0.1:1" });
    await expect(createRedisStore({ client })).rejects.toMatchObject({ code: "store-unavailable" });
  });
});

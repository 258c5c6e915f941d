import type { Store } from "@verdigris/contracts";
import { createRedisStore } from "@verdigris/store-redis";
import { Redis } from "ioredis";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { committed, put } from "./ops.ts";
import { freshPrefix, lacksServer, removeData, sharedUrl } from "./shared-server.ts";

const routeKey = "a/route";
const pin = (run: string): string => `a/pin/b/1760000000000/${run}`;

describe.skipIf(await lacksServer())("the commit of a run start", () => {
  let prefix: string;
  let client: Redis;
  let store: Store;
  let route: number;
  /** Every command that was sent. */
  let sent: string[][];

  beforeEach(async () => {
    prefix = freshPrefix();
    client = new Redis(sharedUrl);
    sent = [];
    const call = client.call.bind(client) as (...args: string[]) => Promise<unknown>;
    client.call = ((...args: string[]) => {
      sent.push(args);
      return call(...args);
    }) as typeof client.call;
    store = await createRedisStore({ client, prefix, accept: ["persistence"] });
    route = (await committed(store, put(routeKey))).revs[0] ?? 0;
    await store.commit([{ op: "check", key: routeKey, rev: route }, put(pin("first"))]);
    sent.length = 0;
  });
  afterEach(async () => {
    await store.close();
    client.disconnect();
    await removeData(prefix);
  });

  const start = (run: string, rev = route) =>
    store.commit([{ op: "check", key: routeKey, rev }, put(pin(run))]);

  test("is one command, and its revision is later than every one before", async () => {
    const results = [await start("x"), await start("y")];
    expect(sent.map(([command]) => command)).toEqual(["EVALSHA", "EVALSHA"]);
    const revs = results.map((result) => (result.ok ? result.revs : []));
    expect(revs).toEqual([
      [route, expect.any(Number)],
      [route, expect.any(Number)],
    ]);
    expect(revs[1]?.[1]).toBeGreaterThan(revs[0]?.[1] ?? 0);
    const { entries } = await store.get([pin("x"), pin("y")]);
    expect(entries.map((entry) => entry?.rev)).toEqual(revs.map(([, rev]) => rev));
  });

  test("is told apart by the whole revision of the route, not by how it begins", async () => {
    const [entry] = (await store.get([routeKey])).entries;
    for (const rev of [Math.floor(route / 10), route * 2, 1]) {
      expect(await start("x", rev)).toEqual({
        ok: false,
        key: routeKey,
        current: entry,
        at: expect.any(Number),
      });
    }
    expect(await start("first")).toMatchObject({ ok: false, key: pin("first"), current: { value: "1" } });
    expect((await store.list("a/pin/", { limit: 9 })).entries.map(({ key }) => key)).toEqual([pin("first")]);
  });

  test("goes on from the last revision while the clock of the server is behind it, and time stands still [STORE-REV] [STORE-TIME]", async () => {
    const ahead = (Date.now() + 3_600_000) * 1_000 + 7;
    await client.hset(`{${prefix}}:entries`, "", String(ahead));
    const at = Math.floor(ahead / 1_000);
    expect(await start("x")).toEqual({ ok: true, revs: [route, ahead + 1], at });
    expect(await start("y")).toEqual({ ok: true, revs: [route, ahead + 2], at });
    expect(await store.get([pin("y")])).toMatchObject({ entries: [{ rev: ahead + 2, at }], at });
  });

  test("that arrives after the time it was bounded by does not happen [STORE-LATE]", async () => {
    await start("x");
    const [command = []] = sent;
    const late = [...command];
    late[5] = "1000000000000000";
    late[8] = pin("late");
    const [name = "", ...args] = late;
    expect(await client.call(name, ...args)).toEqual(["late", expect.anything()]);
    expect((await store.get([pin("late")])).entries).toEqual([null]);
  });
});

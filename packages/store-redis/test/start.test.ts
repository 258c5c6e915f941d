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

  test("shares its command with the others of its turn that check the same entry", async () => {
    const results = await Promise.all(Array.from({ length: 40 }, (_, n) => start(`run-${n}`)));
    expect(sent.map(([command]) => command)).toEqual(["EVALSHA", "EVALSHA"]);
    expect(results.every(({ ok }) => ok)).toBe(true);
    const { entries } = await store.list("a/pin/", { limit: 99 });
    expect(entries).toHaveLength(41);
    for (const [n, result] of results.entries()) {
      const entry = entries.find(({ key }) => key === pin(`run-${n}`));
      expect(result).toEqual({ ok: true, revs: [route, entry?.rev], at: entry?.at });
    }
  });

  test("waits for nobody beyond its turn, and shares it with callbacks of their own", async () => {
    const later = (run: string) =>
      new Promise<void>((resolve) => {
        setTimeout(() => start(run).then(() => resolve()), 1);
      });
    await Promise.all([later("x"), later("y")]);
    expect(sent).toHaveLength(1);
  });

  test("has its own fence and its own outcome, whatever becomes of the others of its turn [STORE-ATOMIC]", async () => {
    const [entry] = (await store.get([routeKey])).entries;
    sent.length = 0;
    const [stale, twice, again, taken, good] = await Promise.all([
      start("stale", route - 1),
      start("twice"),
      start("twice"),
      start("first"),
      start("good"),
    ]);
    expect(stale).toEqual({ ok: false, key: routeKey, current: entry, at: expect.any(Number) });
    expect([twice?.ok, again?.ok].toSorted()).toEqual([false, true]);
    expect(taken).toMatchObject({ ok: false, key: pin("first"), current: { value: "1" } });
    expect(good).toMatchObject({ ok: true, revs: [route, expect.any(Number)] });
    const there = (await store.list("a/pin/", { limit: 9 })).entries.map(({ key }) => key);
    expect(there).toEqual([pin("first"), pin("good"), pin("twice")]);
  });

  test("is checked against its own route, also where that of another agent has had the same revision [STORE-ATOMIC]", async () => {
    const others = ["a", "b"].map((agent) => `${agent}/shared`);
    const { revs } = await committed(store, ...others.map((key) => put(key)));
    const [rev = 0] = revs;
    expect(revs).toEqual([rev, rev]);
    await committed(store, put("b/shared", "2", rev));
    const results = await Promise.all(
      ["a", "b"].map((agent) =>
        store.commit([{ op: "check", key: `${agent}/shared`, rev }, put(`${agent}/pin/b/1760000000000/y`)]),
      ),
    );
    expect(results.map(({ ok }) => ok)).toEqual([true, false]);
  });

  test("of one key is made once, however many ask for it in one turn [STORE-ATOMIC]", async () => {
    const results = await Promise.all([start("same"), start("same"), start("other"), start("same")]);
    expect(results.map(({ ok }) => ok).toSorted()).toEqual([false, false, true, true]);
    const { entries } = await store.get([pin("same")]);
    const made = results.find((result, n) => result.ok && n !== 2);
    expect(made).toMatchObject({ revs: [route, entries[0]?.rev] });
  });

  test("is uncertain with all that shared its command when the reply is lost, and every one of them is said so", async () => {
    const call = client.call;
    client.call = ((...args: readonly [string, ...string[]]) =>
      call(...args).then(() => Promise.reject(new Error("Connection is closed.")))) as typeof client.call;
    const results = await Promise.allSettled([start("x"), start("y"), start("z")]);
    client.call = call;
    expect(results).toEqual(
      Array.from({ length: 3 }, () => ({
        status: "rejected",
        reason: expect.objectContaining({ code: "store-indeterminate" }),
      })),
    );
    const { entries } = await store.get([pin("x"), pin("y"), pin("z")]);
    expect(entries.every((found) => found !== null)).toBe(true);
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

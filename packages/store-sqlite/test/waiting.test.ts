import type { StoreOp } from "@verdigris/contracts";
import { createSqliteStore } from "@verdigris/store-sqlite";
import { createFakeClock } from "@verdigris/testing";
import Libsql from "libsql";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type TemporaryFile, temporaryFile } from "./temporary-file.ts";

const put = (key: string) => [{ op: "put" as const, key, rev: 0, value: "1" }];

let temporary: TemporaryFile;
beforeEach(async () => {
  temporary = await temporaryFile();
});
afterEach(() => temporary.remove());

describe("a commit behind another writer", () => {
  test("rejects with store-unavailable after 2 s of the clock, gives way to timers all along, and does nothing [STORE-BOUNDED]", async () => {
    const { file } = temporary;
    const clock = createFakeClock();
    const store = await createSqliteStore({ file, clock, busyMs: 0, random: () => 0.5 });
    const holder = new Libsql(file);
    holder.exec("BEGIN IMMEDIATE");
    const began = clock.monotonic();
    let settledAt: number | null = null;
    let ticks = 0;
    const tick = (): void => {
      ticks += 1;
      clock.setTimer(tick, 10);
    };
    tick();
    const outcome = store.commit(put("a")).catch((error: unknown) => error);
    void outcome.then(() => {
      settledAt = clock.monotonic();
    });
    await clock.advance(1_900);
    expect(settledAt, "it is still trying").toBeNull();
    await clock.advance(200);
    expect(await outcome).toMatchObject({ code: "store-unavailable" });
    expect((settledAt ?? 0) - began).toBe(2_000);
    expect(ticks, "every tick of 10 ms came in its turn").toBe(211);
    holder.exec("ROLLBACK");
    expect((await store.get(["a"])).entries).toEqual([null]);
    expect(await store.commit(put("a"))).toMatchObject({ ok: true });
    await store.close();
  });

  test("leaves reads as fresh as they were: what the other writer commits is seen at once [ROUTE-LINEARIZABLE]", async () => {
    const { file } = temporary;
    const clock = createFakeClock();
    const store = await createSqliteStore({ file, clock, busyMs: 0 });
    await store.commit(put("a"));
    const holder = new Libsql(file);
    for (const value of ["2", "3", "4"]) {
      holder.exec("BEGIN IMMEDIATE");
      holder.exec(`UPDATE verdigris_entries SET value = '${value}', rev = rev + 100000 WHERE key = 'a'`);
      const committing = store.commit(put(`b${value}`));
      await store.get(["a"]);
      await store.list("", { limit: 10 });
      holder.exec("COMMIT");
      expect((await store.get(["a"])).entries).toMatchObject([{ value }]);
      expect((await store.list("a", { limit: 1 })).entries).toMatchObject([{ value }]);
      await clock.advance(60);
      expect(await committing).toMatchObject({ ok: true });
    }
    await store.close();
  });

  test("is not locked out by having waited, for revisions and for its own turn, while the file changed [STORE-BOUNDED]", async () => {
    const { file } = temporary;
    const clock = createFakeClock();
    const other = await createSqliteStore({ file });
    const created = await other.commit(put("a"));
    await other.close();
    const store = await createSqliteStore({ file, clock, busyMs: 0 });
    const settled = async (ops: readonly StoreOp[]): Promise<unknown> => {
      const outcome = store.commit(ops).catch((error: unknown) => error);
      await clock.advance(2_100);
      return outcome;
    };
    const remove = { op: "del", key: "a", rev: created.ok ? (created.revs[0] ?? 0) : 0 } as const;
    const holder = new Libsql(file);
    holder.exec("BEGIN IMMEDIATE");
    holder.exec("UPDATE verdigris_meta SET value = value + 1 WHERE name = 'until'");
    // It has no revisions yet, so a put waits to reserve some; a removal needs none and waits to begin.
    expect(await settled(put("b"))).toMatchObject({ code: "store-unavailable" });
    expect(await settled([remove])).toMatchObject({ code: "store-unavailable" });
    holder.exec("COMMIT");
    expect(await settled([remove])).toMatchObject({ ok: true });
    expect(await settled(put("b"))).toMatchObject({ ok: true });
    await store.close();
  });

  test("goes through once the writer has let go", async () => {
    const { file } = temporary;
    const clock = createFakeClock();
    const store = await createSqliteStore({ file, clock, busyMs: 0 });
    const holder = new Libsql(file);
    holder.exec("BEGIN IMMEDIATE");
    const committing = store.commit(put("a"));
    await clock.advance(500);
    holder.exec("ROLLBACK");
    await clock.advance(60);
    expect(await committing).toMatchObject({ ok: true });
    await store.close();
  });

  test("takes the ops as they were at the call", async () => {
    const { file } = temporary;
    const clock = createFakeClock();
    const store = await createSqliteStore({ file, clock, busyMs: 0 });
    const holder = new Libsql(file);
    holder.exec("BEGIN IMMEDIATE");
    const ops = put("a").map((op) => ({ ...op }));
    const committing = store.commit(ops);
    for (const op of ops) op.key = "changed";
    await clock.advance(100);
    holder.exec("ROLLBACK");
    await clock.advance(60);
    await committing;
    expect((await store.list("", { limit: 10 })).entries).toMatchObject([{ key: "a" }]);
    await store.close();
  });

  test("is refused with closed when the store is closed meanwhile", async () => {
    const { file } = temporary;
    const clock = createFakeClock();
    const store = await createSqliteStore({ file, clock, busyMs: 0 });
    const holder = new Libsql(file);
    holder.exec("BEGIN IMMEDIATE");
    const outcome = store.commit(put("a")).catch((error: unknown) => error);
    await store.close();
    await clock.advance(60);
    expect(await outcome).toMatchObject({ code: "closed" });
    holder.exec("ROLLBACK");
  });
});

describe("watching a file", () => {
  test("polls only while somebody watches, and says resync after a commit of another handle", async () => {
    const { file } = temporary;
    const clock = createFakeClock();
    const store = await createSqliteStore({ file, clock });
    const other = await createSqliteStore({ file });
    expect(clock.pending).toBe(0);
    const hints: unknown[] = [];
    const stop = store.watch("a/", (hint) => hints.push(hint));
    await clock.advance(1_000);
    expect(hints).toEqual([{ type: "resync" }]);
    await other.commit(put("a/1"));
    await clock.advance(99);
    expect(hints).toHaveLength(1);
    await clock.advance(1);
    expect(hints).toEqual([{ type: "resync" }, { type: "resync" }]);
    await store.commit(put("a/2"));
    await clock.advance(200);
    expect(hints.slice(2)).toEqual([{ type: "change", key: "a/2" }]);
    stop();
    expect(clock.pending).toBe(0);
    await store.close();
    await other.close();
  });
});

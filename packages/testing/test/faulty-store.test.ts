import type { Store, StoreHint } from "@verdigris/contracts";
import { createMemoryStore } from "@verdigris/store-memory";
import { createFakeClock, createFaultyStore, type FaultyStore } from "@verdigris/testing";
import { describe, expect, it } from "vitest";

const put = (key: string, rev = 0, value = "1") => [{ op: "put", key, rev, value }] as const;

function create(): { records: Store; store: FaultyStore; settle: () => Promise<void> } {
  const clock = createFakeClock();
  const records = createMemoryStore({ clock });
  return { records, store: createFaultyStore(records), settle: () => clock.advance(0) };
}

const codeOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => "answered",
    (error: { code?: string }) => error.code,
  );

describe("a faulty store", () => {
  it("passes every call through and writes it down [TESTING-FAKES]", async () => {
    const { store } = create();
    await store.commit([...put("a/1"), { op: "check", key: "a/2", rev: 0 }]);
    expect((await store.get(["a/1"])).entries[0]?.value).toBe("1");
    expect((await store.list("a/", { limit: 5 })).entries).toHaveLength(1);
    expect(store.calls).toEqual([
      {
        call: "commit",
        ops: [
          { op: "put", key: "a/1" },
          { op: "check", key: "a/2" },
        ],
      },
      { call: "get", keys: ["a/1"] },
      { call: "list", prefix: "a/" },
    ]);
    expect([store.count(), store.count("get")]).toEqual([3, 1]);
    expect(store.capabilities).toEqual(create().records.capabilities);
  });

  it.each([
    ["done", 1, 1],
    ["dropped", 0, 0],
    ["late", 0, 1],
  ] as const)("loses the reply of a commit that was %s", async (fate, before, after) => {
    const { store, records } = create();
    const count = async (): Promise<number> => (await records.list("", { limit: 9 })).entries.length;
    store.loseReply(fate);
    expect(await codeOf(store.commit(put("a")))).toBe("store-indeterminate");
    expect(await count()).toBe(before);
    expect(await store.landLate()).toHaveLength(fate === "late" ? 1 : 0);
    expect(await store.landLate()).toEqual([]);
    expect(await count()).toBe(after);
    expect(await codeOf(store.commit(put("b")))).toBe("answered");
  });

  it("loses as many replies as it was asked to, one commit each", async () => {
    const { store } = create();
    store.loseReply();
    store.loseReply("dropped");
    const codes = [];
    for (const key of ["a", "b", "c"]) codes.push(await codeOf(store.commit(put(key))));
    expect(codes).toEqual(["store-indeterminate", "store-indeterminate", "answered"]);
  });

  it("fails the next call, or the next of a kind, before the store sees it", async () => {
    const { store, records } = create();
    const own = new Error("the caller's own");
    store.failNext("store-unavailable", "commit");
    store.failNext(own);
    await expect(store.get(["a"])).rejects.toBe(own);
    expect(await codeOf(store.commit(put("a")))).toBe("store-unavailable");
    expect((await records.get(["a"])).entries).toEqual([null]);
    expect(await codeOf(store.commit(put("a")))).toBe("answered");
  });

  it("holds a call before the store sees it, or holds its reply", async () => {
    const { store, records } = create();
    for (const [at, value] of [
      ["request", "new"],
      ["reply", "old"],
    ] as const) {
      const key = `held/${at}`;
      const first = await records.commit(put(key, 0, "old"));
      const gate = store.gate({ kind: "get", at });
      const reading = store.get([key]);
      await gate.reached;
      await records.commit(put(key, first.ok ? first.revs[0] : 0, "new"));
      gate.open();
      expect((await reading).entries[0]?.value).toBe(value);
    }
  });

  it("holds nothing with a gate that was opened before a call came", async () => {
    const { store } = create();
    store.gate().open();
    expect(await codeOf(store.get(["a"]))).toBe("answered");
  });

  it("is down until it is up, and tells its watchers", async () => {
    const { store, records, settle } = create();
    const hints: StoreHint["type"][] = [];
    const stop = store.watch("a", ({ type }) => hints.push(type));
    await settle();
    store.down();
    expect(await codeOf(store.commit(put("a")))).toBe("store-unavailable");
    expect(await codeOf(store.list("", { limit: 1 }))).toBe("store-unavailable");
    await records.commit(put("a"));
    await settle();
    store.up();
    expect(await codeOf(store.get(["a"]))).toBe("answered");
    expect(hints).toEqual(["resync", "down", "resync"]);
    stop();
    store.down();
    expect(hints).toHaveLength(3);
  });

  it("leaves calls unanswered while it hangs, and commits in doubt", async () => {
    const { store, settle } = create();
    store.hang();
    const codes: unknown[] = [];
    const calls = [store.get(["a"]), store.commit(put("a"))].map(async (call) =>
      codes.push(await codeOf(call)),
    );
    await settle();
    expect(codes).toEqual([]);
    store.up();
    await Promise.all(calls);
    expect(codes).toEqual(["store-unavailable", "store-indeterminate"]);
  });

  it("drops hints, and gives hints of the test's own", async () => {
    const { store, settle } = create();
    const hints: StoreHint["type"][] = [];
    store.watch("a", ({ type }) => hints.push(type));
    store.dropHints();
    await store.commit(put("a"));
    await settle();
    expect(hints).toEqual([]);
    store.sendHint({ type: "change", key: "a" });
    store.dropHints(false);
    await store.commit(put("ab"));
    await settle();
    expect(hints).toEqual(["change", "change"]);
  });

  it("lets a test write between a read and a commit", async () => {
    const { store, records } = create();
    const stop = store.onCommit(async (ops) => {
      expect(ops).toEqual(put("a"));
      await records.commit(put("a", 0, "theirs"));
    });
    expect(await store.commit(put("a"))).toMatchObject({ ok: false, current: { value: "theirs" } });
    stop();
    stop();
    expect(await store.commit(put("b"))).toMatchObject({ ok: true });
  });

  it("forgets every fault and call on reset, and keeps its records", async () => {
    const { store, settle } = create();
    const hints: string[] = [];
    store.watch("", ({ type }) => hints.push(type));
    await store.commit(put("a"));
    store.loseReply();
    store.failNext("closed");
    store.gate();
    store.down();
    store.dropHints();
    store.reset();
    hints.length = 0;
    expect(await store.commit(put("b"))).toMatchObject({ ok: true });
    await settle();
    expect([store.count(), hints]).toEqual([1, ["change"]]);
    expect((await store.get(["a"])).entries[0]).not.toBeNull();
  });

  it("closes the store it wraps", async () => {
    const { store, records } = create();
    await store.close();
    expect(await codeOf(records.get(["a"]))).toBe("closed");
  });
});

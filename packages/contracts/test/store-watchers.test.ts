import { createStoreWatchers, type StoreHint } from "@verdigris/contracts";
import { describe, expect, test } from "vitest";

const put = (key: string) => ({ op: "put" as const, key, rev: 0, value: "1" });

describe("the watchers of a store", () => {
  test("hear resync first, then what was put or deleted under their prefix, each in a later microtask", async () => {
    const watchers = createStoreWatchers();
    const hints: StoreHint[] = [];
    watchers.add("a/", (hint) => hints.push(hint));
    watchers.announce([
      put("a/1"),
      { op: "check", key: "a/2", rev: 0 },
      { op: "del", key: "a/3", rev: 1 },
      put("b"),
    ]);
    expect(hints).toEqual([]);
    await Promise.resolve();
    expect(hints).toEqual([
      { type: "resync" },
      { type: "change", key: "a/1" },
      { type: "change", key: "a/3" },
    ]);
  });

  test("hear nothing after they have stopped or been cleared, not even what was under way", async () => {
    const watchers = createStoreWatchers();
    const hints: StoreHint[] = [];
    const stop = watchers.add("", (hint) => hints.push(hint));
    watchers.add("", (hint) => hints.push(hint));
    expect(watchers.size).toBe(2);
    stop();
    stop();
    watchers.broadcast({ type: "down" });
    watchers.clear();
    await Promise.resolve();
    expect(hints).toEqual([]);
    expect(watchers.size).toBe(0);
  });

  test("do not suffer from one that throws", async () => {
    const watchers = createStoreWatchers();
    const hints: StoreHint[] = [];
    watchers.add("", () => {
      throw new Error("the listener's own failure");
    });
    watchers.add("", (hint) => hints.push(hint));
    watchers.broadcast({ type: "down" });
    await Promise.resolve();
    expect(hints).toEqual([{ type: "resync" }, { type: "down" }]);
  });
});

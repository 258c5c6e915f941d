import { createPrefixedStore } from "@verdigris/contracts";
import { createMemoryStore } from "@verdigris/store-memory";
import { createFakeClock } from "@verdigris/testing";
import { describe, expect, test } from "vitest";

const put = (key: string) => ({ op: "put" as const, key, rev: 0, value: "1" });

describe("the memory store", () => {
  test("counts its entries", async () => {
    const store = createMemoryStore();
    const { revs } = (await store.commit([put("a"), put("b")])) as { readonly revs: readonly number[] };
    expect(store.size).toBe(2);
    await store.commit([{ op: "del", key: "a", rev: revs[0] ?? 0 }]);
    expect(store.size).toBe(1);
    await store.close();
    expect(store.size).toBe(0);
  });

  test("takes its time from the injected clock", async () => {
    const clock = createFakeClock({ now: 1_000 });
    const store = createMemoryStore({ clock });
    await clock.advance(500);
    expect(await store.commit([put("a")])).toMatchObject({ at: 1_500 });
  });

  test("names itself when it is closed", async () => {
    const store = createMemoryStore({ name: "sessions" });
    await store.close();
    await expect(store.get(["a"])).rejects.toMatchObject({ code: "closed", details: { store: "sessions" } });
  });

  test("has committed before commit returns: nothing can come between", () => {
    const store = createMemoryStore();
    void store.commit([put("a")]);
    expect(store.size).toBe(1);
  });
});

describe("two views of one store under different prefixes", () => {
  test("see, list and watch nothing of each other", async () => {
    const store = createMemoryStore();
    const [one, two] = [createPrefixedStore(store, "one/"), createPrefixedStore(store, "two/")];
    const hints: unknown[] = [];
    one.watch("", (hint) => hints.push(hint));
    await two.commit([put("a")]);
    expect((await one.get(["a"])).entries).toEqual([null]);
    expect((await one.list("", { limit: 10 })).entries).toEqual([]);
    await one.commit([put("a")]);
    expect((await two.list("", { limit: 10 })).entries).toHaveLength(1);
    expect((await store.list("", { limit: 10 })).entries.map(({ key }) => key)).toEqual(["one/a", "two/a"]);
    expect(hints).toEqual([{ type: "resync" }, { type: "change", key: "a" }]);
  });

  test("a prefix that cannot stand in a key is refused at once", () => {
    expect(() => createPrefixedStore(createMemoryStore(), "é/")).toThrowError(
      expect.objectContaining({ code: "store-limit" }),
    );
  });
});

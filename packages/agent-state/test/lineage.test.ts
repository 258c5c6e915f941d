import { readFileSync } from "node:fs";
import { createMemoryStore } from "@verdigris/store-memory";
import { createFaultyStore } from "@verdigris/testing";
import Keyv from "keyv";
import { describe, expect, it } from "vitest";
import { createAgentState, createKeyvBacking, createMapBacking, createStoreBacking } from "../src/index.ts";
import { createWorld, memoryOf, viewOf } from "./world.ts";

/** Rows as a release of format 1 wrote them. */
const fixture = new URL("./fixtures/memory-v1.json", import.meta.url);

function load(change: (rows: Record<string, Record<string, unknown>>) => void = () => {}) {
  const rows = JSON.parse(readFileSync(fixture, "utf8")) as Record<string, Record<string, unknown>>;
  change(rows);
  const map = new Map(Object.entries(rows).map(([key, value]) => [key, JSON.stringify(value)]));
  return { map, state: createAgentState({ backing: createMapBacking(map) }) };
}

describe("what format 1 wrote", () => {
  it("is read as it was meant", async () => {
    const { state } = load();
    expect(await viewOf(state, "green", { subject: "ada" })).toEqual({ name: "Grace", seen: [1, 2] });
    expect(await viewOf(state, "blue", { subject: "ada" })).toEqual({
      name: "Ada",
      plan: "free",
      seen: [1, 2],
    });
  });

  it("keeps fields this release does not know through a move of the lineage [FORMAT-UNKNOWN-FIELDS]", async () => {
    const { state, map } = load((rows) => {
      (rows.lineage as { later?: string }).later = "field";
    });
    await state.branch({ bundle: "next", from: "green" });
    expect(JSON.parse(map.get("lineage") ?? "")).toMatchObject({ later: "field", revision: 3 });
  });

  it.each(["lineage", "layer/green.2/memory/ada/name"])(
    "of a later major in %s is refused and left alone [FORMAT-TOO-NEW]",
    async (key) => {
      const { state, map } = load((rows) => {
        (rows[key] as { v: number }).v = 2;
      });
      const before = map.get(key);
      await expect(memoryOf(state, "green", { subject: "ada" }).get("name")).rejects.toMatchObject({
        code: "record-too-new",
      });
      if (key === "lineage")
        await expect(state.branch({ bundle: "x", from: null })).rejects.toMatchObject({
          code: "record-too-new",
        });
      expect(map.get(key)).toBe(before);
    },
  );

  it("and was damaged is refused, whatever the damage", async () => {
    const cases: [string, (layers: Record<string, Record<string, unknown>>) => void][] = [
      [
        "a layer that stands on itself",
        (layers) => Object.assign(layers["blue.1"] as object, { parent: "green.2" }),
      ],
      ["a layer that is not there", (layers) => delete layers["blue.1"]],
    ];
    for (const [, damage] of cases) {
      const { state } = load((rows) =>
        damage((rows.lineage as { layers: Record<string, Record<string, unknown>> }).layers),
      );
      const green = memoryOf(state, "green", { subject: "ada" });
      await expect(green.get("name")).rejects.toMatchObject({ code: "layer-chain-broken" });
      await expect(green.set("name", 1)).rejects.toMatchObject({ code: "layer-chain-broken" });
      await expect(state.promote("green")).rejects.toMatchObject({ code: "layer-chain-broken" });
    }
    const { state, map } = load();
    map.set("lineage", "{");
    await expect(state.layers()).rejects.toMatchObject({ code: "record-corrupt" });
  });
});

it("bundles named like what objects inherit have layers of their own", async () => {
  const { state } = createWorld("a Map");
  for (const bundle of ["constructor", "__proto__", "toString"]) {
    await expect(memoryOf(state, bundle).get("a")).rejects.toMatchObject({ code: "layer-unknown" });
    await state.branch({ bundle, from: null });
    await memoryOf(state, bundle).set("a", bundle);
    expect(await memoryOf(state, bundle).get("a")).toBe(bundle);
  }
});

it("a branch asked for twice is one layer, and from a bundle without a layer is refused", async () => {
  const { state } = createWorld("a store");
  await state.branch({ bundle: "blue", from: null });
  await state.branch({ bundle: "blue", from: null });
  expect(await state.layers()).toHaveLength(1);
  await expect(state.branch({ bundle: "green", from: "unheard-of" })).rejects.toMatchObject({
    code: "layer-unknown",
  });
  await expect(state.branch({ bundle: "no/id", from: null })).rejects.toMatchObject({
    code: "invalid-argument",
  });
});

it("forty branches at once are forty layers", async () => {
  const { open } = createWorld("a store");
  const names = Array.from({ length: 10 }, (_, index) => `b${index}`);
  await Promise.all(names.map((bundle) => open().branch({ bundle, from: null })));
  expect(new Set((await open().layers()).map(({ bundle }) => bundle))).toEqual(new Set(names));
});

describe("a store that fails", () => {
  it("does a write whose reply was lost exactly as often as it is seen", async () => {
    const store = createFaultyStore(createMemoryStore());
    const state = createAgentState({ backing: createStoreBacking(store, "docs") });
    await state.branch({ bundle: "blue", from: null });
    store.loseReply("done");
    await memoryOf(state, "blue").set("a", 1);
    store.loseReply("dropped");
    await memoryOf(state, "blue").set("b", 2);
    expect(await viewOf(state, "blue")).toEqual({ a: 1, b: 2 });
  });

  it("passes its own error on, and is asked again the next time", async () => {
    const store = createFaultyStore(createMemoryStore());
    const state = createAgentState({ backing: createStoreBacking(store, "docs") });
    await state.branch({ bundle: "blue", from: null });
    store.down();
    await expect(memoryOf(state, "blue").set("a", 1)).rejects.toMatchObject({ code: "store-unavailable" });
    store.up();
    await memoryOf(state, "blue").set("a", 1);
    expect(await memoryOf(state, "blue").get("a")).toBe(1);
  });

  it("gives up with `state-contended` where somebody is always faster", async () => {
    const inner = createMemoryStore();
    const store = createFaultyStore(inner);
    const rival = createStoreBacking(inner, "docs");
    let writes = 0;
    store.onCommit(async () => {
      writes += 1;
      await rival.write([{ key: "x", text: `{"rival":${writes}}` }]);
    });
    const backing = createStoreBacking(store, "docs");
    await expect(backing.write([{ key: "x", text: "{}" }])).rejects.toMatchObject({
      code: "state-contended",
    });
    expect(writes).toBe(8);
  });
});

it("a keyv that cannot list, and what is no keyv, are refused", async () => {
  expect(() => createKeyvBacking({} as never)).toThrowError(
    expect.objectContaining({ code: "invalid-argument" }),
  );
  const rows = new Map<string, unknown>();
  const backing = createKeyvBacking({
    get: async (keys) => keys.map((key) => rows.get(key)),
    set: async (key, value) => rows.set(key, value),
    delete: async (key) => rows.delete(key),
  });
  const state = createAgentState({ backing });
  await state.branch({ bundle: "blue", from: null });
  await memoryOf(state, "blue").set("a", 1);
  expect(await memoryOf(state, "blue").get("a")).toBe(1);
  await expect(memoryOf(state, "blue").list()).rejects.toMatchObject({ code: "store-lacks-capability" });
});

it("a keyv that would lose keys when it lists them is refused, and others list what they hold", async () => {
  for (const namespace of ["", "app:memory", undefined]) {
    const keyv = new Keyv();
    keyv.namespace = namespace;
    expect(() => createKeyvBacking(keyv), String(namespace)).toThrowError(
      expect.objectContaining({ code: "invalid-argument" }),
    );
  }
  const store = new Map();
  const options = [{ namespace: "mine" }, { namespace: "yours" }, { store: new Map(), useKeyPrefix: false }];
  for (const [index, option] of options.entries()) {
    const state = createAgentState({ backing: createKeyvBacking(new Keyv({ store, ...option })) });
    await state.branch({ bundle: "a:b", from: null });
    await memoryOf(state, "a:b").set(`k:${index}`, index);
    expect(await viewOf(state, "a:b")).toEqual({ [`k:${index}`]: index });
  }
});

it("a keyv expires by itself what hides nothing, and never what would come back [I12]", async () => {
  const ttls: Record<string, number | undefined> = {};
  const keyv = new Keyv();
  const set = keyv.set.bind(keyv);
  keyv.set = (key: string, value: unknown, ttlMs?: number) => {
    ttls[key] = ttlMs;
    return set(key, value, ttlMs);
  };
  const backing = createKeyvBacking(keyv);
  for (const mode of ["version", "segment"] as const) {
    const state = createAgentState({ backing, mode });
    await state.branch({ bundle: mode, from: null });
    await memoryOf(state, mode).set("brief", 1, { ttlMs: 60_000 });
  }
  const given = Object.entries(ttls).filter(([key]) => key.endsWith("brief"));
  expect(given.map(([key, ttlMs]) => [key.split("/")[1]?.split(".")[0], ttlMs])).toEqual([
    ["version", undefined],
    ["segment", 60_000],
  ]);
});

it("a keyv that did not store says so", async () => {
  const state = createAgentState({
    backing: createKeyvBacking({
      get: async (keys) => keys.map(() => undefined),
      set: async () => false,
      delete: async () => false,
    }),
  });
  await expect(state.branch({ bundle: "blue", from: null })).rejects.toMatchObject({
    code: "store-unavailable",
  });
});

import { beforeEach, describe, expect, it } from "vitest";
import { createWorld, memoryOf, viewOf, type World } from "./world.ts";

describe.each(["a Map", "a store", "a keyv"])("over %s", (kind) => {
  let world: World;
  beforeEach(async () => {
    world = createWorld(kind);
    await world.state.branch({ bundle: "blue", from: null });
    await world.state.branch({ bundle: "green", from: "blue" });
  });

  it("green reads through to what blue has, and blue never sees what green writes [I12]", async () => {
    const blue = memoryOf(world.state, "blue");
    const green = memoryOf(world.state, "green");
    await blue.set("name", "Ada");
    expect(await green.get("name")).toBe("Ada");
    await green.set("name", "Grace");
    await green.set("mood", { curious: true });
    expect(await blue.get("name")).toBe("Ada");
    expect(await blue.get("mood")).toBeUndefined();
    expect(await green.getMany(["mood", "name", "none"])).toEqual([{ curious: true }, "Grace", undefined]);
  });

  it("what blue writes after the branch is visible to green unless green wrote the key", async () => {
    const blue = memoryOf(world.state, "blue");
    const green = memoryOf(world.state, "green");
    await green.set("mine", 1);
    await blue.set("mine", 2);
    await blue.set("theirs", 3);
    expect(await viewOf(world.state, "green")).toEqual({ mine: 1, theirs: 3 });
  });

  it("a delete hides what lies below and leaves it there", async () => {
    const blue = memoryOf(world.state, "blue");
    const green = memoryOf(world.state, "green");
    await blue.set("a", 1);
    await blue.set("b", 2);
    expect(await green.delete("a")).toBe(true);
    expect(await green.delete("a")).toBe(false);
    expect(await green.delete("never")).toBe(false);
    expect(await green.has("a")).toBe(false);
    expect(await green.has("b")).toBe(true);
    expect(await viewOf(world.state, "green")).toEqual({ b: 2 });
    expect(await viewOf(world.state, "blue")).toEqual({ a: 1, b: 2 });
    await green.set("a", 3);
    expect(await green.get("a")).toBe(3);
  });

  it("counts what deleteMany deleted, a key named twice once", async () => {
    const green = memoryOf(world.state, "green");
    await memoryOf(world.state, "blue").setMany([
      { key: "a", value: 1 },
      { key: "b", value: 2 },
    ]);
    expect(await green.deleteMany(["a", "b", "a", "c"])).toBe(2);
    expect(await green.deleteMany([])).toBe(0);
  });

  it("a value reads as absent once its time is over, and what it hid does not come back", async () => {
    const blue = memoryOf(world.state, "blue");
    const green = memoryOf(world.state, "green");
    await blue.set("offer", "old");
    await green.set("offer", "new", { ttlMs: 5_000 });
    await world.clock.advance(4_999);
    expect(await green.get("offer")).toBe("new");
    await world.clock.advance(1);
    expect(await green.get("offer")).toBeUndefined();
    expect(await green.delete("offer")).toBe(false);
    expect(await viewOf(world.state, "green")).toEqual({});
    expect(await blue.get("offer")).toBe("old");
  });

  it("lists in the order of UTF-8 bytes, merged over the layers, page by page", async () => {
    const keys = [
      "a",
      "a/b",
      "a b",
      "a!",
      "a~",
      "ab",
      "ä",
      "ﬀ",
      "😀",
      "Z",
      "0",
      "~",
      "!",
      "\u0000",
      "a\u007f",
    ];
    const ordered = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    for (const [index, key] of keys.entries()) {
      await memoryOf(world.state, index % 2 === 0 ? "blue" : "green").set(key, index);
    }
    const green = memoryOf(world.state, "green");
    const seen: string[] = [];
    for (let after: string | undefined; ; ) {
      const page = await green.list({ limit: 2, ...(after === undefined ? {} : { after }) });
      seen.push(...page.map(({ key }) => key));
      after = page[page.length - 1]?.key;
      if (page.length < 2) break;
    }
    expect(seen).toEqual(ordered);
    expect((await green.list({ prefix: "a" })).map(({ key }) => key)).toEqual(
      ordered.filter((key) => key.startsWith("a")),
    );
    expect((await green.list({ prefix: "ä" })).map(({ key }) => key)).toEqual(["ä"]);
  });

  it("lists past more deleted keys than a page holds", async () => {
    const blue = memoryOf(world.state, "blue");
    const green = memoryOf(world.state, "green");
    const keys = Array.from({ length: 450 }, (_, index) => String(index).padStart(4, "0"));
    await blue.setMany(keys.map((key) => ({ key, value: key })));
    await green.deleteMany(keys.slice(0, 420));
    expect((await green.list({ limit: 5 })).map(({ key }) => key)).toEqual(keys.slice(420, 425));
    expect((await blue.list({ after: "0298", limit: 3 })).map(({ key }) => key)).toEqual([
      "0299",
      "0300",
      "0301",
    ]);
  });

  it("keeps subjects and namespaces apart, whatever they are called", async () => {
    const ada = memoryOf(world.state, "blue", { subject: "ada" });
    await ada.set("x", 1);
    await memoryOf(world.state, "blue", { subject: "ada/x" }).set("x", 2);
    await memoryOf(world.state, "blue", { subject: "Ada" }).set("x", 3);
    await memoryOf(world.state, "blue").set("ada/x", 4);
    await memoryOf(world.state, "blue", { namespace: "facts", subject: "ada" }).set("x", 5);
    expect(await viewOf(world.state, "green", { subject: "ada" })).toEqual({ x: 1 });
    expect(await viewOf(world.state, "green", { subject: "ada/x" })).toEqual({ x: 2 });
    expect(await viewOf(world.state, "green", { subject: "Ada" })).toEqual({ x: 3 });
    expect(await viewOf(world.state, "green")).toEqual({ "ada/x": 4 });
    expect(await viewOf(world.state, "green", { namespace: "facts", subject: "ada" })).toEqual({ x: 5 });
  });

  it("segments see no keys but their own", async () => {
    const state = world.open({ mode: "segment" });
    await state.branch({ bundle: "other", from: "blue" });
    await memoryOf(state, "blue").set("a", 1);
    expect(await memoryOf(state, "other").get("a")).toBeUndefined();
    await memoryOf(state, "other").set("b", 2);
    expect(await memoryOf(state, "other").delete("b")).toBe(true);
    expect(await viewOf(state, "other")).toEqual({});
    await expect(world.settled(state.promote("other"))).rejects.toMatchObject({ code: "layer-frozen" });
  });

  it("segments lose expired values to a sweep, and layers that hide something keep them", async () => {
    const { state, clock, backing, settled } = createWorld(kind, { mode: "segment" });
    await state.branch({ bundle: "alone", from: null });
    await memoryOf(state, "alone").set("brief", 1, { ttlMs: 10 });
    await memoryOf(state, "alone").set("kept", 1);
    await clock.advance(10);
    // A keyv has an expiry of its own, in the time of the host.
    if (kind !== "a keyv") expect((await settled(state.sweep())).values).toBe(1);
    if (kind !== "a keyv") expect(await backing.list("layer/", { limit: 10 })).toHaveLength(1);
    expect(await viewOf(state, "alone")).toEqual({ kept: 1 });
  });

  it("a shadow run reads what its bundle reads and writes what is thrown away [SHADOW-MEMORY]", async () => {
    await memoryOf(world.state, "blue").set("a", 1);
    for (const trafficClass of ["shadow", "eval", "smoke", "drill"] as const) {
      const shadow = memoryOf(world.state, "green", {}, trafficClass, `run-${trafficClass}`);
      await shadow.set("b", 2);
      await shadow.delete("a");
      // The next step of the same run asks for its memory again.
      const nextStep = memoryOf(world.state, "green", {}, trafficClass, `run-${trafficClass}`);
      expect(await nextStep.getMany(["a", "b"])).toEqual([undefined, 2]);
      expect((await nextStep.list()).map(({ key }) => key)).toEqual(["b"]);
      expect(await viewOf(world.state, "green")).toEqual({ a: 1 });
      world.state.discard(`run-${trafficClass}`);
      expect(
        await memoryOf(world.state, "green", {}, trafficClass, `run-${trafficClass}`).get("b"),
      ).toBeUndefined();
    }
    expect(await viewOf(world.state, "blue")).toEqual({ a: 1 });
  });

  it("keeps the scratch of the runs seen last only", async () => {
    const state = world.open({ maxScratches: 2 });
    for (const run of ["r1", "r2", "r3"]) await memoryOf(state, "green", {}, "shadow", run).set("x", run);
    expect(await memoryOf(state, "green", {}, "shadow", "r3").get("x")).toBe("r3");
    expect(await memoryOf(state, "green", {}, "shadow", "r1").get("x")).toBeUndefined();
  });

  it("refuses what cannot be a key, a value, a page, a time or a place", async () => {
    const memory = memoryOf(world.state, "blue");
    const refused = { code: "invalid-argument" };
    await expect(memory.set("", 1)).rejects.toMatchObject(refused);
    await expect(memory.set("\ud800", 1)).rejects.toMatchObject(refused);
    await expect(memory.set("a", undefined as never)).rejects.toMatchObject(refused);
    await expect(memory.set("a", 1, { ttlMs: 0 })).rejects.toMatchObject(refused);
    await expect(memory.list({ limit: 0 })).rejects.toMatchObject(refused);
    await expect(memory.list({ limit: 1_001 })).rejects.toMatchObject(refused);
    await expect(memoryOf(world.state, "blue", { subject: "" }).get("a")).rejects.toMatchObject(refused);
    expect(() => memoryOf(world.state, "blue", { namespace: "a/b" })).toThrowError(
      expect.objectContaining(refused),
    );
  });

  it("fails closed for a bundle without a layer, and grows one where the lineage is told", async () => {
    const lost = memoryOf(world.state, "unheard-of");
    await expect(lost.get("a")).rejects.toMatchObject({ code: "layer-unknown" });
    await expect(lost.set("a", 1)).rejects.toMatchObject({ code: "layer-unknown" });
    await memoryOf(world.state, "blue").set("a", 1);
    const told = world.open({ lineage: (bundle) => (bundle === "next" ? "blue" : null) });
    expect(await memoryOf(told, "next").get("a")).toBe(1);
    expect(await memoryOf(told, "alone").get("a")).toBeUndefined();
  });
});

it("a value too large for a store is refused, and nothing is written", async () => {
  const { state } = createWorld("a store");
  await state.branch({ bundle: "blue", from: null });
  const memory = memoryOf(state, "blue");
  await expect(
    memory.setMany([
      { key: "small", value: 1 },
      { key: "large", value: "x".repeat(70_000) },
    ]),
  ).rejects.toMatchObject({ code: "store-limit" });
  expect(await memory.get("small")).toBeUndefined();
});

it("refuses options that make no sense, by name", () => {
  const bad: readonly [string, object][] = [
    ["backing", { backing: undefined }],
    ["mode", { mode: "copy" }],
    ["namespaces.facts.onRollback", { namespaces: { facts: { onRollback: "keep" } } }],
    ["namespace", { namespaces: { "a/b": { onRollback: "park" } } }],
    ["refreshMs", { refreshMs: 0 }],
    ["keepParkedMs", { keepParkedMs: Number.NaN }],
    ["maxScratches", { maxScratches: -1 }],
  ];
  for (const [argument, options] of bad) {
    expect(() => createWorld("a Map", options)).toThrowError(
      expect.objectContaining({ code: "invalid-argument", details: expect.objectContaining({ argument }) }),
    );
  }
});

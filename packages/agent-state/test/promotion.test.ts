import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMemoryStore } from "@verdigris/store-memory";
import { createSqliteStore } from "@verdigris/store-sqlite";
import { createFakeClock, createFaultyStore } from "@verdigris/testing";
import Keyv from "keyv";
import { describe, expect, it } from "vitest";
import { type AgentState, createAgentState, createKeyvBacking, createStoreBacking } from "../src/index.ts";
import { createWorld, dyingBacking, memoryOf, settled, viewOf, type World } from "./world.ts";

/** Blue with a history, green on top with values, deletes and something that expires. */
async function released({ state, clock }: World): Promise<Record<string, unknown>> {
  await state.branch({ bundle: "blue", from: null });
  const blue = memoryOf(state, "blue");
  await blue.setMany(Array.from({ length: 45 }, (_, index) => ({ key: `k${index}`, value: index })));
  await state.branch({ bundle: "green", from: "blue" });
  const green = memoryOf(state, "green");
  await green.setMany(Array.from({ length: 40 }, (_, index) => ({ key: `k${index + 30}`, value: -index })));
  await green.deleteMany(["k0", "k1", "k35"]);
  await green.set("brief", 1, { ttlMs: 3_600_000 });
  await green.set("over", 1, { ttlMs: 1 });
  await blue.set("late", "blue");
  await clock.advance(10);
  return viewOf(state, "green");
}

describe.each(["a Map", "a store", "a keyv"])("a promotion over %s", (kind) => {
  it("changes nothing green reads, and makes it the base of what follows [I12]", async () => {
    const world = createWorld(kind);
    const { state, clock, settled: until } = world;
    const before = await released(world);
    expect(Object.keys(before)).toHaveLength(69);
    await until(state.promote("green"));
    expect(await viewOf(state, "green")).toEqual(before);
    await state.branch({ bundle: "next", from: null });
    expect(await viewOf(state, "next")).toEqual(before);
    const view = (await state.layers()).map(({ bundle, state: now, chain }) => ({
      bundle,
      now,
      depth: chain.length,
    }));
    expect(view).toEqual([
      { bundle: "green", now: "open", depth: 2 },
      { bundle: "next", now: "open", depth: 2 },
    ]);
    await clock.advance(3_600_000);
    expect(await memoryOf(state, "green").get("brief")).toBeUndefined();
    if (kind !== "a keyv") expect((await until(state.sweep())).values).toBe(1);
  });

  it("green goes on writing meanwhile, and nothing it wrote is lost", async () => {
    const world = createWorld(kind);
    const { state, settled: until } = world;
    const before = await released(world);
    const green = memoryOf(state, "green");
    await green.get("k2");
    let wrote = 0;
    const promotion = state.promote("green", {
      onProgress: () => {
        wrote += 1;
        void green.set(`during${wrote}`, wrote);
      },
    });
    await until(promotion);
    expect(wrote).toBeGreaterThan(0);
    const during = Object.fromEntries(
      Array.from({ length: wrote }, (_, index) => [`during${index + 1}`, index + 1]),
    );
    expect(await viewOf(state, "green")).toEqual({ ...before, ...during });
  });

  it("refuses writes of the bundles below for good", async () => {
    const world = createWorld(kind);
    const { state, settled: until } = world;
    await released(world);
    const blue = memoryOf(state, "blue");
    let refused: unknown = null;
    const promotion = state.promote("green", {
      onProgress: () => {
        blue.set("late", "again").catch((error: unknown) => {
          refused = error;
        });
      },
    });
    await until(promotion);
    expect(refused).toMatchObject({ code: "layer-frozen" });
    await expect(blue.get("k2")).rejects.toMatchObject({ code: "layer-unknown" });
  });

  it("refuses while another bundle's open layer would see it appear", async () => {
    const world = createWorld(kind);
    const { state, settled: until } = world;
    const before = await released(world);
    await state.branch({ bundle: "rival", from: "blue" });
    await expect(until(state.promote("green"))).rejects.toMatchObject({
      code: "layer-in-use",
      details: { inUse: ["rival"] },
    });
    await until(state.rollback("rival"));
    await until(state.promote("green"));
    expect(await viewOf(state, "green")).toEqual(before);
  });

  it("refuses, while it goes on, a rollback, and whoever would see it appear or write what is being folded", async () => {
    const world = createWorld(kind);
    const { state, settled: until } = world;
    const before = await released(world);
    await state.branch({ bundle: "failed", from: "blue" });
    await memoryOf(state, "failed").set("learned", 1);
    await until(state.rollback("failed"));
    const stop = new AbortController();
    const onProgress = () => stop.abort(new Error("killed"));
    await expect(until(state.promote("green", { signal: stop.signal, onProgress }))).rejects.toThrow(
      "killed",
    );
    await expect(state.rollback("green")).rejects.toMatchObject({ code: "layer-frozen" });
    const keys = [{ namespace: "memory", subject: null, key: "learned" }];
    const pick = state.cherryPick({ from: "failed", into: "blue", keys });
    await expect(pick).rejects.toMatchObject({ code: "layer-frozen" });
    for (const from of [null, "blue"]) {
      await expect(state.branch({ bundle: "rival", from })).rejects.toMatchObject({
        code: "layer-in-use",
        details: { inUse: ["green"] },
      });
    }
    await state.branch({ bundle: "next", from: "green" });
    expect(await viewOf(state, "next")).toEqual(before);
    await until(state.resume());
    expect(await viewOf(state, "next")).toEqual(before);
    await state.branch({ bundle: "rival", from: null });
    expect(await viewOf(state, "rival")).toEqual(before);
  });

  it("keeps a candidate that stands on green reading what green reads", async () => {
    const world = createWorld(kind);
    const { state, settled: until } = world;
    const before = await released(world);
    await state.branch({ bundle: "next", from: "green" });
    await memoryOf(state, "next").set("own", 1);
    await until(state.promote("green"));
    await memoryOf(state, "green").set("after", 2);
    expect(await viewOf(state, "next")).toEqual({ ...before, own: 1, after: 2 });
    await until(state.rollback("next"));
    expect(await viewOf(state, "green")).toEqual({ ...before, after: 2 });
  });

  it("release after release, the chain stays short and every promoted value is there", async () => {
    const world = createWorld(kind);
    const { state, settled: until } = world;
    await state.branch({ bundle: "b0", from: null });
    for (let release = 1; release <= 4; release += 1) {
      await memoryOf(state, `b${release - 1}`).set(`k${release - 1}`, release);
      await state.branch({ bundle: `b${release}`, from: `b${release - 1}` });
      await memoryOf(state, `b${release}`).set("who", release);
      await until(state.promote(`b${release}`));
    }
    expect(await viewOf(state, "b4")).toEqual({ k0: 1, k1: 2, k2: 3, k3: 4, who: 4 });
    const layers = await state.layers();
    expect(layers.map(({ bundle, chain }) => [bundle, chain.length])).toEqual([["b4", 2]]);
  });

  it("killed at any write and resumed elsewhere, it ends as if it had never been killed [STATE-RESUMABLE]", async () => {
    let deaths = 0;
    for (let nth = 1; ; nth += 1) {
      for (const when of ["before", "after"] as const) {
        const world = createWorld(kind);
        const { backing, open, settled: until } = world;
        const before = await released(world);
        const doomed = open({ backing: dyingBacking(backing, nth, when) });
        const died = await until(doomed.promote("green")).then(
          () => false,
          () => true,
        );
        const revived = open();
        expect(await viewOf(revived, "green")).toEqual(before);
        await until(revived.resume());
        const began = (await revived.layers()).every(({ bundle }) => bundle !== "blue");
        if (!began) await until(revived.promote("green"));
        expect(await viewOf(revived, "green")).toEqual(before);
        expect(await revived.layers()).toHaveLength(1);
        const rows = await backing.list("layer/", { limit: 1_000 });
        expect(rows.every(({ key }) => key.startsWith("layer/base/"))).toBe(true);
        if (!died) return expect(deaths).toBeGreaterThan(8);
        deaths += 1;
      }
    }
  });

  it("two processes that promote at once fold it once", async () => {
    const world = createWorld(kind);
    const { open, settled: until } = world;
    const before = await released(world);
    const [first, second] = [open(), open()];
    await until(Promise.allSettled([first.promote("green"), second.promote("green")]));
    await until(first.resume());
    expect(await viewOf(second, "green")).toEqual(before);
    const layers = await first.layers();
    expect(layers.every(({ bundle, chain }) => bundle === "green" && chain.length <= 2)).toBe(true);
  });

  it("stops when told to, and goes on later", async () => {
    const world = createWorld(kind);
    const { state, settled: until } = world;
    const before = await released(world);
    const stop = new AbortController();
    const promotion = until(
      state.promote("green", { signal: stop.signal, onProgress: () => stop.abort(new Error("enough")) }),
    );
    await expect(promotion).rejects.toThrow("enough");
    expect(await viewOf(state, "green")).toEqual(before);
    await until(state.resume());
    expect(await viewOf(state, "green")).toEqual(before);
    expect(await state.layers()).toHaveLength(1);
  });
});

describe("a process that has not heard of a promotion", () => {
  it("writes where its bundle's writes belong, at once, over a store", async () => {
    const clock = createFakeClock();
    const store = createMemoryStore();
    const open = () =>
      createAgentState({ backing: createStoreBacking(store, "docs"), clock, refreshMs: 3_600_000 });
    const [here, there] = [open(), open()];
    await here.branch({ bundle: "blue", from: null });
    await here.branch({ bundle: "green", from: "blue" });
    await memoryOf(there, "green").set("before", 1);
    await memoryOf(there, "blue").set("old", 1);
    await here.promote("green");
    // What it knows is an hour out of date, and the fence tells it so.
    await memoryOf(there, "green").set("after", 2);
    expect(await viewOf(here, "green")).toEqual({ before: 1, old: 1, after: 2 });
    await expect(memoryOf(there, "blue").set("late", 1)).rejects.toMatchObject({ code: "layer-unknown" });
  });

  it.each(["promote", "rollback"] as const)(
    "writes by the lineage as it is, even where a %s falls between what it read and its commit [I12]",
    async (move) => {
      const inner = createMemoryStore();
      const store = createFaultyStore(inner);
      const [here, there] = [inner, store].map((one) =>
        createAgentState({ backing: createStoreBacking(one, "docs") }),
      ) as [AgentState, AgentState];
      await here.branch({ bundle: "blue", from: null });
      await here.branch({ bundle: "green", from: "blue" });
      await memoryOf(there, "green").set("before", 1);
      let moves = 0;
      store.onCommit(async () => {
        moves += 1;
        if (moves > 1) return;
        // Green comes again after a rollback: what is written from here on belongs to its new layer.
        await here[move]("green");
        if (move === "rollback") await here.branch({ bundle: "green", from: "blue" });
      });
      await memoryOf(there, "green").set("late", 2);
      expect(moves).toBe(2);
      const kept = move === "promote" ? { before: 1, late: 2 } : { late: 2 };
      expect(await viewOf(here, "green")).toEqual(kept);
    },
  );

  it("says of a delete that found nothing any more that it deleted nothing, and hides nothing", async () => {
    const inner = createMemoryStore();
    const store = createFaultyStore(inner);
    const [here, there] = [inner, store].map((one) =>
      createAgentState({ backing: createStoreBacking(one, "docs") }),
    ) as [AgentState, AgentState];
    await here.branch({ bundle: "blue", from: null });
    await here.branch({ bundle: "green", from: "blue" });
    await memoryOf(here, "blue").setMany(["a", "b"].map((key) => ({ key, value: 1 })));
    await memoryOf(there, "green").get("a");
    const stop = store.onCommit(async () => {
      stop();
      await memoryOf(here, "blue").delete("a");
      await here.branch({ bundle: "next", from: "green" });
    });
    expect(await memoryOf(there, "green").deleteMany(["a", "b"])).toBe(1);
    await memoryOf(here, "blue").setMany(["a", "b"].map((key) => ({ key, value: 2 })));
    expect(await viewOf(here, "green")).toEqual({ a: 2 });
  });

  it("has time to hear of it before a layer is folded, over a keyv", async () => {
    const clock = createFakeClock();
    const keyv = new Keyv();
    const open = () => createAgentState({ backing: createKeyvBacking(keyv), clock });
    const [here, there] = [open(), open()];
    await here.branch({ bundle: "blue", from: null });
    await here.branch({ bundle: "green", from: "blue" });
    await memoryOf(there, "green").set("before", 1);
    const promotion = here.promote("green");
    await clock.advance(900);
    await memoryOf(there, "green").set("meanwhile", 2);
    await settled(clock, promotion);
    expect(await viewOf(there, "green")).toEqual({ before: 1, meanwhile: 2 });
    expect(await viewOf(here, "green")).toEqual({ before: 1, meanwhile: 2 });
  });

  it("loses no acknowledged write of either, over one SQLite file while it promotes", async () => {
    const folder = await mkdtemp(join(tmpdir(), "agent-state-"));
    const stores = await Promise.all(
      [1, 2].map(() => createSqliteStore({ file: join(folder, "memory.db") })),
    );
    const [here, there] = stores.map((store) =>
      createAgentState({ backing: createStoreBacking(store, "docs"), refreshMs: 3_600_000 }),
    ) as [AgentState, AgentState];
    await here.branch({ bundle: "blue", from: null });
    await here.branch({ bundle: "green", from: "blue" });
    const acknowledged: Record<string, number> = {};
    let over = false;
    const writing = (async () => {
      for (let n = 0; !over || n < 40; n += 1) {
        await memoryOf(there, "green").set(`k${n % 50}`, n);
        acknowledged[`k${n % 50}`] = n;
      }
    })();
    for (let round = 0; round < 3; round += 1) await here.promote("green");
    over = true;
    await writing;
    expect(await viewOf(here, "green")).toEqual(acknowledged);
    await Promise.all(stores.map((store) => store.close()));
    await rm(folder, { recursive: true });
  });
});

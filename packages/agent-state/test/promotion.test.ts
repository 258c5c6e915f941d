import { describe, expect, it } from "vitest";
import type { StateBacking } from "../src/index.ts";
import { createWorld, dyingBacking, memoryOf, viewOf, type World } from "./world.ts";

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

  it("changes nothing at any moment for a process that has not heard of it", async () => {
    const world = createWorld(kind);
    const { open, backing, settled: until } = world;
    const before = await released(world);
    // An hour between two looks at the lineage: it goes on reading through layers that are folded and removed under it.
    const there = open({ refreshMs: 3_600_000 });
    expect(await viewOf(there, "green")).toEqual(before);
    let looks = 0;
    const watched: StateBacking = {
      ...backing,
      async write(...args) {
        const written = await backing.write(...args);
        looks += 1;
        expect(await viewOf(there, "green")).toEqual(before);
        return written;
      },
    };
    await until(open({ backing: watched }).promote("green"));
    expect(looks).toBeGreaterThan(5);
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

it("a promotion killed far into a layer goes on where it was, and leaves out nothing of the next one", async () => {
  const { state, backing, open } = createWorld("a store");
  // Named so that the rows of the lower layer sort behind those of the upper one.
  await state.branch({ bundle: "z", from: null });
  const names = Array.from({ length: 9_500 }, (_, at) => `k${String(at).padStart(5, "0")}`);
  await memoryOf(state, "z").setMany(names.map((key) => ({ key, value: 0 })));
  await state.branch({ bundle: "a", from: "z" });
  const above = ["k00000", "k09499", "own"].map((key) => ({ key, value: 1 }));
  await memoryOf(state, "a").setMany(above);
  const stop = new AbortController();
  const doomed = state.promote("a", {
    signal: stop.signal,
    onProgress: ({ rows }) => {
      if (rows > 8_000) stop.abort(new Error("killed"));
    },
  });
  await expect(doomed).rejects.toThrow("killed");
  const copied = new Set<string>();
  const revived = open({
    backing: {
      ...backing,
      async write(changes, guard) {
        for (const { key, text } of changes)
          if (key.startsWith("layer/base/") && text !== null) copied.add(key);
        return backing.write(changes, guard);
      },
    },
  });
  await revived.resume();
  expect(copied.size).toBeGreaterThan(0);
  expect(copied.size).toBeLessThan(3_000);
  const view = Object.fromEntries([
    ...names.map((key) => [key, 0]),
    ...above.map(({ key, value }) => [key, value]),
  ]);
  const seen: Record<string, unknown> = {};
  for (let after: string | undefined; ; ) {
    const page = await memoryOf(revived, "a").list({
      limit: 1_000,
      ...(after === undefined ? {} : { after }),
    });
    for (const { key, value } of page) seen[key] = value;
    after = page.at(-1)?.key;
    if (page.length < 1_000) break;
  }
  expect(seen).toEqual(view);
});

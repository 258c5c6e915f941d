import type { RouterEvents } from "@verdigris/contracts";
import type { StoreRouter } from "@verdigris/router";
import { describe, expect, it } from "vitest";
import { createWorld, move, openBlue, type World } from "./world.ts";

const flipGreen = { verb: "flip", bundle: "green" } as const;
const flipAmber = { verb: "flip", bundle: "amber", supersede: true } as const;

interface Watching extends World {
  /** Makes the moves. */
  readonly mover: StoreRouter;
  /** Watches. */
  readonly node: StoreRouter;
  readonly heard: {
    readonly generations: number[];
    readonly regressed: RouterEvents["store-regressed"][];
    readonly errors: unknown[];
  };
  /** The generation the node knows. */
  known(): number | undefined;
}

function listen(node: StoreRouter): Watching["heard"] {
  const heard: Watching["heard"] = { generations: [], regressed: [], errors: [] };
  node.on("route", ({ route }) => heard.generations.push(route.generation));
  node.on("store-regressed", (event) => heard.regressed.push(event));
  node.on("router-error", ({ error }) => heard.errors.push(error));
  return heard;
}

async function createWatching(): Promise<Watching> {
  const world = await createWorld();
  const mover = world.router({ store: world.records });
  await move(mover, openBlue);
  const node = world.router({ watch: true });
  const heard = listen(node);
  await world.clock.advance(0);
  expect(heard.generations).toEqual([1]);
  return { ...world, mover, node, heard, known: () => node.snapshot()?.route.generation };
}

describe("a watching router", () => {
  it("applies a move as soon as the hint comes, without waiting for a poll", async () => {
    const { mover, clock, known } = await createWatching();
    await move(mover, flipGreen);
    await clock.advance(0);
    expect(known()).toBe(2);
  });

  it("finds a move by polling within 1.2 s when hints are lost [I5]", async () => {
    for (const random of [0, 0.999_999]) {
      const { mover, store, clock, router } = await createWatching();
      const node = router({ watch: true, random: () => random });
      await clock.advance(0);
      store.dropHints();
      await move(mover, flipGreen);
      await clock.advance(799);
      expect(node.snapshot()?.route.generation).toBe(1);
      await clock.advance(401);
      expect(node.snapshot()?.route.generation).toBe(2);
    }
  });

  it("goes on polling, with one timer for polls and one for its mode [I5]", async () => {
    const { store, clock } = await createWatching();
    store.reset();
    await clock.advance(10_000);
    expect(store.count("get")).toBe(10);
    expect(clock.pending).toBe(2);
  });

  it("takes repeated, late and invented hints for what they are [I5]", async () => {
    const { mover, store, clock, heard, keys } = await createWatching();
    await move(mover, flipGreen);
    for (const hint of [
      { type: "change", key: keys.route },
      { type: "resync" },
      { type: "change", key: "nonsense" },
    ] as const) {
      for (let n = 0; n < 5; n++) store.sendHint(hint);
    }
    await clock.advance(0);
    expect(heard.generations).toEqual([1, 2]);
    expect(heard.regressed).toEqual([]);
  });

  it("reads again when a hint comes while it reads, and once for all of them", async () => {
    const { mover, store, clock, known } = await createWatching();
    store.reset();
    const gate = store.gate({ kind: "get", at: "reply" });
    store.sendHint({ type: "resync" });
    await gate.reached;
    await move(mover, flipGreen);
    for (let n = 0; n < 5; n++) store.sendHint({ type: "resync" });
    gate.open();
    await clock.advance(0);
    expect(known()).toBe(2);
    expect(store.count("get")).toBe(2);
  });

  it("does not take a slow read for a store that went backwards [I5]", async () => {
    const { mover, store, clock, heard, known, node } = await createWatching();
    const gate = store.gate({ kind: "get", at: "reply" });
    store.sendHint({ type: "resync" });
    await gate.reached;
    await move(mover, flipGreen);
    await node.refresh();
    expect(known()).toBe(2);
    gate.open();
    await clock.advance(0);
    expect(known()).toBe(2);
    expect(heard).toMatchObject({ generations: [1, 2], regressed: [], errors: [] });
  });

  it("keeps answering from its last route while the store is away, says so, and catches up", async () => {
    const { mover, store, clock, heard, known, node } = await createWatching();
    store.down();
    await move(mover, flipGreen);
    await clock.advance(3_000);
    expect(node.assign("k").bundle).toBe("blue");
    expect(heard.errors).toMatchObject([
      { code: "store-unavailable" },
      { code: "store-unavailable" },
      { code: "store-unavailable" },
    ]);
    await expect(node.refresh()).rejects.toMatchObject({ code: "store-unavailable" });
    store.up();
    await clock.advance(0);
    expect(known()).toBe(2);
  });

  it("does not read because hints stopped", async () => {
    const { store, clock } = await createWatching();
    store.reset();
    store.sendHint({ type: "down" });
    await clock.advance(0);
    expect(store.count()).toBe(0);
  });

  it("survives listeners that throw, of its errors too", async () => {
    const { mover, node, clock, heard, known } = await createWatching();
    for (const event of ["route", "router-error"] as const) {
      node.on(event, () => {
        throw new Error(`thrown by a listener of ${event}`);
      });
    }
    const later = listen(node);
    await move(mover, flipGreen);
    await clock.advance(0);
    await move(mover, flipAmber);
    await clock.advance(0);
    expect(known()).toBe(3);
    expect(later.generations).toEqual([2, 3]);
    expect(heard.errors).toHaveLength(2);
  });

  it.each([9, 60_001, Number.NaN])("refuses to poll every %d ms", async (pollMs) => {
    const { router } = await createWorld();
    expect(() => router({ pollMs })).toThrow(expect.objectContaining({ code: "invalid-argument" }));
  });
});

const backwards: readonly [string, World["rewrite"] extends (change: infer C) => unknown ? C : never][] = [
  ["an older generation", (route) => ({ ...route, generation: 1 })],
  ["another incarnation", (route) => ({ ...route, incarnation: "second", generation: 99 })],
  ["the same generation, written again", (route) => ({ ...route, live: "amber" })],
  ["no route at all", () => null],
];

describe.each(backwards)("a store that answers %s", (_name, change) => {
  it("is reported once, never obeyed, and stops starts and moves [I5] [ROUTE-REGRESSED]", async () => {
    const { mover, node, clock, heard, known, rewrite } = await createWatching();
    await move(mover, flipGreen);
    await clock.advance(0);
    await rewrite(change);
    await clock.advance(5_000);
    expect(known()).toBe(2);
    expect(node.assign("k")).toMatchObject({ bundle: "green", generation: 2 });
    expect(heard.regressed).toMatchObject([{ known: { route: { generation: 2 } } }]);
    expect(heard.errors).toEqual([]);
    for (const call of [() => node.refresh(), () => move(node, { verb: "rollback" })]) {
      await expect(call()).rejects.toMatchObject({ code: "store-regressed" });
    }
    expect(heard.regressed).toHaveLength(1);
    expect(known()).toBe(2);
  });
});

describe("a store that went backwards", () => {
  it("is followed again once it is ahead, and reported again when it falls back again [ROUTE-REGRESSED]", async () => {
    const { clock, heard, known, rewrite } = await createWatching();
    await rewrite((route) => ({ ...route, generation: 5 }));
    await clock.advance(0);
    for (const generation of [3, 6, 3]) {
      await rewrite((route) => ({ ...route, generation }));
      await clock.advance(0);
    }
    expect(known()).toBe(6);
    expect(heard.generations).toEqual([1, 5, 6]);
    expect(heard.regressed.map(({ found }) => found?.generation)).toEqual([3, 3]);
  });
});

describe("a route record", () => {
  it.each<[string, object]>([
    ["record-too-new", { v: 2 }],
    ["record-corrupt", { v: "one" }],
    ["record-corrupt", { recent: null }],
    ["record-corrupt", { generation: "1" }],
    ["record-corrupt", { live: "" }],
  ])("is %s with %j: nothing is read from it and nothing moves it [FORMAT-TOO-NEW]", async (code, change) => {
    const { node, clock, heard, rewrite, records, keys } = await createWatching();
    await rewrite((route) => ({ ...route, ...change }));
    const before = await records.get([keys.route]);
    await expect(node.refresh()).rejects.toMatchObject({ code });
    await expect(move(node, { verb: "rollback" })).rejects.toMatchObject({ code });
    await clock.advance(0);
    expect(heard.errors).toMatchObject([{ code }]);
    expect((await records.get([keys.route])).entries).toEqual(before.entries);
    expect(node.assign("k").bundle).toBe("blue");
  });

  it("of this format may lack what later formats of this major left out", async () => {
    const { node, rewrite } = await createWatching();
    await rewrite(({ horizon: _h, canary: _c, holdback: _b, held: _held, ...route }) => ({
      ...route,
      generation: 2,
    }));
    expect((await node.refresh())?.route).toMatchObject({
      horizon: null,
      canary: null,
      holdback: null,
      held: null,
    });
  });

  it("keeps fields of a later release through moves of this one [FORMAT-UNKNOWN-FIELDS]", async () => {
    const { node, rewrite, records, keys } = await createWatching();
    await rewrite((route) => ({ ...route, generation: 2, later: { a: 1 } }));
    await node.refresh();
    await move(node, flipGreen);
    expect(JSON.parse((await records.get([keys.route])).entries[0]!.value)).toMatchObject({
      live: "green",
      later: { a: 1 },
    });
  });

  it("of a bundle is too new: no move relies on it [FORMAT-TOO-NEW]", async () => {
    const { mover, records, keys } = await createWatching();
    const { rev } = (await records.get([keys.bundle("green")])).entries[0]!;
    await records.commit([{ op: "put", key: keys.bundle("green"), rev, value: '{"v":2}' }]);
    await expect(move(mover, flipGreen)).rejects.toMatchObject({ code: "record-too-new" });
  });
});

describe("a router that reads on demand", () => {
  it("knows nothing until it is refreshed, and sets no timer", async () => {
    const { router, mover, clock, node } = await createWatching();
    const lone = router();
    expect(lone.snapshot()).toBeNull();
    expect(() => lone.assign("k")).toThrow(expect.objectContaining({ code: "no-route" }));
    expect((await lone.refresh())?.rev).toBe(mover.snapshot()?.rev);
    await node.close();
    expect(clock.pending).toBe(0);
  });

  it("learns store time from every reply", async () => {
    const { router, clock } = await createWatching();
    const lone = router();
    expect(lone.time.suspect()).toBe(true);
    await lone.refresh();
    clock.jumpWall(-60_000);
    expect(lone.time.now()).toBe(clock.now() + 60_000);
    expect(lone.time.suspect()).toBe(true);
  });
});

describe("a closed router", () => {
  it("holds no timer and no watch, and rejects with closed", async () => {
    const { node, store, clock, mover, heard } = await createWatching();
    await node.close();
    await node.close();
    expect(clock.pending).toBe(0);
    store.reset();
    await move(mover, flipGreen);
    store.sendHint({ type: "resync" });
    await clock.advance(5_000);
    expect(store.count()).toBe(0);
    await expect(node.refresh()).rejects.toMatchObject({ code: "closed" });
    await expect(move(node, { verb: "rollback" })).rejects.toMatchObject({ code: "closed" });
    expect(heard).toMatchObject({ generations: [1], errors: [] });
  });

  it("sets no timer when a read under way comes back", async () => {
    const { node, store, clock } = await createWatching();
    const gate = store.gate({ kind: "get", at: "reply" });
    store.sendHint({ type: "resync" });
    await gate.reached;
    store.sendHint({ type: "resync" });
    await node.close();
    gate.open();
    await clock.advance(0);
    expect(clock.pending).toBe(0);
  });

  it("reports no error when a read under way fails", async () => {
    const { node, store, clock, router } = await createWatching();
    const other = router();
    store.hang();
    store.sendHint({ type: "resync" });
    const errors: unknown[] = [];
    const refreshed = other.refresh().catch((error: { code: string }) => error.code);
    await node.close();
    node.on("router-error", ({ error }) => errors.push(error));
    store.up();
    await clock.advance(0);
    expect(await refreshed).toBe("store-unavailable");
    expect([errors, clock.pending]).toEqual([[], 0]);
  });
});

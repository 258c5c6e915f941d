import type { AuditEntry, MoveResult, RouteMove } from "@verdigris/contracts";
import { storeLimits } from "@verdigris/contracts";
import { type StoreRouter, textDigest } from "@verdigris/router";
import { describe, expect, it } from "vitest";
import { ana, createWorld, move, openBlue, timer, type World } from "./world.ts";

const flipGreen: RouteMove = { verb: "flip", bundle: "green" };
const rollback: RouteMove = { verb: "rollback" };

async function openWorld(): Promise<World & { readonly one: StoreRouter }> {
  const world = await createWorld();
  const one = world.router();
  expect(await move(one, openBlue)).toMatchObject({ outcome: "moved", generation: 1 });
  world.store.reset();
  return { ...world, one };
}

/** The same request, from a caller that does not name a generation. */
function unaided(router: StoreRouter, what: RouteMove, also = {}): Promise<MoveResult> {
  return router.move({ move: what, actor: timer, reason: "alarm", ...also });
}

describe("flips that name the same generation", () => {
  it("have one winner among twenty racers, in each of fifty rounds [I3]", async () => {
    const { router } = await openWorld();
    const racers = Array.from({ length: 20 }, () => router());
    for (let round = 1; round <= 50; round++) {
      const bundle = round % 2 === 1 ? "green" : "amber";
      const flip = { verb: "flip", bundle, supersede: true } as const;
      const results = await Promise.all(racers.map((racer) => move(racer, flip, { expect: round })));
      const winners = results.filter(({ outcome }) => outcome === "moved");
      expect(winners).toMatchObject([{ generation: round + 1 }]);
      for (const result of results.filter(({ outcome }) => outcome !== "moved")) {
        expect(result).toMatchObject({ outcome: "conflict", route: { generation: round + 1, live: bundle } });
      }
    }
  });

  it("lose against a move made between read and commit, and learn the route [ROUTE-EXPECT]", async () => {
    const { one, router, store, records } = await openWorld();
    const other = router({ store: records });
    const stop = store.onCommit(async () => {
      stop();
      await other.refresh();
      await move(other, { verb: "flip", bundle: "amber" });
    });
    expect(await move(one, flipGreen)).toMatchObject({
      outcome: "conflict",
      route: { live: "amber", generation: 2 },
    });
    expect(one.snapshot()?.route.generation).toBe(2);
  });
});

describe("a move that names no generation", () => {
  it("is invalid-argument when it goes forward, before anything is written [ROUTE-EXPECT]", async () => {
    const { one, store } = await openWorld();
    await expect(unaided(one, flipGreen)).rejects.toMatchObject({ code: "invalid-argument" });
    await expect(unaided(one, { verb: "setCanary", percent: 1 })).rejects.toMatchObject({
      code: "invalid-argument",
    });
    expect(store.count("commit")).toBe(0);
  });

  it.each([1, 2, 3])("is decided again when it lost %i races [ROUTE-SAFE-DIRECTION]", async (races) => {
    const { one, store, rewrite } = await openWorld();
    await move(one, flipGreen);
    store.reset();
    let lost = 0;
    store.onCommit(async () => {
      if (lost++ < races) await rewrite((route) => ({ ...route, generation: route.generation + 1 }));
    });
    expect(await unaided(one, rollback)).toMatchObject({
      outcome: "moved",
      generation: 3 + races,
      route: { live: "blue", stable: "blue" },
    });
  });

  it("gives up after four races with a conflict that carries the current route", async () => {
    const { one, store, rewrite } = await openWorld();
    await move(one, flipGreen);
    store.reset();
    store.onCommit(() => rewrite((route) => ({ ...route, generation: route.generation + 1 })));
    expect(await unaided(one, rollback)).toMatchObject({ outcome: "conflict", route: { generation: 6 } });
    expect(store.count("commit")).toBe(4);
  });

  it("honours a generation when it is given one [ROUTE-EXPECT]", async () => {
    const { one } = await openWorld();
    await move(one, flipGreen);
    expect(await move(one, rollback, { expect: 1 })).toMatchObject({
      outcome: "conflict",
      route: { generation: 2 },
    });
  });

  it("is refused where there is no route", async () => {
    const { router } = await createWorld();
    expect(await unaided(router(), rollback)).toMatchObject({
      outcome: "refused",
      refusal: "no-route",
      route: null,
    });
  });
});

describe("a move whose reply was lost", () => {
  it.each(["done", "dropped", "late"] as const)(
    "moves the route once when the commit was %s [I11]",
    async (fate) => {
      const { one, store, router } = await openWorld();
      store.loseReply(fate);
      const result = await move(one, flipGreen, { requestId: "deploy-7" });
      expect(result).toMatchObject({ outcome: "moved", generation: 2, route: { live: "green" } });
      await store.landLate();
      expect((await router().refresh())?.route).toMatchObject({ generation: 2, live: "green" });
      expect(await move(one, flipGreen, { requestId: "deploy-7", expect: 1 })).toMatchObject({
        outcome: "duplicate",
        generation: 2,
      });
    },
  );

  it("moves the route once when the commit lands between the second read and the second commit [I11]", async () => {
    const { one, store } = await openWorld();
    store.loseReply("late");
    let commits = 0;
    store.onCommit(async () => {
      if (++commits === 2) await store.landLate();
    });
    expect(await move(one, flipGreen)).toMatchObject({ outcome: "moved", generation: 2 });
    expect(store.count("commit")).toBe(2);
    expect((await one.refresh())?.route.generation).toBe(2);
  });

  it("is a conflict when it was dropped and another move came first [I11]", async () => {
    const { one, store, rewrite } = await openWorld();
    store.loseReply("dropped");
    const stop = store.onCommit(async () => {
      stop();
      await rewrite((route) => ({ ...route, generation: 9 }));
    });
    expect(await move(one, flipGreen)).toMatchObject({ outcome: "conflict", route: { generation: 9 } });
  });

  it("is found on record even when every reply was lost [I11]", async () => {
    const { one, store } = await openWorld();
    for (const fate of ["dropped", "dropped", "dropped", "done"] as const) store.loseReply(fate);
    expect(await move(one, flipGreen)).toMatchObject({ outcome: "moved", generation: 2 });
  });

  it("is store-indeterminate, with the request id to repeat, when nothing can be found out [I11]", async () => {
    const { one, store } = await openWorld();
    for (let n = 0; n < 4; n++) store.loseReply("dropped");
    await expect(move(one, flipGreen, { requestId: "deploy-7" })).rejects.toMatchObject({
      code: "store-indeterminate",
      details: { requestId: "deploy-7" },
    });
    store.loseReply("done");
    store.onCommit(() => store.failNext("store-unavailable"));
    await expect(move(one, flipGreen, { requestId: "deploy-8" })).rejects.toMatchObject({
      code: "store-indeterminate",
      details: { requestId: "deploy-8" },
    });
    expect(await move(one, flipGreen, { requestId: "deploy-8", expect: 1 })).toMatchObject({
      outcome: "duplicate",
      generation: 2,
    });
  });

  it("is store-unavailable only when it surely did not happen", async () => {
    const { one, store } = await openWorld();
    store.failNext("store-unavailable", "commit");
    await expect(move(one, flipGreen)).rejects.toMatchObject({ code: "store-unavailable" });
    expect((await one.refresh())?.route.generation).toBe(1);
  });
});

describe("a bundle that a move names", () => {
  it.each<RouteMove>([
    { verb: "stage", bundle: "nobody" },
    { verb: "flip", bundle: "nobody" },
  ])("must be registered: $verb", async (what) => {
    const { one } = await openWorld();
    expect(await move(one, what)).toMatchObject({ outcome: "refused", refusal: "bundle-unknown" });
  });

  it("must be registered before the route is opened with it", async () => {
    const { router } = await createWorld();
    const open = { ...openBlue, bundle: "nobody" } as RouteMove;
    expect(await move(router(), open)).toMatchObject({
      outcome: "refused",
      refusal: "bundle-unknown",
      route: null,
    });
  });

  it("must still be registered when the move commits", async () => {
    const { one, store, records, keys } = await openWorld();
    const stop = store.onCommit(async () => {
      stop();
      const { rev } = (await records.get([keys.bundle("green")])).entries[0]!;
      await records.commit([{ op: "del", key: keys.bundle("green"), rev }]);
    });
    expect(await move(one, flipGreen)).toMatchObject({ outcome: "refused", refusal: "bundle-unknown" });
  });

  it("carries the generation that recycled it, and keeps what else its record holds [FORMAT-UNKNOWN-FIELDS]", async () => {
    const { one, records, keys } = await openWorld();
    for (const what of [
      flipGreen,
      { verb: "settle" },
      { verb: "seal", bundle: "blue" },
      { verb: "recycle", bundle: "blue" },
    ] as const) {
      expect(await move(one, what)).toMatchObject({ outcome: "moved" });
    }
    const record = (await records.get([keys.bundle("blue")])).entries[0]!;
    expect(JSON.parse(record.value)).toEqual({ v: 1, id: "blue", recycled: 5 });
  });
});

describe("every move", () => {
  it("writes an audit entry in its own commit, chained by digest to the one before [ROUTE-AUDIT]", async () => {
    const { one, records, keys } = await openWorld();
    const evidence = `sha256:${"e".repeat(64)}` as const;
    await move(one, { verb: "stage", bundle: "green" });
    await move(one, { verb: "setCanary", percent: 10 });
    await move(one, { verb: "setCanary", percent: 10 });
    await move(one, flipGreen, { evidence, requestId: "deploy-7", reason: "all gates passed" });
    await unaided(one, rollback);
    const { entries } = await records.list("agent/audit/", { limit: 100 });
    const audits = entries.map(({ value }) => JSON.parse(value) as AuditEntry);
    expect(audits.map(({ verb, generation }) => [verb, generation])).toEqual([
      ["open", 1],
      ["stage", 2],
      ["setCanary", 3],
      ["flip", 4],
      ["rollback", 5],
    ]);
    const digests = entries.map(({ value }) => textDigest(value));
    expect(audits.map(({ previous }) => previous)).toEqual([null, ...digests.slice(0, -1)]);
    expect(one.snapshot()?.route.audit).toBe(digests.at(-1));
    expect(audits[3]).toMatchObject({
      actor: ana,
      reason: "all gates passed",
      requestId: "deploy-7",
      evidence,
      from: { live: "blue", candidate: "green", canary: { percent: 10 } },
      to: { live: "green", stable: "blue", candidate: null, canary: null },
    });
    for (const [n, audit] of audits.entries()) if (n > 0) expect(audit.from).toEqual(audits[n - 1]?.to);
    const { at } = (await records.get([keys.route])).entries[0]!;
    expect(entries.at(-1)?.at).toBe(at);
  });

  it("leaves route and audit alone when it is refused, unchanged or a duplicate [ROUTE-AUDIT]", async () => {
    const { one, store } = await openWorld();
    await move(one, { verb: "settle" });
    await move(one, { verb: "recycle", bundle: "blue" });
    expect(store.count("commit")).toBe(0);
  });

  it("is store-regressed when its audit entry exists already: the store lost a newer route [ROUTE-REGRESSED]", async () => {
    const { one, records, keys } = await openWorld();
    await records.commit([{ op: "put", key: keys.audit(2), rev: 0, value: "{}" }]);
    await expect(move(one, flipGreen)).rejects.toMatchObject({ code: "store-regressed" });
    expect((await one.refresh())?.route.generation).toBe(1);
  });

  it("fits into the store at its largest, so that a hold or a lower canary never fails [ROUTE-SAFE-DIRECTION]", async () => {
    const { one, records } = await openWorld();
    const widest = "\u0001".repeat(1_000);
    const actor = { kind: "person", id: "\u0001".repeat(256) } as const;
    const also = { actor, reason: widest + widest };
    // Eight thousand bytes of JSON, as one audience may take.
    const audience = { keys: [`${"x".repeat(7_987)}`] };
    await move(one, { verb: "stage", bundle: "green" });
    await move(one, { verb: "setCanary", percent: 50, include: audience, exclude: audience }, also);
    await move(one, { verb: "hold", why: widest }, { ...also, actor: { ...actor, kind: "machine" } });
    await move(one, { verb: "hold", why: widest }, also);
    expect(await move(one, { verb: "setCanary", percent: 49 }, also)).toMatchObject({ outcome: "moved" });
    const { entries } = await records.list("agent/audit/", { limit: 100 });
    const largest = Math.max(...entries.map(({ value }) => new TextEncoder().encode(value).length));
    expect(largest).toBeGreaterThan(storeLimits.valueBytes / 2);
    expect(largest).toBeLessThan(storeLimits.valueBytes);
  });
});

describe("a request that cannot be right", () => {
  const wide = "x".repeat(8_000);
  it.each<[string, object]>([
    ["move.verb", { move: { verb: "jump" } }],
    ["bundle", { move: { verb: "flip", bundle: "a/b" } }],
    ["incarnation", { move: { ...openBlue, incarnation: "" } }],
    ["why", { move: { verb: "hold" } }],
    ["why", { move: { verb: "hold", why: "x".repeat(1_001) } }],
    ["percent", { move: { verb: "setCanary", percent: "5" } }],
    ["include", { move: { verb: "setCanary", percent: 5, include: null } }],
    ["include", { move: { verb: "setCanary", percent: 5, include: { keys: [wide] } } }],
    ["exclude.keys", { move: { verb: "setCanary", percent: 5, exclude: { keys: "x" } } }],
    ["actor", { actor: { kind: "robot", id: "x" } }],
    ["actor", { actor: { kind: "person", id: "" } }],
    ["actor", { actor: { kind: "person", id: "x".repeat(257) } }],
    ["reason", { reason: undefined }],
    ["reason", { reason: "x".repeat(2_001) }],
    ["expect", { expect: -1 }],
    ["expect", { expect: 1.5 }],
    ["requestId", { requestId: "a b" }],
  ])("is invalid-argument naming %s, and reads nothing", async (argument, change) => {
    const { one, store } = await openWorld();
    await expect(move(one, flipGreen, change)).rejects.toMatchObject({
      code: "invalid-argument",
      details: { argument },
    });
    expect(store.count()).toBe(0);
  });
});

import type { Actor, MoveRequest, RouteMove } from "@verdigris/contracts";
import { createFakeRouter, type FakeRouter } from "@verdigris/testing";
import { describe, expect, it } from "vitest";

const ana: Actor = { kind: "person", id: "ana" };

function move(router: FakeRouter, what: RouteMove, also: Partial<MoveRequest> = {}) {
  const expect = router.snapshot()?.route.generation ?? 0;
  return router.move({ move: what, actor: ana, reason: "because", expect, ...also });
}

const rollback: RouteMove = { verb: "rollback" };

describe("a fake router", () => {
  it("begins at generation 1 with one live bundle", () => {
    const router = createFakeRouter({ live: "blue" });
    expect(router.agent).toBe("agent");
    expect(router.snapshot()?.route).toMatchObject({
      generation: 1,
      live: "blue",
      stable: "blue",
      candidate: null,
    });
    expect(router.assign("k")).toMatchObject({ bundle: "blue", role: "live" });
  });

  it("begins anywhere a real route can be", () => {
    const held = { by: { kind: "machine", id: "freeze" }, why: "a holiday" } as const;
    const router = createFakeRouter({
      agent: "support",
      live: "green",
      stable: "blue",
      candidate: "amber",
      canary: 25,
      holdbackPercent: 10,
      held,
      policy: { strategy: "drain" },
    });
    expect(router.snapshot()).toMatchObject({
      key: "support/route",
      route: {
        generation: 5,
        live: "green",
        stable: "blue",
        candidate: "amber",
        canary: { percent: 25 },
        holdback: { percent: 10 },
        held,
        policy: { strategy: "drain" },
      },
    });
  });

  it.each([{ live: "green", candidate: "green" }, { live: "green", canary: 5 }, { live: "not an id" }])(
    "refuses to begin where no route can be: %j",
    (options) => {
      expect(() => createFakeRouter(options)).toThrow(expect.objectContaining({ code: "invalid-argument" }));
    },
  );

  it("writes every call down with what came of it", async () => {
    const router = createFakeRouter({ live: "green", stable: "blue" });
    router.assign("k", { plan: "beta" });
    await move(router, rollback);
    await router.refresh();
    expect(router.calls).toMatchObject([
      { call: "assign", key: "k", labels: { plan: "beta" }, answer: { bundle: "green" } },
      { call: "move", request: { move: rollback }, result: { outcome: "moved", route: { live: "blue" } } },
      { call: "refresh" },
    ]);
  });

  it("writes down calls that failed", async () => {
    const router = createFakeRouter({ live: null });
    expect(() => router.assign("k")).toThrow(expect.objectContaining({ code: "no-route" }));
    await expect(router.move({ move: { verb: "settle" }, actor: ana, reason: "" })).rejects.toMatchObject({
      code: "invalid-argument",
    });
    expect(router.calls).toMatchObject([
      { call: "assign", error: { code: "no-route" } },
      { call: "move", error: { code: "invalid-argument" } },
    ]);
  });

  it.each([
    ["green", "live", "live"],
    ["blue", "stable", "live"],
    ["amber", "candidate", "canary"],
    ["elsewhere", "live", "live"],
  ])("answers %s to every run when forced, as %s", (bundle, role, of) => {
    const router = createFakeRouter({ live: "green", stable: "blue", candidate: "amber" });
    router.force(bundle);
    for (const key of ["a", "b"]) expect(router.assign(key)).toMatchObject({ bundle, role, class: of });
    expect(Object.isFrozen(router.assign("a"))).toBe(true);
    router.force(null);
    expect(router.assign("a").bundle).toBe("green");
  });

  it("answers by force even without a route", () => {
    const router = createFakeRouter({ live: null });
    router.force("green");
    expect(router.assign("k")).toMatchObject({ bundle: "green", generation: 0 });
  });

  it("loses as many races as it is told to, and moves nothing in them", async () => {
    const router = createFakeRouter({ live: "green", stable: "blue" });
    router.conflictNext(2);
    const outcomes = [];
    for (let n = 0; n < 3; n++) outcomes.push((await move(router, rollback)).outcome);
    expect(outcomes).toEqual(["conflict", "conflict", "moved"]);
  });

  it("fails the next call of a kind, once", async () => {
    const router = createFakeRouter({ live: "green", stable: "blue" });
    const own = new Error("the test's own");
    router.failNext("store-unavailable");
    router.failNext(own, "refresh");
    router.failNext("no-route", "assign");
    expect(() => router.assign("k")).toThrow(expect.objectContaining({ code: "no-route" }));
    await expect(router.refresh()).rejects.toBe(own);
    await expect(move(router, rollback)).rejects.toMatchObject({ code: "store-unavailable" });
    expect(router.assign("k").bundle).toBe("green");
    expect(await move(router, rollback)).toMatchObject({ outcome: "moved" });
  });

  it("knows every bundle, unless it is given a list", async () => {
    const open = createFakeRouter({ live: "blue" });
    expect(await move(open, { verb: "stage", bundle: "anything" })).toMatchObject({ outcome: "moved" });
    const strict = createFakeRouter({ live: "blue", bundles: ["green"] });
    const stage: RouteMove = { verb: "stage", bundle: "amber" };
    expect(await move(strict, stage)).toMatchObject({ outcome: "refused", refusal: "bundle-unknown" });
    strict.register("amber");
    expect(await move(strict, stage)).toMatchObject({ outcome: "moved" });
  });

  it("goes back to its beginning on reset, and keeps its listeners", async () => {
    const router = createFakeRouter({ live: "green", stable: "blue", bundles: [] });
    const heard: string[] = [];
    router.on("route", ({ route }) => heard.push(route.live));
    const first = router.snapshot()?.route;
    await move(router, rollback);
    router.register("amber");
    router.force("amber");
    router.conflictNext();
    router.failNext("closed");
    router.reset();
    expect([router.calls, router.snapshot()?.route]).toEqual([[], first]);
    expect(router.assign("k").bundle).toBe("green");
    const stage: RouteMove = { verb: "stage", bundle: "amber" };
    expect(await move(router, stage)).toMatchObject({ outcome: "refused", refusal: "bundle-unknown" });
    expect(await move(router, rollback)).toMatchObject({ outcome: "moved" });
    expect(heard).toEqual(["blue", "blue"]);
  });

  it("gives equal routes to equal tests [TESTING-FAKES]", async () => {
    const routes = [];
    for (let n = 0; n < 2; n++) {
      const router = createFakeRouter({ live: "green", stable: "blue", candidate: "amber", canary: 5 });
      await move(router, rollback);
      routes.push(router.snapshot()?.route);
    }
    expect(routes[0]).toEqual(routes[1]);
  });
});

import type { Actor, Route, RouteMove } from "@verdigris/contracts";
import { applyMove, defaultPolicy } from "@verdigris/router";
import { describe, expect, it } from "vitest";
import { ana, openBlue, timer } from "./world.ts";

const at = 1_000_000;
const context = { at, actor: ana, requestId: "r" };
const shorter = { maxAgeMs: 60_000, maxStepMs: 1_000 };
const boundMs = defaultPolicy.maxAgeMs + defaultPolicy.maxStepMs;

/** A route reached by real moves. */
function routeAfter(...moves: readonly (RouteMove | [RouteMove, Actor])[]): Route {
  let route: Route | null = null;
  for (const [n, step] of [openBlue, ...moves].entries()) {
    const [what, actor] = Array.isArray(step) ? step : [step, ana];
    const transition = applyMove(route, what, { at, actor, requestId: `set-up-${n}` });
    if (transition.kind !== "moved") throw new Error(`${what.verb}: ${JSON.stringify(transition)}`);
    route = { ...transition.route, audit: `sha256:${n}` };
  }
  return route!;
}

const stage: RouteMove = { verb: "stage", bundle: "green" };
const canary: RouteMove = { verb: "setCanary", percent: 10 };
const flip: RouteMove = { verb: "flip", bundle: "green" };
const settle: RouteMove = { verb: "settle" };
const sealBlue: RouteMove = { verb: "seal", bundle: "blue" };
const hold: RouteMove = { verb: "hold", why: "an incident" };

const opened = routeAfter();
const staged = routeAfter(stage);
const ramping = routeAfter(stage, canary);
const flipped = routeAfter({ ...flip, holdbackPercent: 5 });
const settled = routeAfter(flip, settle);
const sealed = routeAfter(flip, settle, sealBlue);

const refusals: readonly [Route | null, RouteMove, string][] = [
  ...(
    [
      stage,
      canary,
      flip,
      settle,
      { verb: "rollback" },
      { verb: "drop" },
      sealBlue,
      { verb: "unseal", bundle: "blue" },
      { verb: "recycle", bundle: "blue" },
      hold,
      { verb: "release" },
    ] as const
  ).map((move) => [null, move, "no-route"] as [null, RouteMove, string]),
  [opened, openBlue, "already-open"],
  [opened, { verb: "stage", bundle: "blue" }, "on-route"],
  [flipped, { verb: "stage", bundle: "green" }, "on-route"],
  [flipped, { verb: "stage", bundle: "blue" }, "on-route"],
  [sealed, { verb: "stage", bundle: "blue" }, "bundle-sealed"],
  [staged, { verb: "stage", bundle: "amber" }, "candidate-present"],
  [opened, canary, "no-candidate"],
  [sealed, { verb: "flip", bundle: "blue" }, "bundle-sealed"],
  [sealed, { verb: "flip", bundle: "blue", supersede: true }, "bundle-sealed"],
  [flipped, { verb: "flip", bundle: "amber" }, "not-settled"],
  [staged, { verb: "flip", bundle: "amber" }, "candidate-present"],
  [opened, sealBlue, "not-retiring"],
  [flipped, sealBlue, "not-retiring"],
  [staged, { verb: "seal", bundle: "green" }, "not-retiring"],
  [opened, { verb: "seal", bundle: "unheard-of" }, "not-retiring"],
  [settled, { verb: "recycle", bundle: "blue" }, "not-sealed"],
  [opened, { verb: "recycle", bundle: "blue" }, "not-sealed"],
];

describe("a move is refused", () => {
  it.each(
    refusals.map(([route, move, refusal]) => ({
      name: `${move.verb} ${"bundle" in move ? move.bundle : ""} on ${route === null ? "nothing" : `generation ${route.generation}`}`,
      route,
      move,
      refusal,
    })),
  )("$name: $refusal", ({ route, move, refusal }) => {
    expect(applyMove(route, move, context)).toMatchObject({ kind: "refused", refusal });
  });

  it("when it goes forward under a hold, whoever asks [ROUTE-HOLD]", () => {
    const held = routeAfter(stage, canary, [hold, timer]);
    for (const move of [
      { verb: "stage", bundle: "amber", supersede: true },
      { verb: "setCanary", percent: 11 },
      { verb: "setCanary", percent: 10, include: { keys: ["friend"] } },
      flip,
      settle,
      sealBlue,
      { verb: "recycle", bundle: "blue" },
    ] as const) {
      expect(applyMove(held, move, context)).toMatchObject({ refusal: "held" });
    }
  });

  it("when a machine or a policy wants to release a person's hold [ROUTE-HOLD]", () => {
    const held = routeAfter(hold);
    for (const kind of ["machine", "policy"] as const) {
      const actor = { kind, id: "x" };
      expect(applyMove(held, { verb: "release" }, { ...context, actor })).toMatchObject({
        refusal: "held-by-person",
      });
    }
  });
});

describe("a move changes nothing", () => {
  it.each<[string, Route, RouteMove]>([
    ["staging the candidate again", staged, stage],
    ["the canary as it is", ramping, canary],
    ["flipping to the live bundle", flipped, flip],
    ["settling a settled route", settled, settle],
    ["rolling back with nothing to go back from", settled, { verb: "rollback" }],
    ["dropping no candidate", opened, { verb: "drop" }],
    ["sealing twice", sealed, sealBlue],
    ["unsealing what is not sealed", settled, { verb: "unseal", bundle: "blue" }],
    ["holding what a person holds", routeAfter(hold), { verb: "hold", why: "another reason" }],
    ["releasing what nobody holds", opened, { verb: "release" }],
  ])("%s", (_name, route, move) => {
    expect(applyMove(route, move, context)).toEqual({ kind: "unchanged" });
  });
});

const blueRetired = {
  bundle: "blue",
  since: at,
  generation: 3,
  boundMs,
  rolledBack: false,
};

describe("a move makes the next route", () => {
  it.each<[string, Route | null, RouteMove, object]>([
    [
      "open",
      null,
      openBlue,
      { v: 1, incarnation: "first", live: "blue", stable: "blue", candidate: null, policy: defaultPolicy },
    ],
    ["stage", opened, stage, { live: "blue", candidate: "green", canary: null }],
    [
      "stage over another candidate, when told to supersede",
      ramping,
      { verb: "stage", bundle: "amber", supersede: true },
      { candidate: "amber", canary: null, retiring: [{ bundle: "green", rolledBack: false }] },
    ],
    [
      "stage with a policy",
      staged,
      { ...stage, policy: { strategy: "drain" } },
      { candidate: "green", policy: { ...defaultPolicy, strategy: "drain" }, horizon: null },
    ],
    [
      "setCanary",
      staged,
      canary,
      { canary: { percent: 10, salt: "canary/first/3", hash: 1, include: {}, exclude: {} } },
    ],
    [
      "setCanary keeps the salt and the audiences it is not told to change",
      routeAfter(stage, { ...canary, include: { keys: ["a"] }, exclude: { keys: ["b"] } }),
      { verb: "setCanary", percent: 20.5 },
      {
        canary: { percent: 20.5, salt: "canary/first/3", include: { keys: ["a"] }, exclude: { keys: ["b"] } },
      },
    ],
    [
      "flip",
      ramping,
      { ...flip, holdbackPercent: 5 },
      {
        live: "green",
        stable: "blue",
        candidate: null,
        canary: null,
        holdback: { percent: 5, salt: "holdback/first/4", hash: 1 },
        retiring: [],
      },
    ],
    [
      "flip over an unsettled bundle, when told to supersede",
      flipped,
      { verb: "flip", bundle: "amber", supersede: true },
      { live: "amber", stable: "blue", holdback: null, retiring: [{ bundle: "green", rolledBack: false }] },
    ],
    [
      "flip past another candidate, when told to supersede",
      ramping,
      { verb: "flip", bundle: "amber", supersede: true },
      { live: "amber", stable: "blue", candidate: null, retiring: [{ bundle: "green" }] },
    ],
    [
      "flip to the stable bundle is a rollback",
      flipped,
      { verb: "flip", bundle: "blue" },
      { live: "blue", stable: "blue", holdback: null, retiring: [{ bundle: "green", rolledBack: true }] },
    ],
    [
      "flip to a retiring bundle takes it back on the route",
      settled,
      { verb: "flip", bundle: "blue" },
      { live: "blue", stable: "green", retiring: [] },
    ],
    ["settle", flipped, settle, { live: "green", stable: "green", holdback: null, retiring: [blueRetired] }],
    [
      "rollback",
      routeAfter({ ...flip, holdbackPercent: 5 }, { verb: "stage", bundle: "amber" }),
      { verb: "rollback" },
      {
        live: "blue",
        stable: "blue",
        candidate: null,
        canary: null,
        holdback: null,
        retiring: [
          { bundle: "green", rolledBack: true },
          { bundle: "amber", rolledBack: true },
        ],
      },
    ],
    ["drop", ramping, { verb: "drop" }, { candidate: null, canary: null, retiring: [{ bundle: "green" }] }],
    ["seal", settled, sealBlue, { sealed: ["blue"], retiring: [blueRetired] }],
    ["unseal", sealed, { verb: "unseal", bundle: "blue" }, { sealed: [], retiring: [blueRetired] }],
    ["recycle", sealed, { verb: "recycle", bundle: "blue" }, { sealed: [], retiring: [] }],
    ["hold", opened, hold, { held: { by: ana, why: "an incident" } }],
    ["hold by a person over a machine's", routeAfter([hold, timer]), hold, { held: { by: ana } }],
    ["release", routeAfter(hold), { verb: "release" }, { held: null }],
  ])("%s", (_name, route, move, expected) => {
    const transition = applyMove(route, move, context);
    const generation = (route?.generation ?? 0) + 1;
    expect(transition).toMatchObject({ kind: "moved", route: { ...expected, generation } });
    expect(transition.kind === "moved" && transition.route.recent.at(-1)).toEqual({
      requestId: "r",
      verb: move.verb,
      generation,
    });
  });

  it("lets a machine release a machine's hold, and only that [ROUTE-HOLD]", () => {
    const machine = { ...context, actor: timer };
    expect(applyMove(routeAfter([hold, timer]), { verb: "release" }, machine).kind).toBe("moved");
    expect(applyMove(routeAfter(hold), hold, machine).kind).toBe("unchanged");
  });

  it("remembers the last sixteen requests", () => {
    const route = routeAfter(
      ...Array.from({ length: 20 }, (_, n) => ({ verb: "stage", bundle: `b${n}`, supersede: true }) as const),
    );
    expect(route.recent.map(({ generation }) => generation)).toEqual(
      Array.from({ length: 16 }, (_, n) => n + 6),
    );
  });

  it("keeps the longest standing horizon when the policy is shortened twice [I7]", () => {
    const once = applyMove(opened, { ...stage, policy: { maxAgeMs: 3_600_000 } }, context);
    if (once.kind !== "moved") throw new Error("expected a move");
    const route: Route = { ...once.route, audit: "sha256:1" };
    expect(route.horizon).toEqual({ at, boundMs, generation: 2 });
    const twice = applyMove(route, { ...stage, policy: shorter }, { ...context, at: at + 500 });
    expect(twice).toMatchObject({
      route: { horizon: { at: at + 500, boundMs: boundMs - 500, generation: 3 } },
    });
  });

  it.each<[RouteMove]>([
    [{ verb: "setCanary", percent: -1 }],
    [{ verb: "setCanary", percent: 100.01 }],
    [{ verb: "setCanary", percent: 0.001 }],
    [{ verb: "setCanary", percent: Number.NaN }],
    [{ verb: "setCanary", percent: 1, include: { keys: "all" as unknown as string[] } }],
    [{ verb: "setCanary", percent: 1, exclude: { labels: { plan: [7 as unknown as string] } } }],
    [{ ...stage, policy: { maxAgeMs: 0 } }],
    [{ ...stage, bundle: "amber", supersede: true, policy: { maxStepMs: 1.5 } }],
    [{ ...stage, policy: { strategy: "hope" as "pin" } }],
    [{ ...stage, policy: { onRollback: "hope" as "finish" } }],
  ])("or throws invalid-argument: %j", (what) => {
    expect(() => applyMove(staged, what, context)).toThrow(
      expect.objectContaining({ code: "invalid-argument" }),
    );
  });

  it("or throws invalid-argument for a holdback that is no percentage", () => {
    expect(() => applyMove(opened, { ...flip, holdbackPercent: 101 }, context)).toThrow(
      expect.objectContaining({ code: "invalid-argument" }),
    );
  });
});

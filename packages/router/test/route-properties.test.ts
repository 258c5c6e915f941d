import type { Actor, Route, RouteMove } from "@verdigris/contracts";
import { applyMove, defaultPolicy, isForward, readRoute } from "@verdigris/router";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ana, openBlue, timer } from "./world.ts";

const bundles = ["blue", "green", "amber", "coral", "slate"] as const;
const bundle = fc.constantFrom(...bundles);
const percent = fc.integer({ min: 0, max: 10_000 }).map((n) => n / 100);
const audience = fc.constantFrom({}, { keys: ["a"] }, { keys: ["a", "b"], labels: { plan: ["beta"] } });
const policy = fc.record(
  {
    maxAgeMs: fc.integer({ min: 1, max: 1e9 }),
    maxStepMs: fc.integer({ min: 1, max: 1e6 }),
    strategy: fc.constantFrom("drain" as const, "pin" as const),
  },
  { requiredKeys: [] },
);

const anyMove: fc.Arbitrary<Exclude<RouteMove, { verb: "open" }>> = fc.oneof(
  fc.record(
    { verb: fc.constant("stage" as const), bundle, supersede: fc.boolean(), policy },
    { requiredKeys: ["verb", "bundle"] },
  ),
  fc.record(
    { verb: fc.constant("setCanary" as const), percent, include: audience, exclude: audience },
    { requiredKeys: ["verb", "percent"] },
  ),
  fc.record(
    { verb: fc.constant("flip" as const), bundle, supersede: fc.boolean(), holdbackPercent: percent, policy },
    { requiredKeys: ["verb", "bundle"] },
  ),
  fc.constant({ verb: "settle" as const }),
  fc.constant({ verb: "rollback" as const }),
  fc.constant({ verb: "drop" as const }),
  fc.record({ verb: fc.constant("seal" as const), bundle }),
  fc.record({ verb: fc.constant("unseal" as const), bundle }),
  fc.record({ verb: fc.constant("recycle" as const), bundle }),
  fc.constant({ verb: "hold" as const, why: "w" }),
  fc.constant({ verb: "release" as const }),
);

interface Step {
  readonly move: RouteMove;
  readonly actor: Actor;
}

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({ move: anyMove, actor: fc.constantFrom(ana, timer) }),
  { maxLength: 40 },
);

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    Object.freeze(value);
    for (const part of Object.values(value)) deepFreeze(part);
  }
  return value;
}

/** Through the store and back, as every route goes. */
function stored(route: object, at: number): Route {
  const text = JSON.stringify({ ...route, audit: "sha256:0" });
  return deepFreeze(readRoute({ key: "agent/route", rev: 1, at, value: text }).route);
}

function begin(extra: object = {}): Route {
  const opened = applyMove(null, openBlue, { at: 0, actor: ana, requestId: "r0" });
  if (opened.kind !== "moved") throw new Error("expected a move");
  return stored({ ...opened.route, ...extra }, 0);
}

/** Calls `check` for every move that was made. */
function play(
  from: Route,
  list: readonly Step[],
  check: (before: Route, step: Step, after: Route) => void = () => {},
): Route {
  let route = from;
  for (const [n, step] of list.entries()) {
    const at = (n + 1) * 1_000;
    const context = deepFreeze({ at, actor: step.actor, requestId: `r${n + 1}` });
    const transition = applyMove(route, deepFreeze(step.move), context);
    if (transition.kind !== "moved") continue;
    const after = stored(transition.route, at);
    check(route, step, after);
    route = after;
  }
  return route;
}

function requireInvariants(route: Route): void {
  const { live, stable, candidate, canary, holdback, sealed } = route;
  const onRoute = [live, stable, ...(candidate === null ? [] : [candidate])];
  const retiring = route.retiring.map((item) => item.bundle);
  expect(new Set(retiring).size).toBe(retiring.length);
  expect(retiring.filter((id) => onRoute.includes(id))).toEqual([]);
  expect(sealed.filter((id) => !retiring.includes(id))).toEqual([]);
  expect(sealed).not.toContain(live);
  expect([live, stable]).not.toContain(candidate);
  if (canary !== null) expect(candidate).not.toBeNull();
  if (holdback !== null) expect(live).not.toBe(stable);
  expect(route.recent.length).toBeLessThanOrEqual(16);
  expect(route.recent.at(-1)?.generation).toBe(route.generation);
}

describe("whatever moves are made", () => {
  it("every move adds one generation and keeps roles apart", () => {
    fc.assert(
      fc.property(steps, (list) => {
        play(begin(), list, (before, _step, after) => {
          expect(after.generation).toBe(before.generation + 1);
          requireInvariants(after);
        });
      }),
    );
  });

  it("a bundle leaves the route only into retiring, and retiring only by recycle or by coming back", () => {
    fc.assert(
      fc.property(steps, (list) => {
        play(begin(), list, (before, { move }, after) => {
          const known = (route: Route): Set<string | null> =>
            new Set([
              route.live,
              route.stable,
              route.candidate,
              ...route.retiring.map((item) => item.bundle),
            ]);
          const gone = [...known(before)].filter((id) => id !== null && !known(after).has(id));
          expect(gone).toEqual(move.verb === "recycle" ? [move.bundle] : []);
        });
      }),
    );
  });

  it("a rollback is always open, ends on the stable bundle and leaves nothing to roll back [I9] [ROUTE-SAFE-DIRECTION]", () => {
    fc.assert(
      fc.property(steps, (list) => {
        const route = play(begin(), list);
        const back = applyMove(route, { verb: "rollback" }, { at: 1e6, actor: timer, requestId: "back" });
        expect(back.kind).not.toBe("refused");
        const after = back.kind === "moved" ? stored(back.route, 1e6) : route;
        expect(after).toMatchObject({
          live: route.stable,
          stable: route.stable,
          candidate: null,
          canary: null,
          holdback: null,
        });
        requireInvariants(after);
        const again = { at: 1e6, actor: timer, requestId: "again" };
        expect(applyMove(after, { verb: "rollback" }, again).kind).toBe("unchanged");
      }),
    );
  });

  it("a flip and its rollback restore live and stable, two generations on [I9]", () => {
    fc.assert(
      fc.property(steps, bundle, percent, (list, to, holdbackPercent) => {
        const settledRoute = play(begin(), [
          ...list,
          { move: { verb: "release" }, actor: ana },
          { move: { verb: "settle" }, actor: ana },
        ]);
        const flip: RouteMove = { verb: "flip", bundle: to, supersede: true, holdbackPercent };
        const flipped = applyMove(settledRoute, flip, { at: 1e6, actor: ana, requestId: "there" });
        if (flipped.kind !== "moved") return;
        const there = stored(flipped.route, 1e6);
        const back = applyMove(there, { verb: "rollback" }, { at: 2e6, actor: ana, requestId: "back" });
        expect(back).toMatchObject({
          kind: "moved",
          route: {
            live: settledRoute.live,
            stable: settledRoute.stable,
            generation: settledRoute.generation + 2,
            candidate: null,
            canary: null,
            holdback: null,
          },
        });
      }),
    );
  });

  it("a hold refuses every forward move and no backward one [ROUTE-HOLD] [ROUTE-SAFE-DIRECTION]", () => {
    fc.assert(
      fc.property(steps, anyMove, (list, move) => {
        const held = play(begin(), [...list, { move: { verb: "hold", why: "w" }, actor: ana }]);
        const transition = applyMove(held, move, { at: 1e6, actor: ana, requestId: "x" });
        const refused = transition.kind === "refused" && transition.refusal === "held";
        expect(refused).toBe(move.verb !== "release" && isForward(held, move));
      }),
    );
  });

  it("fields of a later release survive every move [FORMAT-UNKNOWN-FIELDS]", () => {
    fc.assert(
      fc.property(steps, (list) => {
        const later = { later: { nested: [1, "two"] }, policy: { ...defaultPolicy, later: true } };
        const route = play(begin(later), list) as Route & { later: unknown };
        expect(route.later).toEqual(later.later);
        expect(route.policy).toMatchObject({ later: true });
      }),
    );
  });

  it("the same arguments give the same answer", () => {
    fc.assert(
      fc.property(steps, anyMove, (list, move) => {
        const route = play(begin(), list);
        const context = { at: 1e6, actor: ana, requestId: "x" };
        expect(applyMove(route, move, context)).toEqual(applyMove(route, move, context));
      }),
    );
  });
});

describe("fields of a later release inside a part", () => {
  it("survive a change of that part [FORMAT-UNKNOWN-FIELDS]", () => {
    const canary = { percent: 5, salt: "s", hash: 1, include: {}, exclude: {}, later: 1 };
    const retiring = [{ bundle: "coral", since: 0, generation: 1, boundMs: 1, rolledBack: false, later: 2 }];
    const route = begin({ candidate: "green", canary, retiring, generation: 7 });
    const after = play(route, [
      { move: { verb: "setCanary", percent: 6 }, actor: ana },
      { move: { verb: "seal", bundle: "coral" }, actor: ana },
    ]);
    expect(after.canary).toMatchObject({ percent: 6, salt: "s", later: 1 });
    expect(after.retiring).toMatchObject([{ bundle: "coral", later: 2 }]);
  });
});

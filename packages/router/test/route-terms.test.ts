import type { Retiring, Route, RouteMove } from "@verdigris/contracts";
import {
  applyMove,
  completePolicy,
  defaultPolicy,
  drainedBy,
  readRoute,
  timeMarginMs,
} from "@verdigris/router";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { correctTimes } from "../src/route-terms.ts";
import { ana, openBlue } from "./world.ts";

const opened = applyMove(null, openBlue, { at: 1, actor: ana, requestId: "r" });
if (opened.kind !== "moved") throw new Error("expected a move");
const first: Route = { ...opened.route, audit: "sha256:0" };
const item: Retiring = { bundle: "green", since: 100, generation: 5, boundMs: 1_000, rolledBack: false };

describe("times that a move could only estimate", () => {
  const route: Route = {
    ...first,
    generation: 5,
    retiring: [item, { ...item, bundle: "amber", generation: 4 }],
    horizon: { at: 100, boundMs: 1_000, generation: 5 },
  };

  it("are never before the store time of the commit that stamped them [I15]", () => {
    const corrected = correctTimes(route, { at: 700 });
    expect(corrected.retiring.map(({ since }) => since)).toEqual([700, 100]);
    expect(corrected.horizon).toEqual({ at: 700, boundMs: 1_000, generation: 5 });
  });

  it("stay when they are later than the commit, or of an earlier generation", () => {
    expect(correctTimes(route, { at: 100 })).toBe(route);
    const next = { ...route, generation: 6 };
    expect(correctTimes(next, { at: 700 })).toBe(next);
  });

  it("are corrected when only the horizon is late, and when there is none", () => {
    const alone = { ...route, retiring: [] };
    expect(correctTimes(alone, { at: 700 }).horizon?.at).toBe(700);
    expect(correctTimes({ ...route, horizon: null }, { at: 700 }).horizon).toBeNull();
  });

  it("change nothing in place", () => {
    const before = structuredClone(route);
    correctTimes(route, { at: 700 });
    expect(route).toEqual(before);
  });

  it("are corrected by reading the record", () => {
    const entry = { key: "agent/route", rev: 1, at: 700, value: JSON.stringify(route) };
    expect(readRoute(entry).route.retiring[0]?.since).toBe(700);
  });
});

describe("a retiring bundle is drained", () => {
  it("once its longest pin and step have passed, and a margin", () => {
    expect(drainedBy(first, item)).toBe(1_100 + timeMarginMs);
  });

  it("not before the horizon of a longer policy", () => {
    const horizon = { at: 50, boundMs: 5_000, generation: 2 };
    expect(drainedBy({ ...first, horizon }, item)).toBe(5_050 + timeMarginMs);
  });

  it("never before the deadline of any pin it took, however the policy changed and the mover paused [I7] [I15]", () => {
    const change = fc.record({
      maxAgeMs: fc.integer({ min: 1, max: 10_000 }),
      maxStepMs: fc.integer({ min: 1, max: 1_000 }),
      waitMs: fc.integer({ min: 0, max: 5_000 }),
      pausedMs: fc.integer({ min: 0, max: 20_000 }),
    });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 8 }), (changes) => {
        let route: Route = first;
        let at = 1;
        let lastStepEnds = 0;
        const make = (move: RouteMove, pausedMs: number): void => {
          const transition = applyMove(route, move, { at, actor: ana, requestId: `at-${at}` });
          if (transition.kind !== "moved") return;
          // The bundle takes pins until the very commit.
          at += pausedMs;
          lastStepEnds = Math.max(lastStepEnds, at + route.policy.maxAgeMs + route.policy.maxStepMs);
          const value = JSON.stringify({ ...transition.route, audit: "sha256:0" });
          route = readRoute({ key: "agent/route", rev: 1, at, value }).route;
        };
        for (const [n, { waitMs, pausedMs, ...policy }] of changes.entries()) {
          at += waitMs;
          make({ verb: "stage", bundle: `b${n}`, supersede: true, policy }, pausedMs);
        }
        make({ verb: "flip", bundle: "green", supersede: true }, 10);
        make({ verb: "settle" }, 0);
        const blue = route.retiring.find(({ bundle }) => bundle === "blue");
        if (blue === undefined) throw new Error("blue should be retiring");
        expect(drainedBy(route, blue)).toBeGreaterThanOrEqual(lastStepEnds);
      }),
    );
  });
});

describe("a policy", () => {
  it("is completed from another one", () => {
    expect(completePolicy(defaultPolicy, { strategy: "drain" })).toEqual({
      ...defaultPolicy,
      strategy: "drain",
    });
  });

  it.each(["maxAgeMs", "maxStepMs", "placementMs"])("names a bad %s", (name) => {
    for (const value of [0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 400 * 86_400_000 + 1, undefined]) {
      expect(() => completePolicy(defaultPolicy, { [name]: value })).toThrow(
        expect.objectContaining({ code: "invalid-argument", details: { argument: `policy.${name}` } }),
      );
    }
  });
});

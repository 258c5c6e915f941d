import type { Canary, Route, RouteMove } from "@verdigris/contracts";
import { applyMove, isForward } from "@verdigris/router";
import { describe, expect, it } from "vitest";
import { ana, openBlue } from "./world.ts";

const opened = applyMove(null, openBlue, { at: 1, actor: ana, requestId: "r" });
if (opened.kind !== "moved") throw new Error("expected a move");
const settled: Route = { ...opened.route, audit: "sha256:0" };
const flipped: Route = { ...settled, live: "green" };

function ramp(change: Partial<Canary>): Route {
  const canary: Canary = { percent: 10, salt: "s", hash: 1, include: {}, exclude: {}, ...change };
  return { ...settled, candidate: "green", canary };
}

const aimed = ramp({
  include: { keys: ["a", "b"], labels: { plan: ["beta"] } },
  exclude: { keys: ["c"], labels: { constructor: ["x"] } },
});

describe("a move is forward when it exposes more runs or takes a way back away", () => {
  it.each<[string, boolean, Route | null, RouteMove]>([
    ["open", true, null, openBlue],
    ["stage", true, settled, { verb: "stage", bundle: "green" }],
    ["flip", true, settled, { verb: "flip", bundle: "green" }],
    ["flip with no route", true, null, { verb: "flip", bundle: "green" }],
    ["flip to the stable bundle it left", false, flipped, { verb: "flip", bundle: "blue" }],
    ["flip to the stable bundle that is live", true, settled, { verb: "flip", bundle: "blue" }],
    ["flip to a third bundle", true, flipped, { verb: "flip", bundle: "amber" }],
    ["settle", true, flipped, { verb: "settle" }],
    ["seal", true, settled, { verb: "seal", bundle: "x" }],
    ["recycle", true, settled, { verb: "recycle", bundle: "x" }],
    ["release", true, settled, { verb: "release" }],
    ["rollback", false, flipped, { verb: "rollback" }],
    ["rollback with no route", false, null, { verb: "rollback" }],
    ["drop", false, settled, { verb: "drop" }],
    ["unseal", false, settled, { verb: "unseal", bundle: "x" }],
    ["hold", false, settled, { verb: "hold", why: "w" }],
    ["a canary with no route", true, null, { verb: "setCanary", percent: 0 }],
    ["a first canary", true, settled, { verb: "setCanary", percent: 1 }],
    ["a first canary for nobody", false, settled, { verb: "setCanary", percent: 0 }],
    [
      "a first canary for one key",
      true,
      settled,
      { verb: "setCanary", percent: 0, include: { keys: ["a"] } },
    ],
    ["the same canary", false, ramp({}), { verb: "setCanary", percent: 10 }],
    ["a higher canary", true, ramp({}), { verb: "setCanary", percent: 10.01 }],
    ["a lower canary", false, ramp({}), { verb: "setCanary", percent: 9.99 }],
    ["no number at all", true, ramp({}), { verb: "setCanary", percent: Number.NaN }],
    ["one more key", true, aimed, { verb: "setCanary", percent: 0, include: { keys: ["a", "d"] } }],
    ["fewer keys", false, aimed, { verb: "setCanary", percent: 0, include: { keys: ["a"] } }],
    [
      "one more label",
      true,
      aimed,
      { verb: "setCanary", percent: 0, include: { labels: { region: ["eu"] } } },
    ],
    [
      "one more value",
      true,
      aimed,
      { verb: "setCanary", percent: 0, include: { labels: { plan: ["beta", "pro"] } } },
    ],
    [
      "a label named like what objects inherit",
      true,
      ramp({}),
      { verb: "setCanary", percent: 0, include: { labels: { constructor: ["x"] } } },
    ],
    ["fewer labels", false, aimed, { verb: "setCanary", percent: 10, include: {} }],
    ["one exclusion less", true, aimed, { verb: "setCanary", percent: 0, exclude: { keys: ["c"] } }],
    [
      "one exclusion more",
      false,
      aimed,
      { verb: "setCanary", percent: 10, exclude: { keys: ["c", "d"], labels: { constructor: ["x"] } } },
    ],
  ])("%s: %s [ROUTE-SAFE-DIRECTION]", (_name, forward, route, move) => {
    expect(isForward(route, move)).toBe(forward);
  });
});

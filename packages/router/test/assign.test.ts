import type { Canary, Route } from "@verdigris/contracts";
import { applyMove, bucketOf, compileAssign, seedOf } from "@verdigris/router";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bucketCount } from "../src/bucket.ts";
import { ana, openBlue } from "./world.ts";

const opened = applyMove(null, openBlue, { at: 1, actor: ana, requestId: "r" });
if (opened.kind !== "moved") throw new Error("expected a move");
const base: Route = { ...opened.route, audit: "sha256:0", candidate: "green" };

function canaryOf(percent: number, change: Partial<Canary> = {}): Route {
  return { ...base, canary: { percent, salt: "c", hash: 1, include: {}, exclude: {}, ...change } };
}

function heldBack(route: Route, percent: number): Route {
  return { ...route, live: "amber", holdback: { percent, salt: "h", hash: 1 } };
}

const percent = fc.integer({ min: 0, max: 10_000 }).map((n) => n / 100);
const keys = Array.from({ length: 500 }, (_, n) => `key-${n}`);

describe("a canary's share", () => {
  it("only gains keys when raised and only loses keys when lowered [I13]", () => {
    fc.assert(
      fc.property(percent, percent, fc.string({ unit: "binary" }), (a, b, key) => {
        const [low, high] = [
          compileAssign(canaryOf(Math.min(a, b))),
          compileAssign(canaryOf(Math.max(a, b))),
        ];
        if (low(key).role === "candidate") expect(high(key).role).toBe("candidate");
        if (high(key).role === "live") expect(low(key).role).toBe("live");
      }),
    );
  });

  it("is exactly the keys whose bucket lies below a hundred times the percentage [I13]", () => {
    fc.assert(
      fc.property(percent, fc.string(), (share, key) => {
        const candidate = bucketOf(key, seedOf("c")) < Math.round(share * 100);
        expect(compileAssign(canaryOf(share))(key).role).toBe(candidate ? "candidate" : "live");
      }),
    );
  });

  it("ends between the same two buckets for each of the 10,000 percentages [I13]", () => {
    const keyOn = new Map<number, string>();
    for (let n = 0; keyOn.size < bucketCount; n++) keyOn.set(bucketOf(`${n}`, seedOf("c")), `${n}`);
    for (let n = 1; n < bucketCount; n++) {
      const assign = compileAssign(canaryOf(n / 100));
      const roles = [assign(keyOn.get(n - 1) ?? "").role, assign(keyOn.get(n) ?? "").role];
      if (roles.join() !== "candidate,live") throw new Error(`${n / 100} %: ${roles}`);
    }
  });

  it("is nobody at 0 % and everybody at 100 %", () => {
    const [none, all] = [compileAssign(canaryOf(0)), compileAssign(canaryOf(100))];
    expect(new Set(keys.map((key) => none(key).reason))).toEqual(new Set(["live"]));
    expect(new Set(keys.map((key) => all(key).reason))).toEqual(new Set(["canary-share"]));
  });

  it("is nobody without a candidate", () => {
    const assign = compileAssign({ ...canaryOf(100), candidate: null });
    expect(assign("k")).toMatchObject({ bundle: "blue", reason: "live" });
  });

  it("says class canary, and its answers are shared and frozen", () => {
    const assign = compileAssign(canaryOf(100));
    expect(assign("a")).toEqual({
      bundle: "green",
      role: "candidate",
      class: "canary",
      reason: "canary-share",
      generation: 1,
    });
    expect(assign("a")).toBe(assign("b"));
    expect(Object.isFrozen(assign("a"))).toBe(true);
  });
});

describe("an audience", () => {
  const aimed = { keys: ["friend"], labels: { plan: ["beta", "pro"] } };

  it.each<[string, Record<string, string> | undefined, string]>([
    ["friend", undefined, "canary-include"],
    ["other", { plan: "pro" }, "canary-include"],
    ["other", { plan: "free" }, "live"],
    ["other", { Plan: "pro" }, "live"],
    ["other", {}, "live"],
  ])("includes %s with %j: %s", (key, labels, reason) => {
    expect(compileAssign(canaryOf(0, { include: aimed }))(key, labels).reason).toBe(reason);
  });

  it("excluded beats included and the share, and does not touch the holdback", () => {
    const route = canaryOf(100, { include: aimed, exclude: { keys: ["friend"] } });
    expect(compileAssign(route)("friend").reason).toBe("live");
    expect(compileAssign(heldBack(route, 100))("friend").reason).toBe("holdback");
  });

  it("does not find what every object inherits", () => {
    const assign = compileAssign(canaryOf(0, { include: { labels: { constructor: ["x"] } } }));
    expect(assign("k", {}).reason).toBe("live");
    expect(assign("k", { constructor: "x" }).reason).toBe("canary-include");
  });
});

describe("a holdback", () => {
  it("comes after include and before the canary's share", () => {
    const assign = compileAssign(heldBack(canaryOf(100, { include: { keys: ["friend"] } }), 50));
    const reasons = new Map(keys.map((key) => [key, assign(key)]));
    for (const [key, { reason }] of reasons) {
      const expected = bucketOf(key, seedOf("h")) < 5_000 ? "holdback" : "canary-share";
      expect([key, reason]).toEqual([key, expected]);
    }
    expect(assign("friend").reason).toBe("canary-include");
  });

  it("answers the stable bundle as production traffic", () => {
    expect(compileAssign(heldBack({ ...base, candidate: null }, 100))("k")).toEqual({
      bundle: "blue",
      role: "stable",
      class: "live",
      reason: "holdback",
      generation: 1,
    });
  });

  it("holds nothing back at 0 %, nor once live is stable", () => {
    expect(compileAssign(heldBack(base, 0))("k").reason).toBe("live");
    expect(compileAssign({ ...heldBack(base, 100), live: "blue" })("k").reason).toBe("live");
  });
});

describe("any key", () => {
  it("gets an answer", () => {
    const assign = compileAssign(heldBack(canaryOf(50), 50));
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (key) => {
        expect(["live", "candidate", "stable"]).toContain(assign(key).role);
      }),
    );
    for (const key of ["", "\ud800", "\udc00\ud800"]) expect(assign(key).bundle).toBeTruthy();
  });
});

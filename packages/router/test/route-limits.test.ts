import type { Route } from "@verdigris/contracts";
import { expect, it } from "vitest";
import {
  applyMove,
  completePolicy,
  decideMove,
  defaultPolicy,
  type RouteDraft,
  readRoute,
} from "../src/index.ts";

const actor = { kind: "person", id: "ada" } as const;
const context = { at: 1_000, actor, requestId: "now" };

function opened(): Route {
  const move = { verb: "open", bundle: "b0", policy: defaultPolicy, incarnation: "one" } as const;
  const result = applyMove(null, move, { ...context, requestId: "open" });
  if (result.kind !== "moved") throw new Error(result.kind);
  return { ...result.route, audit: `sha256:${"0".repeat(64)}` };
}

function after(route: Route, draft: RouteDraft): Route {
  return { ...draft, audit: route.audit };
}

function crowd(): Route {
  let route = opened();
  for (let n = 1; n <= 100; n++) {
    for (const move of [{ verb: "stage", bundle: `b${n}` }, { verb: "drop" }] as const) {
      const result = applyMove(route, move, context);
      if (result.kind !== "moved") throw new Error(JSON.stringify(result));
      route = after(route, result.route);
    }
  }
  return route;
}

it("stages and flips to no further bundle while a hundred are retiring", () => {
  const route = crowd();
  expect(route.retiring).toHaveLength(100);
  expect(applyMove(route, { verb: "stage", bundle: "new" }, context)).toMatchObject({
    refusal: "too-many-retiring",
  });
  expect(applyMove(route, { verb: "flip", bundle: "new" }, context)).toMatchObject({
    refusal: "too-many-retiring",
  });
});

it("still takes a retiring bundle back, and keeps a crowded record within what a store holds [ROUTE-SAFE-DIRECTION]", () => {
  const route = crowd();
  const flipped = applyMove(route, { verb: "flip", bundle: "b7" }, context);
  if (flipped.kind !== "moved") throw new Error(flipped.kind);
  const back = applyMove(after(route, flipped.route), { verb: "rollback" }, context);
  expect(back).toMatchObject({ kind: "moved", route: { live: "b0" } });
  expect(JSON.stringify(back).length).toBeLessThan(65_536 / 2);
});

it("does not take a request id for the answer of another verb [I11]", () => {
  const route = opened();
  const request = { move: { verb: "rollback" }, actor, reason: "", requestId: "open" } as const;
  expect(() => decideMove(route, () => null, request, { at: 1, requestId: "open", agent: "a" })).toThrow(
    expect.objectContaining({ code: "invalid-argument", details: { argument: "requestId" } }),
  );
});

it("refuses a route whose shares use a hash it does not know [FORMAT-TOO-NEW]", () => {
  const route = { ...opened(), holdback: { percent: 1, salt: "s", hash: 2 } };
  const entry = { key: "a/route", rev: 1, at: 1, value: JSON.stringify(route) };
  expect(() => readRoute(entry)).toThrow(expect.objectContaining({ code: "record-too-new" }));
});

it("refuses a policy field that does not exist, and keeps those a later release stored", () => {
  expect(() => completePolicy(defaultPolicy, { maxAge: 5 } as never)).toThrow(
    expect.objectContaining({ code: "invalid-argument", details: { argument: "policy.maxAge" } }),
  );
  const stored = { ...defaultPolicy, later: 1 };
  expect(completePolicy(stored, { maxAgeMs: 5_000 })).toEqual({ ...stored, maxAgeMs: 5_000 });
});

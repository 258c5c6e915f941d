import type { Router } from "@verdigris/contracts";
import { createFakeRouter } from "@verdigris/testing";
import {
  describeRouterConformance,
  type RouterSubject,
  routerChecks,
  runRouterCheck,
} from "@verdigris/testing/conformance/router";
import { describe, expect, it } from "vitest";

function createSubject(change: (router: Router) => Partial<Router> = () => ({})): RouterSubject {
  const router = createFakeRouter({ live: null, bundles: [] });
  return {
    router: { ...router, ...change(router) },
    registerBundle: router.register,
    dispose: () => router.close(),
  };
}

describeRouterConformance({ name: "the fake router", peers: false, create: async () => createSubject() });

async function broken(change: (router: Router) => Partial<Router>): Promise<string[]> {
  const red: string[] = [];
  for (const check of routerChecks.filter(({ needsPeer }) => !needsPeer)) {
    await runRouterCheck(check, async () => createSubject(change)).catch(() => red.push(check.name));
  }
  return red;
}

const faults: readonly [string, RegExp, (router: Router) => Partial<Router>][] = [
  [
    "ignores expect",
    /ROUTE-EXPECT/,
    (r) => ({
      move: async ({ expect: _, ...q }) => {
        const generation = (await r.refresh())?.route.generation ?? 0;
        return r.move({ ...q, expect: generation });
      },
    }),
  ],
  [
    "makes expect optional",
    /without expect/,
    (r) => ({
      move: (q) => r.move({ ...q, expect: q.expect ?? r.snapshot()?.route.generation ?? 0 }),
    }),
  ],
  [
    "forgets request ids",
    /I11/,
    (r) => {
      let n = 0;
      return { move: (q) => r.move({ ...q, requestId: `fresh-${++n}` }) };
    },
  ],
  [
    "draws a new lot per call",
    /I13/,
    (r) => {
      let n = 0;
      return { assign: (key, labels) => r.assign(`${key}/${n++}`, labels) };
    },
  ],
  ["ignores labels", /exclude beats include/, (r) => ({ assign: (key) => r.assign(key) })],
  ["answers with mutable objects", /frozen/, (r) => ({ assign: (k, l) => ({ ...r.assign(k, l) }) })],
  [
    "lets everyone release a hold",
    /outlasts machines/,
    (r) => ({
      move: (q) => r.move({ ...q, actor: { kind: "person", id: q.actor.id } }),
    }),
  ],
  [
    "says moved to losers",
    /I3/,
    (r) => ({
      move: async (q) => {
        const result = await r.move(q);
        return result.outcome === "conflict" && result.route !== null
          ? { outcome: "moved", generation: result.route.generation, route: result.route }
          : result;
      },
    }),
  ],
  [
    "hides refusals of a rollback under a hold",
    /ROUTE-SAFE-DIRECTION/,
    (r) => ({
      move: async (q) => {
        const route = r.snapshot()?.route ?? null;
        return q.move.verb === "rollback" && route?.held
          ? { outcome: "refused", refusal: "held", message: "held", route }
          : r.move(q);
      },
    }),
  ],
  ["works on after close", /closed router/, () => ({ close: async () => {} })],
  ["never tells its listeners", /listeners/, () => ({ on: () => () => {} })],
  [
    "has a route before its first",
    /no-route/,
    (r) => ({
      assign: (k, l) =>
        r.snapshot() === null
          ? { bundle: "blue", role: "live", class: "live", reason: "live", generation: 0 }
          : r.assign(k, l),
    }),
  ],
];

describe("the router suite goes red for a router that", () => {
  it.each(faults)("%s", async (_name, expected, change) => {
    const red = await broken(change);
    expect(red.filter((name) => expected.test(name))).not.toEqual([]);
  });

  it("is sound: it breaks nothing by itself", async () => {
    expect(await broken(() => ({}))).toEqual([]);
  });
});

describe("a check that needs a second router", () => {
  it("is red when the router was said to have peers and has none", async () => {
    const needy = routerChecks.filter((check) => check.needsPeer);
    expect(needy.length).toBeGreaterThan(0);
    for (const check of needy) {
      await expect(runRouterCheck(check, async () => createSubject())).rejects.toThrow("peer");
    }
  });
});

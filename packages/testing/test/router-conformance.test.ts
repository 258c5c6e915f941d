import type { NodeView, Route, Router, RouterEvents } from "@verdigris/contracts";
import { createStoreRouter } from "@verdigris/router";
import { createMemoryStore } from "@verdigris/store-memory";
import { createFakeClock, createFakeRouter, createFaultyStore } from "@verdigris/testing";
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

const alone = routerChecks.filter(({ needsPeer, nodes, losses }) => !needsPeer && nodes !== true && !losses);

async function broken(change: (router: Router) => Partial<Router>): Promise<string[]> {
  const red: string[] = [];
  for (const check of alone) {
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
  [
    "obeys a reanchor although nothing was lost",
    /ROUTE-REANCHOR/,
    (r) => ({
      move: async (q) =>
        q.move.verb === "reanchor" ? r.move({ ...q, move: { verb: "flip", bundle: "green" } }) : r.move(q),
    }),
  ],
  [
    "writes formats that it cannot read",
    /FORMAT-RAISED/,
    (r) => ({
      move: (q) => r.move(q.move.verb === "raiseFormat" ? { ...q, move: { ...q.move, to: 1 } } : q),
    }),
  ],
  ["keeps no records and says live", /keeps no node records/, () => ({ mode: () => "live" })],
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
    const needy = routerChecks.filter(({ needsPeer, nodes, losses }) => needsPeer || nodes || losses);
    expect(needy.length).toBeGreaterThan(0);
    for (const check of needy) {
      await expect(runRouterCheck(check, async () => createSubject())).rejects.toThrow("peer");
    }
  });
});

/** Two routers on a store, each changed as a test wants it. */
async function createFleet(change: (router: Router) => Partial<Router>, also: Partial<RouterSubject> = {}) {
  const clock = createFakeClock();
  const store = createMemoryStore({ clock });
  const cut = createFaultyStore(store);
  const [own, other] = [store, cut].map((on) =>
    createStoreRouter({ agent: "agent", clock, store: on, node: {} }),
  );
  if (own === undefined || other === undefined) throw new Error("no routers");
  const all = async () => (await store.list("agent/", { limit: 100 })).entries;
  const subject: RouterSubject = {
    router: { ...own, ...change(own) },
    peer: { ...other, ...change(other) },
    async registerBundle(id) {
      await store.commit([{ op: "put", key: `agent/bundle/${id}`, rev: 0, value: '{"v":1}' }]);
    },
    pass: clock.advance,
    cutOff: (is) => (is ? cut.down() : cut.up()),
    async backup() {
      const kept = await all();
      return async () => {
        const now = new Map((await all()).map((entry) => [entry.key, entry.rev]));
        for (const { key, value } of kept)
          await store.commit([{ op: "put", key, rev: now.get(key) ?? 0, value }]);
        const gone = [...now].filter(([key]) => !kept.some((entry) => entry.key === key));
        for (const [key, rev] of gone) await store.commit([{ op: "del", key, rev }]);
      };
    },
    async dispose() {
      await own.close();
      await other.close();
    },
    ...also,
  };
  return subject;
}

const fleetChecks = routerChecks.filter(({ nodes, losses }) => nodes === true || losses === true);

async function brokenFleet(change: (router: Router) => Partial<Router>): Promise<string[]> {
  const red: string[] = [];
  for (const check of fleetChecks)
    await runRouterCheck(check, () => createFleet(change)).catch(() => red.push(check.name));
  return red;
}

/** Every answer of `nodes()`, changed. */
function listing(change: (nodes: readonly NodeView[]) => readonly NodeView[]) {
  return (r: Router): Partial<Router> => ({ nodes: async () => change(await r.nodes()) });
}

/** Listeners of one event hear nothing. */
function silentOn(silenced: keyof RouterEvents) {
  return (r: Router): Partial<Router> => ({
    on: (event, fn) => (event === silenced ? () => {} : r.on(event, fn)),
  });
}

const propagated = { generation: 2, acknowledged: 2, stragglers: [], elapsedMs: 0 } as const;

const fleetFaults: readonly [string, RegExp, (router: Router) => Partial<Router>][] = [
  ["has no mode", /on record/, () => ({ mode: () => null })],
  ["is always live", /NODE-FAIL-CLOSED/, () => ({ mode: () => "live" })],
  ["tells nobody of its modes", /NODE-FAIL-CLOSED/, silentOn("mode")],
  ["forgets who it is with", /on record/, listing((nodes) => nodes.slice(0, 1))],
  ["gives all processes one id", /on record/, listing((nodes) => nodes.map((n) => ({ ...n, id: "node" })))],
  [
    "never lets a record expire",
    /names who was cut off/,
    listing((nodes) => nodes.map((n) => ({ ...n, expired: false }))),
  ],
  [
    "says everywhere at once",
    /names who was cut off/,
    () => ({ propagation: async () => ({ ...propagated, outcome: "everywhere" }) }),
  ],
  [
    "names nobody",
    /names who was cut off/,
    (r) => ({ propagation: async (to) => ({ ...(await r.propagation(to)), stragglers: [] }) }),
  ],
  ["never says when", /propagation says when/, () => ({ propagation: () => new Promise(() => {}) })],
  [
    "rejects when it is closed",
    /ends what waits/,
    (r) => ({
      async propagation(to) {
        const answer = await r.propagation(to);
        if (answer.outcome === "cancelled") throw new Error("closed");
        return answer;
      },
    }),
  ],
  [
    "hears of nothing by itself",
    /by itself/,
    (r) => ({ assign: (k) => ({ ...r.assign(k), bundle: "blue" }) }),
  ],
  [
    "obeys what the store says now",
    /not obeyed/,
    (r) => ({ refresh: () => r.refresh().catch(() => r.snapshot()) }),
  ],
  [
    "moves on from a lost route",
    /not obeyed/,
    (r) => ({
      move: (q) =>
        r.move(q).catch(() => ({ outcome: "unchanged", generation: 2, route: r.snapshot()?.route as Route })),
    }),
  ],
  ["follows without a word", /goes on above everything/, silentOn("reanchored")],
  [
    "forgets what it succeeds",
    /goes on above everything/,
    (r) => ({
      async move(q) {
        const result = await r.move(q);
        return result.outcome === "moved"
          ? { ...result, route: { ...result.route, predecessors: [] } }
          : result;
      },
    }),
  ],
  [
    "lets every operator win",
    /goes on above everything/,
    (r) => ({
      async move(q) {
        const result = await r.move(q);
        return q.move.verb === "reanchor" && result.outcome === "conflict" && result.route !== null
          ? { outcome: "moved", generation: result.route.generation, route: result.route }
          : result;
      },
    }),
  ],
];

describe("the router suite goes red for a fleet whose router", () => {
  it.each(fleetFaults)("%s", async (_name, expected, change) => {
    const red = await brokenFleet(change);
    expect(red.filter((name) => expected.test(name))).not.toEqual([]);
  });

  it("is sound: it breaks nothing by itself", async () => {
    expect(await brokenFleet(() => ({}))).toEqual([]);
  });

  it("cannot be cut off or set back although that was declared", async () => {
    for (const { nodes, losses } of [{ nodes: true }, { losses: true }]) {
      const [check] = fleetChecks.filter((one) => (nodes ? one.nodes === true : one.losses === losses));
      if (check === undefined) throw new Error("no such check");
      const { cutOff: _cut, backup: _backup, ...subject } = await createFleet(() => ({}));
      await expect(runRouterCheck(check, async () => subject)).rejects.toThrow(nodes ? "cutOff" : "backup");
    }
  });
});

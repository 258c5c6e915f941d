import type { AuditEntry, NodeRecord, Route, RouteMove, StoreEntry } from "@verdigris/contracts";
import { type StoreRouter, verifyAudit } from "@verdigris/router";
import { describe, expect, it } from "vitest";
import { ana, createWorld, move, openBlue, restoreEntries, timer, type World } from "./world.ts";

const onBlue: RouteMove & { readonly verb: "reanchor" } = {
  verb: "reanchor",
  bundle: "blue",
  incarnation: "second",
};

interface Loss extends World {
  /** Knows generation 5, where amber is live. */
  readonly knows: StoreRouter;
  backup(): Promise<readonly StoreEntry[]>;
  /** Puts a backup back: what was written since is gone. */
  restore(entries: readonly StoreEntry[]): Promise<void>;
  route(): Promise<Route | null>;
  entry(generation: number): Promise<AuditEntry | null>;
}

/** An agent at generation 5 whose store is at generation 2 again: blue is stable there, and green live. */
async function createLoss(): Promise<Loss> {
  const world = await createWorld();
  const { records, keys } = world;
  const all = async (): Promise<readonly StoreEntry[]> =>
    (await records.list("agent/", { limit: 1_000 })).entries;
  const read = async (key: string) => JSON.parse((await records.get([key])).entries[0]?.value ?? "null");
  const loss = {
    ...world,
    knows: world.router({ store: records }),
    backup: all,
    restore: (entries: readonly StoreEntry[]) => restoreEntries(records, entries),
    route: async () => (await read(keys.route)) as Route | null,
    entry: async (generation: number) => (await read(keys.audit(generation))) as AuditEntry | null,
  };
  await move(loss.knows, openBlue);
  await move(loss.knows, { verb: "flip", bundle: "green" }, { requestId: "kept" });
  const kept = await all();
  await move(loss.knows, { verb: "settle" }, { requestId: "lost" });
  await move(loss.knows, { verb: "stage", bundle: "amber" });
  await move(loss.knows, { verb: "flip", bundle: "amber", policy: { maxAgeMs: 90_000_000 } });
  await loss.restore(kept);
  return loss;
}

describe("a reanchor", () => {
  it("goes on above everything known, names its predecessor, and admits the hole [ROUTE-REANCHOR]", async () => {
    const { knows, entry, records } = await createLoss();
    const lost = knows.snapshot()?.route;
    const result = await move(knows, onBlue, { expect: 2 });
    expect(result).toMatchObject({
      outcome: "moved",
      generation: 6,
      route: {
        incarnation: "second",
        predecessors: [{ incarnation: "first", generation: 5, audit: lost?.audit }],
        live: "blue",
        stable: "blue",
        candidate: null,
        policy: { maxAgeMs: 90_000_000 },
      },
    });
    expect(await entry(6)).toMatchObject({
      verb: "reanchor",
      reason: "because",
      actor: { id: "ana" },
      from: { live: "green" },
      to: { live: "blue" },
      gap: { after: 2, predecessors: [{ incarnation: "first", generation: 5 }] },
    });
    expect(await verifyAudit(records, "agent")).toEqual({
      ok: true,
      entries: 3,
      head: result.route?.audit,
      holes: [{ from: 3, to: 5 }],
    });
  });

  it("ends the held state here and in every process that knows no later generation [ROUTE-REANCHOR]", async () => {
    const { knows, router, backup, restore, clock, records } = await createLoss();
    const early = await backup();
    await move(knows, onBlue, { expect: 2 });
    const node = router({ watch: true, node: { id: "n1" }, store: records });
    const told: string[] = [];
    node.on("store-regressed", ({ found }) => told.push(`lost to ${found?.generation ?? 0}`));
    node.on("reanchored", ({ known, route }) =>
      told.push(`${known.route.generation} to ${route.route.generation}`),
    );
    node.on("route", ({ route }) => told.push(`route ${route.generation}`));
    await clock.advance(0);
    await restore(early);
    await clock.advance(1_500);
    expect([node.mode(), node.snapshot()?.route.generation]).toEqual(["closed", 6]);
    const again = { ...onBlue, bundle: "green", incarnation: "third" };
    expect(await move(router({ store: records }), again, { expect: 2 })).toMatchObject({ generation: 7 });
    await clock.advance(1_500);
    expect(node.mode()).toBe("live");
    expect(told).toEqual(["route 6", "lost to 2", "route 7", "6 to 7"]);
    expect(node.assign("k")).toMatchObject({ bundle: "green", generation: 7 });
  });

  it("is not followed by a process that knows more than the operator's did [ROUTE-REANCHOR]", async () => {
    const { knows, router, rewrite } = await createLoss();
    await move(knows, onBlue, { expect: 2 });
    const ahead = router();
    await rewrite((route) => ({ ...route, incarnation: "first", predecessors: [], generation: 9 }));
    await ahead.refresh();
    await rewrite((route) => ({ ...knows.snapshot()?.route, generation: 12, audit: (route as Route).audit }));
    await expect(ahead.refresh()).rejects.toMatchObject({ code: "store-regressed", details: { known: 9 } });
    expect(await move(ahead, { ...onBlue, incarnation: "third" }, { expect: 12 })).toMatchObject({
      generation: 13,
      route: {
        predecessors: [
          { incarnation: "second", generation: 12 },
          { incarnation: "first", generation: 9 },
        ],
      },
    });
  });

  it("is followed by a process that slept through it and the next one [ROUTE-REANCHOR]", async () => {
    const { knows, router, backup, restore } = await createLoss();
    const kept = await backup();
    await move(knows, onBlue, { expect: 2 });
    const asleep = router();
    await asleep.refresh();
    for (const incarnation of ["third", "fourth"]) {
      await restore(kept);
      await move(knows, { ...onBlue, incarnation }, { expect: 2 });
    }
    const { route } = (await asleep.refresh()) ?? {};
    expect(route).toMatchObject({ incarnation: "fourth", generation: 8 });
    expect(route?.predecessors.map(({ incarnation, generation }) => [incarnation, generation])).toEqual([
      ["third", 7],
      ["second", 6],
      ["first", 5],
    ]);
  });

  it("is never followed downwards, whatever it says of itself [I5]", async () => {
    const { knows, rewrite } = await createLoss();
    const predecessors = [{ incarnation: "first", generation: 5, audit: null }];
    await rewrite((route) => ({ ...route, incarnation: "second", predecessors }));
    await expect(knows.refresh()).rejects.toMatchObject({ code: "store-regressed" });
    expect(knows.snapshot()?.route.generation).toBe(5);
  });

  it("remembers the requests that still stand, and answers none for what is lost [I11]", async () => {
    const { knows } = await createLoss();
    await move(knows, onBlue, { expect: 2 });
    const again = { expect: 1, requestId: "kept" };
    expect(await move(knows, { verb: "flip", bundle: "green" }, again)).toMatchObject({
      outcome: "duplicate",
      generation: 2,
    });
    const lost = { expect: 2, requestId: "lost" };
    expect(await move(knows, { verb: "settle" }, lost)).toMatchObject({ outcome: "conflict" });
  });

  it("lifts every seal: what was counted before it may have come back [I6]", async () => {
    const { knows, rewrite } = await createLoss();
    await rewrite((route) => ({ ...route, sealed: ["violet"] }));
    expect((await move(knows, onBlue, { expect: 2 })).route).toMatchObject({ sealed: [] });
  });

  it("of two operators one wins and the other gets its route, whichever memory they have [ROUTE-REANCHOR]", async () => {
    const { knows, store, router, records, route } = await createLoss();
    const other = router();
    const gate = store.gate({ kind: "commit" });
    await other.refresh();
    // It came after the loss and knows of it by a node's record alone.
    await records.commit([{ op: "put", key: "agent/node/n1", rev: 0, value: nodeText({ generation: 5 }) }]);
    const slow = move(other, { ...onBlue, bundle: "green", incarnation: "third" }, { expect: 2 });
    await gate.reached;
    expect(await move(knows, onBlue, { expect: 2 })).toMatchObject({ outcome: "moved" });
    gate.open();
    expect(await slow).toMatchObject({ outcome: "conflict", route: { incarnation: "second", live: "blue" } });
    expect((await route())?.incarnation).toBe("second");
    expect(await move(other, onBlue, { expect: 6 })).toMatchObject({
      outcome: "refused",
      refusal: "not-regressed",
    });
  });

  it("whose reply was lost happens once [I11]", async () => {
    const { store, records, route, router } = await createLoss();
    await records.commit([{ op: "put", key: "agent/node/n1", rev: 0, value: nodeText({ generation: 5 }) }]);
    const operator = router();
    store.loseReply();
    const request = { expect: 2, requestId: "at-3-am" };
    expect(await move(operator, onBlue, request)).toMatchObject({ outcome: "moved", generation: 6 });
    expect(await move(operator, onBlue, request)).toMatchObject({ outcome: "duplicate", generation: 6 });
    expect((await route())?.generation).toBe(6);
  });

  it("is refused where nothing has regressed, and leaves the route alone [ROUTE-REANCHOR]", async () => {
    const { router, route } = await createLoss();
    const fresh = router();
    await fresh.refresh();
    const before = await route();
    expect(await move(fresh, onBlue)).toMatchObject({ outcome: "refused", refusal: "not-regressed" });
    expect(await route()).toEqual(before);
    const empty = (await createWorld()).router();
    expect(await move(empty, onBlue)).toMatchObject({ outcome: "refused", refusal: "not-regressed" });
  });

  it("has an incarnation of its own, or processes could not tell it from what it succeeds [ROUTE-REANCHOR]", async () => {
    const { knows } = await createLoss();
    const again = { ...onBlue, incarnation: "first" };
    await expect(move(knows, again, { expect: 2 })).rejects.toMatchObject({
      code: "invalid-argument",
      details: { argument: "incarnation" },
    });
  });

  it("names the generation the store gives, a person or a policy, and why [ROUTE-REANCHOR]", async () => {
    const { knows, route } = await createLoss();
    const wrong = { code: "invalid-argument" };
    await expect(move(knows, onBlue, { expect: 2, actor: timer })).rejects.toMatchObject(wrong);
    await expect(move(knows, onBlue, { expect: 2, reason: "  " })).rejects.toMatchObject(wrong);
    const unsaid = { move: onBlue, actor: ana, reason: "because" };
    await expect(knows.move(unsaid)).rejects.toMatchObject(wrong);
    expect(await move(knows, onBlue, { expect: 5 })).toMatchObject({
      outcome: "conflict",
      route: { generation: 2 },
    });
    expect((await route())?.generation).toBe(2);
  });

  it("takes a registered bundle only, as live and as stable [ROUTE-REANCHOR]", async () => {
    const { knows } = await createLoss();
    const unknown = { outcome: "refused", refusal: "bundle-unknown" };
    expect(await move(knows, { ...onBlue, bundle: "nobody" }, { expect: 2 })).toMatchObject(unknown);
    expect(await move(knows, { ...onBlue, stable: "nobody" }, { expect: 2 })).toMatchObject(unknown);
    const result = await move(knows, { ...onBlue, bundle: "amber", stable: "blue" }, { expect: 2 });
    expect(result.route).toMatchObject({ live: "amber", stable: "blue" });
    expect(await move(knows, { verb: "rollback" })).toMatchObject({ generation: 7, route: { live: "blue" } });
  });

  it("keeps a place for every bundle that may have runs, for as long as any policy allowed [ROUTE-REANCHOR]", async () => {
    const { knows, records, keys, clock } = await createLoss();
    const deadline = clock.now() + 3_600_000;
    for (const bundle of ["violet", "violet.2", "blue"])
      await records.commit([{ op: "put", key: keys.pin(bundle, deadline, "r1"), rev: 0, value: '{"v":1}' }]);
    const { route } = await move(knows, onBlue, { expect: 2 });
    expect(route?.retiring.map(({ bundle }) => bundle).sort()).toEqual([
      "amber",
      "green",
      "violet",
      "violet.2",
    ]);
    const bound = 90_000_000 + 15 * 60_000;
    expect(route?.horizon).toEqual({ at: expect.any(Number), boundMs: bound, generation: 6 });
    for (const item of route?.retiring ?? [])
      expect(item).toMatchObject({ generation: 6, boundMs: bound, rolledBack: false });
  });

  it("trusts no time-out where the latest policy is lost: only a count proves a bundle drained [ROUTE-REANCHOR]", async () => {
    const { router, records } = await createLoss();
    await records.commit([{ op: "put", key: "agent/node/n1", rev: 0, value: nodeText({ generation: 8 }) }]);
    const { route } = await move(router(), { ...onBlue, bundle: "green" }, { expect: 2 });
    expect(route?.generation).toBe(9);
    expect(route?.horizon?.boundMs).toBeGreaterThan(399 * 24 * 3_600_000);
  });

  it("stands a person's hold, and is not refused by it [ROUTE-HOLD]", async () => {
    const { knows, backup, restore, rewrite } = await createLoss();
    await move(knows, onBlue, { expect: 2 });
    const early = await backup();
    await move(knows, { verb: "hold", why: "an incident" });
    await move(knows, { verb: "hold", why: "again" }, { actor: timer });
    await restore(early);
    const { route } = await move(knows, { ...onBlue, incarnation: "third" }, { expect: 6 });
    expect(route).toMatchObject({ generation: 8, held: { why: "an incident" } });
    await move(knows, { verb: "release" });
    await move(knows, { verb: "hold", why: "a machine's" }, { actor: timer });
    await restore(early);
    await rewrite((now) => ({ ...now, held: { by: ana, why: "a person's" } }));
    const held = (await move(knows, { ...onBlue, incarnation: "fourth" }, { expect: 6 })).route?.held;
    expect(held).toMatchObject({ why: "a person's" });
  });
});

describe("a store that lost everything", () => {
  it("is told by nodes that go on saying what they know, and no new route is opened over them [ROUTE-REANCHOR]", async () => {
    const { router, records, clock, restore, backup, keys } = await createLoss();
    const node = router({ watch: true, node: { id: "n1" }, store: records });
    await clock.advance(0);
    const bundles = (await backup()).filter(({ key }) => key.startsWith("agent/bundle/"));
    await restore([]);
    await clock.advance(3_000);
    const { value } = (await records.get([keys.node("n1")])).entries[0]!;
    expect(JSON.parse(value)).toMatchObject({ mode: "closed", incarnation: "first", generation: 2 });
    await restore([...bundles, { ...bundles[0]!, key: keys.node("n1"), value }]);
    const fresh = router({ store: records });
    await expect(move(fresh, { ...openBlue, incarnation: "other" } as RouteMove)).rejects.toMatchObject({
      code: "store-regressed",
      details: { node: "n1", known: 2 },
    });
    expect(await move(fresh, onBlue)).toMatchObject({
      generation: 3,
      route: { live: "blue", candidate: null },
    });
    await clock.advance(1_500);
    expect([node.mode(), node.snapshot()?.route.generation]).toEqual(["live", 3]);
    expect(await verifyAudit(records, "agent")).toMatchObject({
      ok: true,
      entries: 1,
      holes: [{ from: 1, to: 2 }],
    });
  });

  it("of its route alone is told by the audit, whose chain goes on without a hole [ROUTE-REANCHOR]", async () => {
    const { router, rewrite, records } = await createLoss();
    await rewrite(() => null);
    expect(await move(router(), onBlue, { expect: 0 })).toMatchObject({ generation: 3 });
    expect(await verifyAudit(records, "agent")).toMatchObject({ ok: true, entries: 3, holes: [] });
  });
});

describe("a hole in the audit", () => {
  async function reanchored(): Promise<Loss> {
    const loss = await createLoss();
    await move(loss.knows, onBlue, { expect: 2 });
    await move(loss.knows, { verb: "flip", bundle: "green" });
    return loss;
  }

  async function change(
    loss: Loss,
    generation: number,
    to: (entry: AuditEntry) => object | null,
  ): Promise<void> {
    const entry = (await loss.records.get([loss.keys.audit(generation)])).entries[0]!;
    const next = to(JSON.parse(entry.value));
    const { key, rev } = entry;
    await loss.records.commit([
      next === null ? { op: "del", key, rev } : { op: "put", key, rev, value: JSON.stringify(next) },
    ]);
  }

  it("is admitted by nothing but the reanchor after it, as wide as that says [ROUTE-AUDIT]", async () => {
    const wider = await reanchored();
    await change(wider, 2, () => null);
    expect(await verifyAudit(wider.records, "agent")).toMatchObject({
      ok: false,
      fault: "missing",
      generation: 2,
    });
    const other = await reanchored();
    await change(other, 6, (entry) => ({ ...entry, verb: "flip" }));
    expect(await verifyAudit(other.records, "agent")).toMatchObject({
      ok: false,
      fault: "missing",
      generation: 3,
    });
    const gone = await reanchored();
    await change(gone, 6, () => null);
    expect(await verifyAudit(gone.records, "agent")).toMatchObject({
      ok: false,
      fault: "missing",
      generation: 3,
    });
  });

  it("hides no change of what stands before or after it [ROUTE-AUDIT]", async () => {
    const whole = await reanchored();
    expect(await verifyAudit(whole.records, "agent")).toMatchObject({ ok: true, entries: 4 });
    for (const generation of [1, 2, 6, 7]) {
      const loss = await reanchored();
      await change(loss, generation, (entry) => ({ ...entry, reason: "another" }));
      const found = await verifyAudit(loss.records, "agent");
      expect(found).toMatchObject({ ok: false, fault: "altered", generation });
    }
  });
});

function nodeText(change: Partial<NodeRecord>): string {
  const formats = { record: 1, hash: 1 };
  const known = {
    v: 1,
    id: "n1",
    sdk: "0.1.0",
    formats,
    serves: { kind: "any" },
    mode: "closed",
    startedAt: 1,
  };
  return JSON.stringify({ ...known, incarnation: "first", warm: {}, expiresMs: 12_000, ...change });
}

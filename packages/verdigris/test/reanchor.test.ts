import { agentKeys, type StoreEntry } from "@verdigris/contracts";
import { createMemoryStore } from "@verdigris/store-memory";
import { aBundle, createFakeClock } from "@verdigris/testing";
import { createVerdigris, type Verdigris, type VerdigrisOptions } from "verdigris";
import { describe, expect, it } from "vitest";

const [blue, green] = [aBundle("blue"), aBundle("green")];

function createWorld() {
  const clock = createFakeClock();
  const store = createMemoryStore({ clock });
  const open = (more: Partial<VerdigrisOptions<undefined>> = {}): Verdigris =>
    createVerdigris({ agent: "agent", store, bundle: blue, clock, sweepMs: "never", ...more });
  const backup = async () => (await store.list("agent/", { limit: 100 })).entries;
  const restore = async (entries: readonly StoreEntry[]) => {
    const now = new Map((await backup()).map((entry) => [entry.key, entry]));
    const gone = [...now.values()].filter(({ key }) => !entries.some((kept) => kept.key === key));
    await store.commit([
      ...gone.map(({ key, rev }) => ({ op: "del", key, rev }) as const),
      ...entries.map(({ key, value }) => ({ op: "put", key, rev: now.get(key)?.rev ?? 0, value }) as const),
    ]);
  };
  return { clock, store, open, backup, restore };
}

async function mustStart(verdigris: Verdigris) {
  const started = await verdigris.start();
  if (!started.placed) throw new Error("not placed");
  return started.run;
}

/** Two processes that know green is live, on a store that says blue is; one run was accepted before the backup. */
async function createLoss(more: Partial<VerdigrisOptions<undefined>> = {}) {
  const world = createWorld();
  const [agent, peer] = [world.open({ node: { name: "a" }, ...more }), world.open({ node: { name: "b" } })];
  await agent.register(green, { actor: "ana" });
  const run = await mustStart(agent);
  const kept = await world.backup();
  await agent.flip({ to: "green", reason: "better", expect: 1, actor: "ana" });
  await peer.ready();
  await world.restore(kept);
  await world.clock.advance(1_500);
  return { ...world, agent, peer, run };
}

const decided = { live: "green", stable: "blue", expect: 1, reason: "the backup is a day old", actor: "ana" };

describe("after a backup was restored under running processes", () => {
  it("nothing starts until an operator decides, and then everywhere on the bundle decided on [ROUTE-REANCHOR]", async () => {
    const { agent, peer, clock } = await createLoss();
    const told: unknown[] = [];
    peer.on("reanchored", ({ known, route }) => told.push([known.route.generation, route.route.generation]));
    for (const each of [agent, peer]) {
      expect(each.mode()).toBe("closed");
      await expect(each.start()).rejects.toMatchObject({ code: "store-regressed" });
    }
    const receipt = await agent.reanchor(decided);
    expect(receipt).toMatchObject({ outcome: "moved", generation: 3, unevidenced: true });
    const { propagated } = receipt;
    await clock.advance(1_500);
    expect(await propagated).toMatchObject({ outcome: "everywhere", acknowledged: 2 });
    for (const each of [agent, peer]) expect((await mustStart(each)).scope.bundle).toBe("green");
    expect(told).toEqual([[2, 3]]);
    expect(await peer.verifyAudit()).toMatchObject({ ok: true, entries: 2, holes: [{ from: 2, to: 2 }] });
    expect(await agent.rollback({ actor: "ana" })).toMatchObject({ generation: 4 });
  });

  it("a run whose pin is left goes on, is counted, and finishes [ROUTE-REANCHOR]", async () => {
    const { agent, run } = await createLoss();
    expect(await run.step("answer", ({ scope }) => scope.bundle)).toBe("blue");
    await agent.reanchor({ ...decided, stable: "green" });
    expect(await agent.drainReport("blue")).toMatchObject({ status: "draining", inFlight: { count: 1 } });
    const resumed = await agent.resume(run.token ?? "", { takeover: true });
    expect(await resumed.step("answer", ({ scope }) => scope.bundle)).toBe("blue");
    expect(await resumed.finish({ outcome: "completed" })).toBe("finished");
    expect(await agent.drainReport("blue")).toMatchObject({ inFlight: { count: 0 } });
  });

  it("is asked for like every verb, and one that is refused changes nothing [AUTHORITY-CLOSED]", async () => {
    const asked: unknown[] = [];
    const { agent, store } = await createLoss({
      authorize: (actor, verb, { bundle, generation, reason }) => {
        asked.push([actor.id, verb, bundle, generation, reason]);
        return verb !== "reanchor";
      },
    });
    asked.length = 0;
    await expect(agent.reanchor(decided)).rejects.toMatchObject({ code: "not-authorized" });
    expect(asked).toEqual([["ana", "reanchor", "green", 2, "the backup is a day old"]]);
    const { value } = (await store.get([agentKeys("agent").route])).entries[0]!;
    expect(JSON.parse(value)).toMatchObject({ generation: 1 });
  });

  it("asks for who, why and what was seen, and is refused where nothing is wrong [ROUTE-REANCHOR]", async () => {
    const { agent, open } = await createLoss();
    const wrong = { code: "invalid-argument" };
    const { actor: _, ...nameless } = decided;
    await expect(agent.reanchor(nameless)).rejects.toMatchObject(wrong);
    await expect(agent.reanchor({ ...decided, reason: "" })).rejects.toMatchObject(wrong);
    await expect(agent.reanchor({ ...decided, live: "" })).rejects.toMatchObject(wrong);
    await expect(agent.reanchor({ ...decided, expect: 2 })).rejects.toMatchObject({ code: "route-conflict" });
    await agent.reanchor(decided);
    await expect(open().reanchor({ ...decided, expect: 3 })).rejects.toMatchObject({
      code: "move-refused",
      details: { refusal: "not-regressed" },
    });
  });
});

describe("after a store was emptied under running processes", () => {
  it("a new process opens no second route over theirs, and one decision brings all back [ROUTE-REANCHOR]", async () => {
    const { agent, peer, open, restore, clock } = await createLoss();
    await restore([]);
    await clock.advance(3_000);
    const fresh = open();
    await expect(fresh.start()).rejects.toMatchObject({ code: "store-regressed" });
    const { live, reason, actor } = decided;
    await expect(fresh.reanchor({ live, reason, actor, expect: 0 })).rejects.toMatchObject({
      code: "bundle-unknown",
    });
    expect(await fresh.reanchor({ live: "blue", reason, actor, expect: 0 })).toMatchObject({ generation: 3 });
    await clock.advance(1_500);
    for (const each of [agent, peer, fresh]) expect((await mustStart(each)).scope.bundle).toBe("blue");
  });

  it("a process that has long been ready puts its own bundle on record again [ROUTE-REANCHOR]", async () => {
    const { agent, restore } = await createLoss();
    await restore([]);
    const { reason, actor } = decided;
    expect(await agent.reanchor({ live: "blue", reason, actor, expect: 0 })).toMatchObject({ generation: 3 });
    expect((await mustStart(agent)).scope.bundle).toBe("blue");
  });
});

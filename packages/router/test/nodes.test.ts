import type { NodeMode, NodeRecord } from "@verdigris/contracts";
import type { StoreRouter } from "@verdigris/router";
import { describe, expect, it } from "vitest";
import { createWorld, move, openBlue, type World } from "./world.ts";

const flipGreen = { verb: "flip", bundle: "green" } as const;

interface Fleet extends World {
  readonly mover: StoreRouter;
  readonly node: StoreRouter;
  readonly modes: NodeMode[];
  record(id: string): Promise<NodeRecord | null>;
  put(id: string, change?: Partial<NodeRecord>): Promise<void>;
}

async function createFleet(): Promise<Fleet> {
  const world = await createWorld();
  const mover = world.router({ store: world.records });
  await move(mover, openBlue);
  const node = world.router({ watch: true, node: { id: "n1", name: "pod-1" } });
  const modes: NodeMode[] = [];
  node.on("mode", ({ to }) => modes.push(to));
  await world.clock.advance(0);
  const read = async (id: string) => (await world.records.get([world.keys.node(id)])).entries[0] ?? null;
  return {
    ...world,
    mover,
    node,
    modes,
    async record(id) {
      const entry = await read(id);
      return entry === null ? null : (JSON.parse(entry.value) as NodeRecord);
    },
    async put(id, change = {}) {
      const own = (await read("n1"))!.value;
      const value = JSON.stringify({ ...JSON.parse(own), id, ...change });
      await world.records.commit([
        { op: "put", key: world.keys.node(id), rev: (await read(id))?.rev ?? 0, value },
      ]);
    },
  };
}

describe("the mode of a process", () => {
  it("is live while pushes arrive, polling without, stale after 3 s and closed after 5 s of silence [NODE-FAIL-CLOSED]", async () => {
    const { node, store, clock, modes } = await createFleet();
    expect(node.mode()).toBe("live");
    store.sendHint({ type: "down" });
    expect(node.mode()).toBe("polling");
    store.sendHint({ type: "resync" });
    expect(node.mode()).toBe("live");
    await clock.advance(0);
    store.down();
    await clock.advance(2_999);
    expect(node.mode()).toBe("polling");
    await clock.advance(1);
    expect(node.mode()).toBe("stale");
    await clock.advance(1_999);
    expect(node.mode()).toBe("stale");
    await clock.advance(1);
    expect(node.mode()).toBe("closed");
    store.up();
    await clock.advance(0);
    expect(modes).toEqual(["live", "polling", "live", "polling", "stale", "closed", "live"]);
  });

  it("counts from when the last good read was sent, also while a call hangs [NODE-FAIL-CLOSED]", async () => {
    const { node, store, clock } = await createFleet();
    store.hang();
    await clock.advance(5_000);
    expect(node.mode()).toBe("closed");
  });

  it("is polling on a store that does not push, whatever that says when watching begins [NODE-FAIL-CLOSED]", async () => {
    const { records, router, clock } = await createFleet();
    const silent = { ...records, capabilities: { ...records.capabilities, push: false } };
    const lone = router({ watch: true, store: silent });
    await clock.advance(2_000);
    expect(lone.mode()).toBe("polling");
  });

  it("is closed while the store has gone backwards, and open again once it is ahead [ROUTE-REGRESSED]", async () => {
    const { node, rewrite, clock } = await createFleet();
    await rewrite((route) => ({ ...route, generation: 5 }));
    await clock.advance(0);
    await rewrite((route) => ({ ...route, generation: 3 }));
    await clock.advance(0);
    expect(node.mode()).toBe("closed");
    await rewrite((route) => ({ ...route, generation: 6 }));
    await clock.advance(0);
    expect(node.mode()).toBe("live");
  });

  it("is none for a process that reads on demand [NODE-OPTIONAL]", async () => {
    const { mover, record, router } = await createFleet();
    expect(mover.mode()).toBeNull();
    const lone = router({ node: { id: "lone" } });
    await lone.refresh();
    expect(await record("lone")).toBeNull();
  });

  it.each([-3_600_000, 3_600_000])("does not depend on a wall clock that is off by %d ms", async (ms) => {
    const { node, mover, clock } = await createFleet();
    clock.jumpWall(ms);
    await move(mover, flipGreen);
    await clock.advance(10_000);
    expect([node.mode(), node.snapshot()?.route.live]).toEqual(["live", "green"]);
    expect(await mover.nodes()).toMatchObject([{ expired: false, generation: 2 }]);
  });
});

describe("the record of a process", () => {
  it("says what it serves, its SDK, formats, mode and generation, from its first read on [NODE-RECORD]", async () => {
    const { mover } = await createFleet();
    expect(await mover.nodes()).toMatchObject([
      {
        id: "n1",
        name: "pod-1",
        sdk: expect.stringMatching(/^\d+\.\d+\.\d+/),
        formats: { record: 1, hash: 1 },
        serves: { kind: "any" },
        incarnation: "first",
        generation: 1,
        mode: "live",
        ageMs: 0,
        expired: false,
        readable: true,
      },
    ]);
  });

  it("is not written while nothing changes, but for a heartbeat [NODE-RECORD]", async () => {
    const { store, clock } = await createFleet();
    store.reset();
    await clock.advance(60_000);
    expect(store.count("commit")).toBeGreaterThanOrEqual(10);
    expect(store.count("commit")).toBeLessThanOrEqual(12);
  });

  it("follows a move at once, and warm checks as they are told [NODE-RECORD]", async () => {
    const { mover, node, clock, record } = await createFleet();
    await move(mover, flipGreen);
    await clock.advance(0);
    expect(await record("n1")).toMatchObject({ generation: 2 });
    node.tell({ warm: { green: { ok: true, at: 7 }, blue: { ok: false, at: 8 } } });
    node.tell({ warm: { blue: null } });
    await clock.advance(0);
    expect((await record("n1"))?.warm).toEqual({ green: { ok: true, at: 7 } });
  });

  it("is written again when it was swept, and once when a reply is lost [NODE-RECORD]", async () => {
    const { store, clock, record, records, keys, node } = await createFleet();
    const { rev } = (await records.get([keys.node("n1")])).entries[0]!;
    await records.commit([{ op: "del", key: keys.node("n1"), rev }]);
    await clock.advance(8_000);
    expect(await record("n1")).toMatchObject({ id: "n1" });
    store.loseReply();
    node.tell({ warm: { green: { ok: true, at: 1 } } });
    await clock.advance(3_000);
    expect(await record("n1")).toMatchObject({ warm: { green: { ok: true } } });
  });

  it("goes when the process closes, and expires by store time when it cannot [NODE-RECORD]", async () => {
    const { node, mover, store, clock, record } = await createFleet();
    store.down();
    await node.close();
    expect(await record("n1")).not.toBeNull();
    await clock.advance(12_199);
    expect(await mover.nodes()).toMatchObject([{ expired: false }]);
    await clock.advance(2);
    expect(await mover.nodes()).toMatchObject([{ expired: true }]);
    await clock.advance(600_000);
    expect(await mover.nodes()).toEqual([]);
    expect(await record("n1")).toBeNull();
  });

  it("of a clean close is gone at once [NODE-RECORD]", async () => {
    const { node, mover } = await createFleet();
    await node.close();
    expect(await mover.nodes()).toEqual([]);
  });

  it("of a later format is listed and never taken for an acknowledgement [FORMAT-TOO-NEW]", async () => {
    const { mover, put } = await createFleet();
    await put("n2", { v: 2, generation: 99 });
    const nodes = await mover.nodes();
    expect(nodes[1]).toMatchObject({ id: "n2", readable: false, generation: 0 });
  });
});

describe("propagation", () => {
  it("is everywhere once every node has applied the move [ROUTE-PROPAGATED]", async () => {
    const { mover, clock, node, router } = await createFleet();
    router({ watch: true, node: { id: "n2" } });
    await clock.advance(0);
    const result = await move(mover, flipGreen);
    const propagated = mover.propagation(result.route!);
    await clock.advance(100);
    expect(await propagated).toMatchObject({
      outcome: "everywhere",
      generation: 2,
      acknowledged: 2,
      stragglers: [],
    });
    expect(node.snapshot()?.route.generation).toBe(2);
  });

  it("with every push lost is everywhere within one poll and the look after it [ROUTE-PROPAGATED]", async () => {
    const { mover, clock, store } = await createFleet();
    store.dropHints();
    const propagated = mover.propagation((await move(mover, flipGreen)).route!);
    await clock.advance(1_700);
    expect((await propagated).outcome).toBe("everywhere");
  });

  it("names a node that stopped, once its record has expired [ROUTE-PROPAGATED]", async () => {
    const { mover, clock, store } = await createFleet();
    store.down();
    const propagated = mover.propagation((await move(mover, flipGreen)).route!);
    await clock.advance(13_000);
    expect(await propagated).toMatchObject({
      outcome: "stragglers",
      acknowledged: 0,
      stragglers: [{ id: "n1", name: "pod-1", generation: 1, expired: true }],
    });
  });

  it("takes no generation of another incarnation for an acknowledgement [ROUTE-PROPAGATED]", async () => {
    const { mover, clock, put } = await createFleet();
    const target = (await move(mover, flipGreen)).route!;
    await put("n2", { incarnation: "other", generation: 99 });
    const propagated = mover.propagation(target);
    await clock.advance(15_000);
    expect((await propagated).stragglers.map(({ id }) => id)).toEqual(["n2"]);
  });

  it("ends in bounded time for a node that lives and never applies the move [ROUTE-PROPAGATED]", async () => {
    const { mover, clock, put } = await createFleet();
    await move(mover, flipGreen);
    const target = mover.snapshot()!.route;
    let ended = false;
    const propagated = mover.propagation(target).finally(() => {
      ended = true;
    });
    for (let second = 0; second < 15 && !ended; second++) {
      await put("stuck", { generation: 1 });
      await clock.advance(1_000);
    }
    expect(await propagated).toMatchObject({
      outcome: "stragglers",
      stragglers: [{ id: "stuck", expired: false }],
    });
  });

  it("is unverified without node records, unknown without the store, cancelled by close [ROUTE-PROPAGATED]", async () => {
    const { mover, node, clock, store, router } = await createFleet();
    const target = (await move(mover, flipGreen)).route!;
    store.down();
    const asked = router();
    const unknown = asked.propagation(target);
    await clock.advance(15_000);
    expect((await unknown).outcome).toBe("unknown");
    const cancelled = asked.propagation(target);
    await clock.advance(0);
    await asked.close();
    await clock.advance(0);
    expect((await cancelled).outcome).toBe("cancelled");
    store.up();
    await clock.advance(0);
    await node.close();
    expect((await mover.propagation(target)).outcome).toBe("unverified");
  });
});

describe("a flip", () => {
  it("to a bundle that no live node serves is refused; expired nodes do not count [ROUTE-SERVED]", async () => {
    const { node, mover, clock, put } = await createFleet();
    await put("old", { serves: { kind: "any" } });
    await clock.advance(13_000);
    node.tell({ serves: { kind: "listed", yes: ["blue"], no: ["green"] } });
    await clock.advance(0);
    const refused = await move(mover, flipGreen);
    expect(refused).toMatchObject({ outcome: "refused", refusal: "bundle-not-served" });
    expect(mover.snapshot()?.route.generation).toBe(1);
    node.tell({ serves: { kind: "listed", yes: ["green"], no: [] } });
    await clock.advance(0);
    const moved = await move(mover, flipGreen);
    expect([moved.outcome, "unverified" in moved]).toEqual(["moved", false]);
  });

  it("is unverified where no node says anything of the bundle, and going back is never refused [ROUTE-SERVED]", async () => {
    const { node, mover, clock } = await createFleet();
    node.tell({ serves: { kind: "listed", yes: [], no: ["blue"] } });
    await clock.advance(0);
    expect(await move(mover, flipGreen)).toMatchObject({ outcome: "moved", unverified: true });
    expect(await move(mover, { verb: "rollback" })).toMatchObject({ outcome: "moved" });
    await node.close();
    expect(await move(mover, { verb: "flip", bundle: "amber" })).toMatchObject({ unverified: true });
  });
});

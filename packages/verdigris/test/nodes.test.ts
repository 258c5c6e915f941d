import { createMemoryStore } from "@verdigris/store-memory";
import { aBundle, createFakeClock, createFaultyStore } from "@verdigris/testing";
import { createVerdigris, type Verdigris, type VerdigrisOptions } from "verdigris";
import { describe, expect, it } from "vitest";

const [blue, green] = [aBundle("blue"), aBundle("green")];
const otherCode = { ...green.code, build: green.digest };

function createWorld() {
  const clock = createFakeClock();
  const records = createMemoryStore({ clock });
  const store = createFaultyStore(records);
  const open = (more: Partial<VerdigrisOptions<undefined>> = {}): Verdigris =>
    createVerdigris({ agent: "agent", store, bundle: blue, clock, actor: "ana", sweepMs: "never", ...more });
  return { clock, records, store, open };
}

async function mustStart(verdigris: Verdigris) {
  const started = await verdigris.start();
  if (!started.placed) throw new Error("not placed");
  return started.run;
}

async function facts(verdigris: Verdigris) {
  return { reason: "because", expect: (await verdigris.status()).generation };
}

describe("a process cut off from its store", () => {
  it("refuses new runs with node-closed after 5 s, steps its runs, and opens again by itself [NODE-FAIL-CLOSED]", async () => {
    const { open, store, clock } = createWorld();
    const agent = open();
    const run = await mustStart(agent);
    store.down();
    await expect(agent.start()).rejects.toMatchObject({ code: "store-unavailable" });
    await clock.advance(5_000);
    expect(agent.mode()).toBe("closed");
    await expect(agent.start()).rejects.toMatchObject({
      code: "node-closed",
      cause: { code: "store-unavailable" },
    });
    expect(await run.step("answer", async ({ scope }) => scope.bundle)).toBe("blue");
    store.up();
    expect((await mustStart(agent)).scope.bundle).toBe("blue");
    await clock.advance(0);
    expect(agent.mode()).toBe("live");
    await agent.close();
  });

  it("asks the store once, however many starts wait for it [NODE-FAIL-CLOSED]", async () => {
    const { open, store, clock } = createWorld();
    const agent = open();
    await agent.ready();
    store.hang();
    await clock.advance(6_000);
    const before = store.count();
    const starts = Array.from({ length: 50 }, () => agent.start().catch(({ code }) => code as string));
    await clock.advance(0);
    expect(store.count() - before).toBe(1);
    store.up();
    expect(new Set(await Promise.all(starts))).toEqual(new Set(["node-closed"]));
    await agent.close();
  });

  it("that is not there at a cold start starts nothing [NODE-FAIL-CLOSED]", async () => {
    const { open, store } = createWorld();
    store.down();
    const agent = open();
    await expect(agent.start()).rejects.toMatchObject({ code: "store-unavailable" });
    store.up();
    expect((await mustStart(agent)).scope.bundle).toBe("blue");
    await agent.close();
  });

  it("closes runs that are only tagged by the route too [NODE-FAIL-CLOSED]", async () => {
    const { open, store, clock } = createWorld();
    const first = open();
    await first.ready();
    const router = first.router;
    if (router === null) throw new Error("no router");
    const tagging = createVerdigris({ agent: "agent", router, bundle: blue, clock });
    expect((await mustStart(tagging)).scope.bundle).toBe("blue");
    store.down();
    await clock.advance(5_000);
    await expect(tagging.start()).rejects.toMatchObject({ code: "node-closed" });
    await first.close();
  });
});

describe("a move", () => {
  it("tells when every process has applied it, and costs nothing before it is asked [ROUTE-PROPAGATED]", async () => {
    const { open, store, clock } = createWorld();
    const [agent, peer] = [open({ node: { name: "pod-1" } }), open({ node: { name: "pod-2" } })];
    await peer.ready();
    await agent.register(green);
    const receipt = await agent.flip({ to: "green", ...(await facts(agent)) });
    await clock.advance(0);
    store.reset();
    await clock.advance(100);
    expect(store.count("list")).toBe(0);
    const { propagated } = receipt;
    await clock.advance(1_000);
    expect(await propagated).toMatchObject({ outcome: "everywhere", generation: 2, acknowledged: 2 });
    expect(receipt.propagated).toBe(propagated);
    expect((await agent.nodes()).map(({ name }) => name).toSorted()).toEqual(["pod-1", "pod-2"]);
    await peer.close();
    await agent.close();
  });

  it("back tells it too, also of a process that stopped meanwhile [ROUTE-PROPAGATED]", async () => {
    const { open, records, store, clock } = createWorld();
    const agent = open({ store: records, node: { name: "here" } });
    const peer = open({ node: { name: "there" } });
    await peer.ready();
    await agent.register(green);
    await agent.flip({ to: "green", ...(await facts(agent)) });
    await clock.advance(0);
    store.hang();
    const { propagated } = await agent.rollback();
    await clock.advance(14_000);
    expect(await propagated).toMatchObject({
      outcome: "stragglers",
      acknowledged: 1,
      stragglers: [{ name: "there", generation: 2 }],
    });
    await agent.close();
  });

  it("ends its watch when the instance closes [ROUTE-PROPAGATED]", async () => {
    const { open, records, store, clock } = createWorld();
    const peer = open();
    await peer.ready();
    const agent = open({ store: records });
    await agent.register(green);
    store.hang();
    const { propagated } = await agent.flip({ to: "green", ...(await facts(agent)) });
    propagated.catch(() => {});
    await clock.advance(0);
    await agent.close();
    await clock.advance(0);
    expect((await propagated).outcome).toBe("cancelled");
  });

  it("to a bundle of other code is refused until a process with that code runs [ROUTE-SERVED]", async () => {
    const { open } = createWorld();
    const agent = open();
    const later = aBundle("later", { code: otherCode });
    await agent.register(later);
    const flip = async () => agent.flip({ to: "later", ...(await facts(agent)) });
    await expect(flip()).rejects.toMatchObject({ code: "bundle-not-served" });
    const newer = open({ bundle: later });
    await newer.ready();
    expect(await flip()).toMatchObject({ outcome: "moved", unverified: false });
    await newer.close();
    await agent.close();
  });

  it("is unverified among processes that keep no record, and the fence holds them all the same [NODE-OPTIONAL] [I4]", async () => {
    const { open } = createWorld();
    const [worker, operator] = [open({ watch: false }), open({ watch: false })];
    expect((await mustStart(worker)).scope.bundle).toBe("blue");
    await operator.register(green);
    const flipped = await operator.flip({ to: "green", ...(await facts(operator)) });
    expect(flipped.unverified).toBe(true);
    expect((await flipped.propagated).outcome).toBe("unverified");
    expect(await operator.nodes()).toEqual([]);
    expect(worker.router?.snapshot()?.route.live).toBe("blue");
    expect((await mustStart(worker)).scope.bundle).toBe("green");
  });
});

describe("the record of a process", () => {
  it("names what its own `serves` says of the bundles on the route, and which pipelines stand [NODE-RECORD]", async () => {
    const { open, clock } = createWorld();
    const agent = open({
      serves: ({ id }) => id === "blue",
      load: async ({ id }) => {
        if (id === "green") throw new Error("no index");
        return undefined;
      },
    });
    await agent.register(green);
    await agent.stage({ bundle: "green", ...(await facts(agent)) });
    await clock.advance(0);
    expect(await agent.nodes()).toMatchObject([
      { serves: { kind: "listed", yes: ["blue"], no: ["green"] }, warm: { blue: { ok: true } } },
    ]);
    await expect(agent.flip({ to: "green", ...(await facts(agent)) })).rejects.toMatchObject({
      code: "bundle-not-served",
    });
    await agent.close();
    const lone = open({ watch: false });
    expect(await lone.nodes()).toEqual([]);
  });

  it("is left out where the host wants none", async () => {
    const { open, clock } = createWorld();
    const agent = open({ node: false });
    await agent.ready();
    await clock.advance(10_000);
    expect([agent.mode(), await agent.nodes()]).toEqual(["live", []]);
    await agent.close();
  });
});

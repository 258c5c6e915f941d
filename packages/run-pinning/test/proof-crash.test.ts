import { agentKeys, type PinPointer, type PinRecord, type Route, type Store } from "@verdigris/contracts";
import type { Run } from "@verdigris/run-pinning";
import { createMemoryStore } from "@verdigris/store-memory";
import { createFakeClock, type FakeClock } from "@verdigris/testing";
import { describe, expect, it } from "vitest";
import { registerBundles } from "./proof/bundles.ts";
import { createMortalStore, untilDeath } from "./proof/crash.ts";
import { bundleIds } from "./proof/fleet.ts";
import { ana, createProcess, openOn, type Pipeline, type Process } from "./proof/process.ts";

const keys = agentKeys("agent");
const facts = { actor: ana, reason: "proof" };

interface World {
  readonly clock: FakeClock;
  readonly store: Store;
  /** The one that dies. */
  readonly victim: Process;
  /** Another process, started before. */
  readonly peer: Process;
  readonly run: Run<Pipeline> | null;
  readonly token: string;
}

interface Operation {
  /** What is on the store before; its run, where the operation needs one. */
  readonly before: (peer: Process, victim: Process) => Promise<Run<Pipeline> | null>;
  readonly work: (world: World) => Promise<unknown>;
  /** What the fresh process does next, and what must hold then. */
  readonly goOn: (fresh: Process, world: World, died: boolean) => Promise<void>;
  /** Pins that there may be right after the death. */
  readonly pins: readonly number[];
}

async function mustStart(process: Process, options: Parameters<Process["pinning"]["start"]>[0] = {}) {
  const started = await process.pinning.start(options);
  if (!started.placed) throw new Error("not placed");
  return started.run;
}

async function retireBlue(process: Process): Promise<void> {
  await process.move({ verb: "flip", bundle: "green" });
  await process.move({ verb: "settle" });
}

/** A run outlives its process: whoever has its token takes it over and ends it. */
async function takeOver(fresh: Process, { token }: World): Promise<void> {
  const run = await fresh.pinning.resume(token, { takeover: true });
  expect(await run.step("s", ({ pipeline }) => pipeline.bundle.id)).toBe(run.scope.bundle);
  expect(await run.finish({ outcome: "completed" })).toBe("finished");
}

const operations: Readonly<Record<string, Operation>> = {
  "a start": {
    before: async () => null,
    work: ({ victim }) => victim.pinning.start(),
    goOn: async (fresh) =>
      expect(await (await mustStart(fresh)).finish({ outcome: "completed" })).toBe("finished"),
    pins: [0, 1],
  },
  "the start of a job": {
    before: async () => null,
    work: ({ victim }) => victim.pinning.start({ id: "job" }),
    goOn: async (fresh, { store }) => {
      const run = await mustStart(fresh, { id: "job" });
      expect((await store.list(keys.pins, { limit: 10 })).entries).toHaveLength(1);
      expect(await run.finish({ outcome: "completed" })).toBe("finished");
      expect((await store.list(keys.pins, { limit: 10 })).entries).toHaveLength(0);
    },
    pins: [0, 1],
  },
  "a finish": {
    before: async (_peer, victim) => mustStart(victim, { id: "job" }),
    work: async ({ run }) => run?.finish({ outcome: "completed" }),
    goOn: async (fresh) => {
      // A job delivered again is run again or gone on with: nothing in between.
      expect(await (await mustStart(fresh, { id: "job" })).finish({ outcome: "completed" })).toBe("finished");
    },
    pins: [0, 1],
  },
  "a resume": {
    before: async (peer) => mustStart(peer),
    work: ({ victim, token }) => victim.pinning.resume(token),
    goOn: takeOver,
    pins: [1],
  },
  "an extension": {
    before: async (_peer, victim) => mustStart(victim, { maxAgeMs: 60_000 }),
    work: async ({ run }) => run?.extend(30_000),
    goOn: takeOver,
    pins: [1],
  },
  "a migration": {
    before: async (peer, victim) => {
      const run = await mustStart(victim);
      await retireBlue(peer);
      await victim.router.refresh();
      return run;
    },
    work: async ({ run }) => run?.migrate({ to: "green", reason: "proof" }),
    goOn: takeOver,
    pins: [1],
  },
  "a flip": {
    before: async () => null,
    work: ({ victim }) => victim.move({ verb: "flip", bundle: "green" }, { expect: 1, requestId: "flip" }),
    goOn: async (fresh, { store }) => {
      for (let times = 0; times < 2; times++) {
        await fresh.move({ verb: "flip", bundle: "green" }, { expect: 1, requestId: "flip" });
        const route = (await fresh.router.refresh())?.route;
        expect(route).toMatchObject({ generation: 2, live: "green", stable: "blue" });
      }
      expect((await store.list(`${keys.prefix}audit/`, { limit: 10 })).entries).toHaveLength(2);
    },
    pins: [0],
  },
  "a recycle": {
    before: async (peer, victim) => {
      await retireBlue(peer);
      await victim.router.refresh();
      return null;
    },
    work: ({ victim }) => victim.pinning.recycle("blue", facts),
    goOn: async (fresh) => {
      await fresh.pinning.recycle("blue", facts);
      expect((await fresh.pinning.drainReport("blue")).status).toBe("recycled");
      const again = await fresh.pinning.recycle("blue", facts);
      expect(again).toEqual({ recycled: false, blockers: [{ code: "not-retiring" }] });
    },
    pins: [0],
  },
};

async function worldOf(operation: Operation, at: number, when: "before" | "after") {
  const clock = createFakeClock();
  const store = createMemoryStore({ clock });
  await registerBundles(store, "agent", bundleIds);
  const peer = createProcess({ store, clock, name: "peer" });
  await peer.move(openOn("blue"), { expect: 0 });
  // The victim lives on a store of its own until the operation begins.
  let mortal = createMortalStore(store, Number.POSITIVE_INFINITY, when);
  const current: Store = {
    ...store,
    get: (wanted) => mortal.get(wanted),
    commit: (ops) => mortal.commit(ops),
    list: (prefix, options) => mortal.list(prefix, options),
  };
  const victim = createProcess({ store: current, clock, name: "victim" });
  await victim.router.refresh();
  const run = await operation.before(peer, victim);
  mortal = createMortalStore(store, at, when);
  return { world: { clock, store, victim, peer, run, token: String(run?.token) }, mortal };
}

/** Every record is readable, and every pointer points to the pin it speaks of. */
async function checkLegal(store: Store): Promise<Route> {
  const { entries } = await store.list("", { limit: 1_000 });
  const found = new Map(entries.map(({ key, value }) => [key, JSON.parse(value) as unknown]));
  const pins = [...found].filter(([key]) => key.startsWith(keys.pins)).map(([, pin]) => pin as PinRecord);
  for (const [key, record] of found) {
    if (key.startsWith("agent/moved/")) expect(found.has((record as PinPointer).pin)).toBe(true);
    if (key.startsWith("agent/claim/"))
      expect(pins.map(({ run }) => run)).toContain((record as PinPointer).run);
  }
  for (const pin of pins) {
    expect(found.has(keys.pin(pin.bundle, pin.deadline, pin.run))).toBe(true);
    if (pin.claim !== undefined) expect(found.has(keys.claim(pin.claim))).toBe(true);
  }
  expect(new Set(pins.map(({ run }) => run)).size).toBe(pins.length);
  const route = found.get(keys.route) as Route;
  expect([...found.keys()].filter((key) => key.startsWith("agent/audit/"))).toHaveLength(route.generation);
  return route;
}

/** Time, a sweep and a recycle: the end that every life of these records must reach. */
async function checkEnd(fresh: Process, { clock, store }: World): Promise<void> {
  await fresh.router.refresh();
  if (fresh.router.snapshot()?.route.live === "blue") await fresh.move({ verb: "flip", bundle: "green" });
  await fresh.move({ verb: "settle" });
  await clock.advance(48 * 3_600_000);
  await fresh.pinning.sweep();
  expect(await fresh.pinning.sweep()).toBe(0);
  await fresh.pinning.recycle("blue", facts);
  expect((await fresh.pinning.drainReport("blue")).status).toBe("recycled");
  const { entries } = await store.list("", { limit: 1_000 });
  const left = entries.map(({ key }) => key.split("/")[1]);
  expect(left.filter((kind) => ["pin", "claim", "moved"].includes(kind ?? ""))).toEqual([]);
  expect((await checkLegal(store)).sealed).toEqual([]);
}

describe("a process that dies at any of its store calls", () => {
  for (const [name, operation] of Object.entries(operations)) {
    for (const when of ["before", "after"] as const) {
      it(`in ${name}, ${when} the store has acted, leaves a state that another process goes on from [I7]`, async () => {
        let deaths = 0;
        for (let at = 0; ; at++) {
          const { world, mortal } = await worldOf(operation, at, when);
          const result = await untilDeath(operation.work(world));
          await checkLegal(world.store);
          const { entries } = await world.store.list(keys.pins, { limit: 10 });
          expect(operation.pins).toContain(entries.length);
          const fresh = createProcess({ store: world.store, clock: world.clock, name: "fresh" });
          await fresh.router.refresh();
          await operation.goOn(fresh, world, result === "died");
          await checkEnd(fresh, world);
          expect(result === "died").toBe(mortal.dead);
          if (result !== "died") break;
          deaths++;
        }
        expect(deaths).toBeGreaterThan(0);
      });
    }
  }

  it("after its seal, with a run that slipped in before, does not leave that run's children refused [I14]", async () => {
    const clock = createFakeClock();
    const store = createMemoryStore({ clock });
    await registerBundles(store, "agent", bundleIds);
    const peer = createProcess({ store, clock, name: "peer" });
    await peer.move(openOn("blue"), { expect: 0 });
    const parent = await mustStart(peer);
    await retireBlue(peer);
    // As a recycler leaves it that counted before the parent and died after its seal.
    await peer.move({ verb: "seal", bundle: "blue" });
    await expect(peer.pinning.start({ parent })).rejects.toMatchObject({ code: "bundle-sealed" });
    const result = await peer.pinning.recycle("blue", facts);
    expect(result).toMatchObject({ recycled: false, blockers: [{ code: "runs-in-flight", run: parent.id }] });
    expect((await mustStart(peer, { parent })).scope.bundle).toBe("blue");
  });

  it("or loses its store after the seal does not take silence for an empty bundle [I15]", async () => {
    const clock = createFakeClock();
    const store = createMemoryStore({ clock });
    await registerBundles(store, "agent", bundleIds);
    let lists = 0;
    const flaky: Store = {
      ...store,
      list: async (prefix, options) => {
        if (prefix.includes("/pin/") && ++lists === 2) throw new Error("no answer");
        return store.list(prefix, options);
      },
    };
    const peer = createProcess({ store: flaky, clock, name: "peer" });
    await peer.move(openOn("blue"), { expect: 0 });
    await retireBlue(peer);
    const verbs: string[] = [];
    peer.router.on("route", ({ route }) => verbs.push(route.recent.at(-1)?.verb ?? ""));
    expect(await peer.pinning.recycle("blue", facts)).toMatchObject({ recycled: true });
    expect(verbs).toEqual(["seal", "unseal", "seal", "recycle"]);
  });
});

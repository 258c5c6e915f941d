import { agentKeys, type OnRollback, type PinRecord } from "@verdigris/contracts";
import { drainedBy } from "@verdigris/router";
import { createMemoryStore } from "@verdigris/store-memory";
import { createFakeClock, createFaultyStore } from "@verdigris/testing";
import { describe, expect, it } from "vitest";
import { registerBundles } from "./proof/bundles.ts";
import { bundleIds } from "./proof/fleet.ts";
import { createMachine } from "./proof/machine.ts";
import { createProcess, openOn, type Process } from "./proof/process.ts";

const hour = 3_600_000;

async function world(onRollback: OnRollback = "finish") {
  const truth = createFakeClock();
  const records = createMemoryStore({ clock: truth });
  const store = createFaultyStore(records);
  await registerBundles(records, "agent", bundleIds);
  const machine = createMachine(truth);
  const p = createProcess({ store, clock: machine, name: "p" });
  const peer = createProcess({ store: records, clock: truth, name: "peer" });
  await peer.move(openOn("blue", { maxAgeMs: hour, onRollback }), { expect: 0 });
  await p.router.refresh();
  return { truth, records, store, machine, p, peer };
}

async function mustStart(process: Process, options: Parameters<Process["pinning"]["start"]>[0] = {}) {
  const started = await process.pinning.start(options);
  if (!started.placed) throw new Error("not placed");
  return started.run;
}

describe("a step that has to ask for the time", () => {
  it("does not start once the run was finished while it asked [RUN-FINISH]", async () => {
    const { store, machine, p } = await world();
    const run = await mustStart(p);
    machine.jumpWall(60_000);
    const asking = store.gate({ kind: "get" });
    let began = false;
    const step = run.step("late", () => {
      began = true;
    });
    await asking.reached;
    expect(await run.finish({ outcome: "completed" })).toBe("finished");
    asking.open();
    await expect(step).rejects.toMatchObject({ code: "run-finished" });
    expect(began).toBe(false);
  });

  it("asks although another step still keeps the run from the move a rollback wants [I8]", async () => {
    const { truth, machine, p, peer } = await world("migrate");
    await peer.move({ verb: "flip", bundle: "green" });
    await p.router.refresh();
    const run = await mustStart(p);
    let end = (): void => {};
    const long = run.step("long", () => new Promise<void>((resolve) => (end = resolve)));
    await peer.move({ verb: "rollback" });
    await p.router.refresh();
    // The machine has just woken: its timers have not fired yet.
    machine.sleep();
    await truth.advance(2 * hour);
    let began = false;
    const late = run.step("late", () => {
      began = true;
    });
    await expect(late).rejects.toMatchObject({ code: "run-expired" });
    expect(began).toBe(false);
    end();
    await long;
  });
});

describe("a route that moves on while a run does", () => {
  it("has its rollback policy applied to the bundle the run arrives on [RUN-ROLLBACK-POLICY]", async () => {
    const { store, p, peer } = await world("cancel");
    await peer.move({ verb: "stage", bundle: "green" });
    await p.router.refresh();
    const run = await mustStart(p);
    expect(run.scope.bundle).toBe("blue");
    const arriving = store.gate({ kind: "commit", at: "reply" });
    const migrated = run.migrate({ to: "green", reason: "proof" });
    await arriving.reached;
    await peer.move({ verb: "drop" });
    await p.router.refresh();
    arriving.open();
    await migrated;
    expect(run.scope.bundle).toBe("green");
    await expect(run.step("s", () => {})).rejects.toMatchObject({ code: "run-cancelled" });
  });
});

describe("children of a root on another agent", () => {
  it("do not outlive the anchor they follow, so that time still frees its bundle [I14]", async () => {
    const { truth, records, peer } = await world();
    await registerBundles(records, "caller", bundleIds);
    const caller = createProcess({ store: records, clock: truth, name: "caller", agent: "caller" });
    await caller.move(openOn("blue", { maxAgeMs: 6 * hour }), { expect: 0 });
    const root = await mustStart(caller);
    const first = await mustStart(peer, { parent: String(root.token) });
    expect(first.scope.bundle).toBe("blue");
    await peer.move({ verb: "flip", bundle: "green" });
    await peer.move({ verb: "settle" });
    const { route } = peer.router.snapshot() ?? {};
    const [blue] = route?.retiring ?? [];
    if (route === undefined || blue === undefined) throw new Error("blue is not retiring");
    await truth.advance(0.9 * hour);
    const late = await mustStart(peer, { parent: String(root.token) });
    expect(late.scope.bundle).toBe("blue");
    expect(late.deadline).toBe(first.deadline);
    // A run that may last longer than its bundle would be recycled under by the proof of time.
    expect(late.deadline).toBeLessThan(drainedBy(route, blue));
    const keys = agentKeys("agent");
    const { entries } = await records.list(keys.pinsOf("blue"), { limit: 10 });
    const deadlines = entries.map(({ value }) => (JSON.parse(value) as PinRecord).deadline);
    expect(Math.max(...deadlines)).toBeLessThan(drainedBy(route, blue));
  });

  it("settle again on what is live once the anchor has run out [I14]", async () => {
    const { truth, records, peer } = await world();
    await registerBundles(records, "caller", bundleIds);
    const caller = createProcess({ store: records, clock: truth, name: "caller", agent: "caller" });
    await caller.move(openOn("blue", { maxAgeMs: 6 * hour }), { expect: 0 });
    const root = await mustStart(caller);
    await mustStart(peer, { parent: String(root.token) });
    await peer.move({ verb: "flip", bundle: "green" });
    await peer.move({ verb: "settle" });
    await truth.advance(1.5 * hour);
    const [a, b] = [
      await mustStart(peer, { parent: String(root.token) }),
      await mustStart(peer, { parent: String(root.token) }),
    ];
    expect([a.scope.bundle, b.scope.bundle]).toEqual(["green", "green"]);
  });
});

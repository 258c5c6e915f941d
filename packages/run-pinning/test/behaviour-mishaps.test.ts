import { isVerdigrisError } from "@verdigris/contracts";
import { describe, expect, it } from "vitest";
import { createWorld, later, minutes, type Pipeline, settled } from "./world.ts";

describe("when something goes wrong beside a run", () => {
  it("a migration after a rollback is tried again at the next step [RUN-ROLLBACK-POLICY]", async () => {
    const world = await createWorld({ policy: { onRollback: "migrate" } });
    let broken = true;
    const { start, move, told } = await world.process({
      load: async ({ id }) => {
        if (id === "blue" && broken) throw new Error("no key");
        return { of: id };
      },
    });
    await move({ verb: "flip", bundle: "green" });
    const run = await start();
    await move({ verb: "rollback" });
    const of = () => run.step("on", ({ pipeline }) => pipeline.of);
    expect(await of()).toBe("green");
    broken = false;
    expect([await of(), await of()]).toEqual(["blue", "blue"]);
    expect(told["listener-failed"]).toHaveLength(1);
    expect(told["run-migrated"]).toHaveLength(1);
  });

  it("a handle that another process superseded takes no more children, and stops [I14]", async () => {
    const world = await createWorld();
    const [one, two] = [await world.process(), await world.process()];
    const parent = await one.start();
    await two.pinning.resume(parent.token!);
    await expect(one.start({ parent })).rejects.toMatchObject({ code: "run-superseded" });
    expect(parent.signal.aborted).toBe(true);
    expect(await world.under("pin/")).toHaveLength(1);
  });

  it("an attached handle has children on although the owner has extended the run [I14]", async () => {
    const world = await createWorld();
    const [one, two] = [await world.process(), await world.process()];
    const owner = await one.start({ maxAgeMs: minutes });
    const guest = await two.pinning.attach(owner.token!);
    await owner.extend(minutes);
    const child = await two.start({ parent: guest });
    expect([child.bundle.id, child.deadline]).toEqual(["blue", owner.deadline]);
  });

  it("a run that finishes while its child starts gets no child [I14]", async () => {
    const world = await createWorld();
    const [one, two] = [await world.process(), await world.process()];
    const parent = await one.start();
    const gate = world.store.gate({ kind: "commit" });
    const starting = two.start({ parent: parent.token! });
    await gate.reached;
    await parent.finish({ outcome: "completed" });
    gate.open();
    await expect(starting).rejects.toMatchObject({ code: "run-unknown" });
    expect(await world.under("pin/")).toEqual([]);
  });

  it("closing in the middle of a move lets go of both pipelines and of every timer [SDK-UNLOAD]", async () => {
    const world = await createWorld();
    const { start, move, told, pinning, close } = await world.process();
    await move({ verb: "flip", bundle: "green" });
    const [moving, growing] = [await start(), await start({ maxAgeMs: minutes })];
    const gates = [world.store.gate({ kind: "commit", at: "reply" })];
    const migration = moving.migrate({ to: "blue", reason: "x" });
    await gates[0]?.reached;
    gates.push(world.store.gate({ kind: "commit", at: "reply" }));
    const extension = growing.extend(minutes);
    await gates[1]?.reached;
    await pinning.close();
    for (const gate of gates) gate.open();
    await Promise.allSettled([migration, extension]);
    await close();
    await settled();
    expect(told["pipeline-unloaded"].map(({ bundle }) => bundle).sort()).toEqual(["blue", "green"]);
    expect(world.clock.pending).toBe(0);
  });

  it("a slow load takes nothing from the time of the run that waited for it [I8]", async () => {
    const world = await createWorld();
    const { start } = await world.process({
      load: async ({ id }): Promise<Pipeline> => {
        await world.clock.advance(30_000);
        return { of: id };
      },
    });
    const run = await start({ maxAgeMs: 10_000 });
    expect(run.deadline).toBe(world.clock.now() + 10_000);
    expect(await run.step("a", ({ pipeline }) => pipeline.of)).toBe("blue");
  });

  it("a run that ends while it is taken up is unknown, not superseded [RUN-OWNERSHIP]", async () => {
    const world = await createWorld();
    const loading = later<Pipeline>();
    const one = await world.process();
    const two = await world.process({ load: () => loading.promise });
    const run = await one.start();
    const resuming = two.pinning.resume(run.token!);
    await settled();
    await run.finish({ outcome: "completed" });
    loading.resolve({ of: "blue" });
    await expect(resuming).rejects.toMatchObject({ code: "run-unknown" });
  });

  it("a preload reports a bundle that nobody knows", async () => {
    const { pinning, told } = await (await createWorld()).process();
    await pinning.preload(["nowhere"]);
    expect(told["load-failed"]).toMatchObject([{ bundle: "nowhere", error: { code: "bundle-unknown" } }]);
  });

  it("a pin whose claim cannot be read does not keep the others from being swept [I7]", async () => {
    const world = await createWorld();
    const { start, pinning, told } = await world.process();
    await start({ id: "spoilt", maxAgeMs: 1_000 });
    const other = await start({ maxAgeMs: 2_000 });
    const { key, rev } = (await world.records.get([world.keys.claim("spoilt")])).entries[0]!;
    await world.records.commit([{ op: "put", key, rev, value: "not JSON" }]);
    await world.clock.advance(minutes);
    expect(await pinning.sweep()).toBe(1);
    expect(told["run-expired"].filter(({ local }) => !local)).toMatchObject([{ run: other.id }]);
  });

  it("time that arrived late, after a pause, is asked for again [STORE-TIME]", async () => {
    const world = await createWorld({ open: false });
    await (await (await createWorld({ beside: world })).process()).close();
    const { pinning, router } = await world.process();
    const gate = world.store.gate({ kind: "get", at: "reply" });
    const read = router.refresh();
    await gate.reached;
    const paused = world.clock.advance(50_000);
    await paused;
    gate.open();
    await read;
    const started = await pinning.start({ maxAgeMs: minutes });
    if (!started.placed) throw new Error("not placed");
    expect(started.run.deadline).toBe(world.clock.now() + minutes);
    expect(isVerdigrisError(await started.run.step("a", () => 1).catch((error) => error))).toBe(false);
  });
});

import { describe, expect, it } from "vitest";
import { createWorld, later, settled, type World } from "./world.ts";

const flipped = async (onRollback: "finish" | "migrate" | "cancel" = "finish") => {
  const world = await createWorld({ policy: { onRollback } });
  const process = await world.process();
  await process.move({ verb: "flip", bundle: "green" });
  return { world, ...process };
};

describe("migrating a run", () => {
  it("swaps the whole bundle between steps and marks the run as mixed [I1]", async () => {
    const { world, start, told } = await flipped();
    const run = await start({ id: "job", key: "user-1" });
    expect(await run.step("a", ({ pipeline }) => pipeline.of)).toBe("green");
    await run.migrate({ to: "blue", reason: "green is slow" });
    const [of, version] = await run.step("b", ({ pipeline, bundle }) => [
      pipeline.of,
      bundle.prompts.system?.version,
    ]);
    expect([of, version]).toEqual(["blue", "blue"]);
    expect(run.scope).toMatchObject({ bundle: "blue", mixed: true, key: "user-1" });
    expect(told["run-migrated"]).toEqual([{ scope: run.scope, from: "green", reason: "green is slow" }]);
    expect(await world.under("pin/")).toEqual([`agent/pin/blue/${run.deadline}/${run.id}`]);
    expect(await run.finish({ outcome: "completed" })).toBe("finished");
    expect([...(await world.under("moved/")), ...(await world.under("claim/"))]).toEqual([]);
  });

  it("bills each model call to the bundle that made it", async () => {
    const { start, told } = await flipped();
    const run = await start();
    const usage = { model: "m", inputTokens: 5, outputTokens: 1, cost: null };
    run.usage(usage);
    await run.migrate({ to: "blue", reason: "because" });
    run.usage({ ...usage, cost: 0.5 });
    expect(told.usage.map(({ scope, usage: { cost } }) => [scope.bundle, cost])).toEqual([
      ["green", null],
      ["blue", 0.5],
    ]);
  });

  it("is refused during a step, and steps wait while it is under way", async () => {
    const { world, start } = await flipped();
    const run = await start();
    const gate = later();
    const step = run.step("long", () => gate.promise);
    await expect(run.migrate({ to: "blue", reason: "now" })).rejects.toMatchObject({ code: "run-busy" });
    gate.resolve();
    await step;
    const held = world.store.gate({ kind: "commit" });
    const migration = run.migrate({ to: "blue", reason: "now" });
    await held.reached;
    const next = run.step("next", ({ pipeline }) => pipeline.of);
    held.open();
    await migration;
    expect(await next).toBe("blue");
  });

  it("goes only to a bundle that takes runs and is served here", async () => {
    const { world, start, move, pinning } = await flipped();
    const run = await start();
    await expect(run.migrate({ to: "amber", reason: "x" })).rejects.toMatchObject({
      code: "bundle-not-on-route",
    });
    const elsewhere = await world.process({ serves: ({ id }) => id === "green" });
    const other = await elsewhere.start();
    await expect(other.migrate({ to: "blue", reason: "x" })).rejects.toMatchObject({
      code: "bundle-not-served",
    });
    await move({ verb: "settle" });
    await expect(run.migrate({ to: "blue", reason: "x" })).rejects.toMatchObject({
      code: "bundle-not-on-route",
    });
    await move({ verb: "seal", bundle: "blue" });
    await expect(run.migrate({ to: "blue", reason: "x" })).rejects.toMatchObject({ code: "bundle-sealed" });
    expect(await run.step("on", ({ pipeline }) => pipeline.of)).toBe("green");
    expect(pinning.get(run.id)).toBe(run);
  });

  it("to where the run already is changes nothing", async () => {
    const { world, start, told } = await flipped();
    const run = await start();
    const before = world.store.count();
    await run.migrate({ to: "green", reason: "x" });
    expect([world.store.count(), told["run-migrated"]]).toEqual([before, []]);
  });

  it("decides again when the route moved, and stops an owner that has been superseded [I2]", async () => {
    const { world, start } = await flipped();
    const other = await world.process();
    const run = await start();
    world.store.dropHints();
    await other.move({ verb: "stage", bundle: "amber" });
    await run.migrate({ to: "amber", reason: "x" });
    await other.move({ verb: "hold", why: "x" });
    await run.migrate({ to: "blue", reason: "x" });
    await other.pinning.resume(run.token!);
    await expect(run.migrate({ to: "green", reason: "x" })).rejects.toMatchObject({ code: "run-superseded" });
    await expect(run.step("a", () => 1)).rejects.toMatchObject({ code: "run-superseded" });
  });

  it.each(["done", "dropped", "late"] as const)("survives a lost reply whose commit was %s", async (fate) => {
    const { world, start } = await flipped();
    const run = await start();
    world.store.loseReply(fate);
    await run.migrate({ to: "blue", reason: "x" });
    await world.store.landLate();
    expect(await world.under("pin/")).toEqual([`agent/pin/blue/${run.deadline}/${run.id}`]);
    expect(await run.finish({ outcome: "completed" })).toBe("finished");
    expect([...(await world.under("pin/")), ...(await world.under("moved/"))]).toEqual([]);
  });

  it("unloads the pipeline that nobody uses any more [SDK-UNLOAD]", async () => {
    const { world, start, move, told } = await flipped();
    const other = await world.process();
    const run = await start();
    await run.migrate({ to: "blue", reason: "x" });
    await move({ verb: "rollback" });
    await other.pinning.recycle("green", { actor: { kind: "person", id: "ana" }, reason: "bad" });
    await settled();
    expect(told["pipeline-unloaded"]).toEqual([{ bundle: "green" }]);
  });
});

describe("a rollback", () => {
  it("leaves the runs of the bundle alone under `finish` [RUN-ROLLBACK-POLICY]", async () => {
    const { start, move } = await flipped("finish");
    const run = await start();
    await move({ verb: "rollback" });
    expect(await run.step("on", ({ pipeline }) => pipeline.of)).toBe("green");
    expect(run.signal.aborted).toBe(false);
  });

  it("moves them at their next step under `migrate`, never in the middle of one [RUN-ROLLBACK-POLICY]", async () => {
    const { start, move, told } = await flipped("migrate");
    const run = await start();
    const gate = later();
    const long = run.step("long", async ({ pipeline }) => {
      await gate.promise;
      return pipeline.of;
    });
    await move({ verb: "rollback" });
    expect(await run.step("beside it", ({ pipeline }) => pipeline.of)).toBe("green");
    gate.resolve();
    expect(await long).toBe("green");
    expect(await run.step("next", ({ pipeline }) => pipeline.of)).toBe("blue");
    expect(told["run-migrated"]).toMatchObject([{ from: "green" }]);
    expect(run.scope.mixed).toBe(true);
  });

  it("keeps a run where it is when it cannot move, and says so [RUN-ROLLBACK-POLICY]", async () => {
    const world = await createWorld({ policy: { onRollback: "migrate" } });
    const { start, move, told } = await world.process({ serves: ({ id }) => id === "green" });
    await move({ verb: "flip", bundle: "green" });
    const run = await start();
    await move({ verb: "rollback" });
    expect(await run.step("on", ({ pipeline }) => pipeline.of)).toBe("green");
    expect(told["listener-failed"]).toMatchObject([
      { source: "rollback-migration", error: { code: "bundle-not-served" } },
    ]);
  });

  it("does not move a run whose bundle is back on the route by then [RUN-ROLLBACK-POLICY]", async () => {
    const { start, move } = await flipped("migrate");
    const run = await start();
    await move({ verb: "rollback" });
    await move({ verb: "flip", bundle: "green" });
    expect(await run.step("on", ({ pipeline }) => pipeline.of)).toBe("green");
  });

  it("stops them under `cancel`: the signal fires and the owner finishes [RUN-ROLLBACK-POLICY]", async () => {
    const { start, move, told, world } = await flipped("cancel");
    const run = await start();
    const { signal } = run;
    await move({ verb: "rollback" });
    expect(signal.reason).toMatchObject({ code: "run-cancelled" });
    await expect(run.step("a", () => 1)).rejects.toMatchObject({ code: "run-cancelled" });
    expect(told["run-cancelled"]).toMatchObject([{ scope: { run: run.id } }]);
    expect(await run.finish({ outcome: "cancelled" })).toBe("finished");
    expect(await world.under("pin/")).toEqual([]);
  });

  const reaches = async (world: World, act: () => Promise<unknown>) => {
    const gate = world.store.gate({ kind: "commit", at: "reply" });
    const acting = act();
    await gate.reached;
    return { acting, open: gate.open };
  };

  it("reaches a run whose start was under way, and one that is resumed later [RUN-ROLLBACK-POLICY]", async () => {
    const { world, start, pinning } = await flipped("cancel");
    await start();
    const other = await world.process();
    const { acting, open } = await reaches(world, () => start());
    await other.move({ verb: "rollback" });
    await settled();
    open();
    const run = (await acting) as Awaited<ReturnType<typeof start>>;
    await expect(run.step("a", () => 1)).rejects.toMatchObject({ code: "run-cancelled" });
    const resumed = await pinning.resume(run.token!);
    await expect(resumed.step("a", () => 1)).rejects.toMatchObject({ code: "run-cancelled" });
  });

  it("leaves the runs of a bundle that merely retired alone [RUN-ROLLBACK-POLICY]", async () => {
    const world = await createWorld({ policy: { onRollback: "cancel" } });
    const { start, move } = await world.process();
    const run = await start();
    await move({ verb: "flip", bundle: "green" });
    await move({ verb: "settle" });
    expect(await run.step("on", ({ pipeline }) => pipeline.of)).toBe("blue");
  });
});

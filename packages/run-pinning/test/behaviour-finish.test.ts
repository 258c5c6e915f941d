import type { ModelUsage } from "@verdigris/contracts";
import { describe, expect, it } from "vitest";
import { createWorld, hours, later, minutes, settled } from "./world.ts";

const done = { outcome: "completed" } as const;

describe("finishing a run", () => {
  it("takes the pin and its claim back in one commit and reports the run [RUN-FINISH]", async () => {
    const world = await createWorld();
    const { start, told } = await world.process();
    const run = await start({ id: "job" });
    const usage = { model: "m", inputTokens: 5, outputTokens: 1, cost: 0.1 };
    run.usage(usage);
    await world.clock.advance(minutes);
    const before = world.store.calls.filter(({ call }) => call === "commit").length;
    expect(await run.finish(done)).toBe("finished");
    expect(world.store.calls.filter(({ call }) => call === "commit")).toHaveLength(before + 1);
    expect([...(await world.under("pin/")), ...(await world.under("claim/"))]).toEqual([]);
    expect(told["run-finished"]).toEqual([
      { scope: run.scope, outcome: "completed", durationMs: minutes, usage: [usage] },
    ]);
    expect(run.signal.aborted).toBe(true);
  });

  it("answers the second call like the first, whatever it says [RUN-FINISH]", async () => {
    const world = await createWorld();
    const { start, told } = await world.process();
    const run = await start();
    const [first, second] = [run.finish(done), run.finish({ outcome: "failed" })];
    expect([await first, await second]).toEqual(["finished", "finished"]);
    expect(told["run-finished"]).toMatchObject([{ outcome: "completed" }]);
  });

  it("starts no further step [RUN-FINISH]", async () => {
    const world = await createWorld();
    const run = await (await world.process()).start();
    await run.finish(done);
    await expect(run.step("a", () => 1)).rejects.toMatchObject({ code: "run-finished" });
    await expect(run.extend(minutes)).rejects.toMatchObject({ code: "run-finished" });
  });

  it("with steps in flight is deferred: the pin goes when the last of them ends [RUN-FINISH]", async () => {
    const world = await createWorld();
    const { start, told, pinning } = await world.process();
    const run = await start();
    const [one, two] = [later(), later()];
    const steps = [run.step("one", () => one.promise), run.step("two", () => two.promise)];
    expect(await run.finish(done)).toBe("deferred");
    one.resolve();
    await settled();
    expect((await pinning.drainReport("blue")).inFlight?.count).toBe(1);
    two.resolve();
    await Promise.all(steps);
    await settled();
    expect(await world.under("pin/")).toEqual([]);
    expect(told["run-finished"]).toHaveLength(1);
  });

  it("is unconfirmed while the store is away, and settled once it is back [RUN-FINISH]", async () => {
    const world = await createWorld();
    const { start, told, pinning } = await world.process({ sweepMs: "never" });
    const run = await start({ maxAgeMs: hours });
    await world.clock.advance(minutes);
    world.store.down();
    expect(await run.finish(done)).toBe("unconfirmed");
    expect(told["finish-failed"]).toMatchObject([{ error: { code: "store-unavailable" } }]);
    expect(told["run-finished"]).toMatchObject([{ unconfirmed: true }]);
    await world.clock.advance(10 * minutes);
    expect(told["finish-settled"]).toEqual([]);
    world.store.up();
    await world.clock.advance(30_000);
    const { scope } = run;
    expect(told["finish-settled"]).toEqual([
      { scope, outcome: "completed", durationMs: minutes, result: "finished" },
    ]);
    expect(await world.under("pin/")).toEqual([]);
    await world.clock.advance(hours);
    expect(await pinning.sweep()).toBe(0);
    expect(told["finish-settled"]).toHaveLength(1);
    expect(told["run-expired"]).toEqual([]);
  });

  it("comes too late after the deadline, swept or not [RUN-FINISH]", async () => {
    const world = await createWorld();
    const { start } = await world.process();
    const [told, swept] = [await start({ maxAgeMs: hours }), await start({ maxAgeMs: hours })];
    world.clock.jumpWall(hours + 3_000);
    const other = await world.process();
    await other.pinning.sweep();
    expect(await swept.finish(done)).toBe("expired");
    await world.clock.advance(10_000);
    expect(await told.finish(done)).toBe("expired");
  });

  it.each(["done", "dropped", "late"] as const)(
    "survives a lost reply whose commit was %s [RUN-FINISH]",
    async (fate) => {
      const world = await createWorld();
      const run = await (await world.process()).start({ id: "job" });
      world.store.loseReply(fate);
      expect(await run.finish(done)).toBe("finished");
      await world.store.landLate();
      expect([...(await world.under("pin/")), ...(await world.under("claim/"))]).toEqual([]);
    },
  );

  it("is unconfirmed when every reply is lost [RUN-FINISH]", async () => {
    const world = await createWorld();
    const { start, told } = await world.process();
    const run = await start();
    for (let i = 0; i < 3; i++) world.store.loseReply("dropped");
    expect(await run.finish(done)).toBe("unconfirmed");
    expect(told["finish-failed"]).toMatchObject([{ error: { code: "store-indeterminate" } }]);
  });

  it("waits for a move under way", async () => {
    const world = await createWorld();
    const run = await (await world.process()).start({ maxAgeMs: hours });
    const gate = world.store.gate({ kind: "commit" });
    const extension = run.extend(minutes);
    const another = run.extend(minutes);
    another.catch(() => {});
    await gate.reached;
    const finish = run.finish(done);
    gate.open();
    await extension;
    expect(await finish).toBe("finished");
    await another.catch(() => {});
    expect([...(await world.under("pin/")), ...(await world.under("moved/"))]).toEqual([]);
  });

  it.each(["", "done", undefined])("refuses %j as an outcome", async (outcome) => {
    const world = await createWorld();
    const run = await (await world.process()).start();
    await expect(run.finish({ outcome: outcome as never })).rejects.toMatchObject({
      details: { argument: "outcome" },
    });
    expect(await run.finish(done)).toBe("finished");
  });
});

describe("usage", () => {
  const good: ModelUsage = { model: "m", inputTokens: 0, outputTokens: 0, cost: null };
  it.each([
    ["usage.inputTokens", { inputTokens: -1 }],
    ["usage.inputTokens", { inputTokens: Number.NaN }],
    ["usage.outputTokens", { outputTokens: Number.POSITIVE_INFINITY }],
    ["usage.cost", { cost: -0.1 }],
    ["usage.cost", { cost: undefined }],
    ["usage.model", { model: "" }],
  ])("refuses a bad %s", async (argument, wrong) => {
    const world = await createWorld();
    const { start, told } = await world.process();
    const run = await start();
    expect(() => run.usage({ ...good, ...wrong } as ModelUsage)).toThrow(
      expect.objectContaining({ code: "invalid-argument", details: { argument } }),
    );
    expect(told.usage).toEqual([]);
  });

  it("is noted as it was given, whatever the caller does to it later", async () => {
    const world = await createWorld();
    const { start, told } = await world.process();
    const run = await start();
    const mine = { ...good, inputTokens: 3 };
    run.usage(mine);
    mine.inputTokens = 99;
    expect(told.usage).toEqual([{ scope: run.scope, usage: { ...good, inputTokens: 3 } }]);
  });
});

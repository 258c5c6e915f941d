import { describe, expect, it } from "vitest";
import { createWorld, hours, later, minutes } from "./world.ts";

describe("a deadline", () => {
  it("is announced a minute before, by signal and event; a tenth before for shorter runs [I8]", async () => {
    const world = await createWorld();
    const { start, told } = await world.process();
    const [long, short] = [await start({ maxAgeMs: hours }), await start({ maxAgeMs: minutes })];
    const { expiring } = long;
    await world.clock.advance(54_000 - 1);
    expect(short.expiring.aborted).toBe(false);
    await world.clock.advance(1);
    expect(short.expiring.aborted).toBe(true);
    await world.clock.advance(hours - minutes - 54_000 - 1);
    expect(expiring.aborted).toBe(false);
    await world.clock.advance(1);
    expect(expiring.aborted).toBe(true);
    expect(told["run-expiring"].map(({ scope }) => scope.run)).toEqual([short.id, long.id]);
  });

  it("aborts the run's signal and lets no step start [I8]", async () => {
    const world = await createWorld();
    const { start, told, pinning } = await world.process();
    const run = await start({ maxAgeMs: hours });
    const { signal } = run;
    await world.clock.advance(hours - 1);
    expect(signal.aborted).toBe(false);
    await world.clock.advance(1);
    expect(signal.reason).toMatchObject({ code: "run-expired" });
    await expect(run.step("late", () => 1)).rejects.toMatchObject({ code: "run-expired" });
    expect(await run.finish({ outcome: "completed" })).toBe("expired");
    expect(pinning.get(run.id)).toBeUndefined();
    expect(told["run-expired"]).toEqual([
      {
        run: run.id,
        bundle: "blue",
        deadline: run.deadline,
        local: true,
        class: "live",
        mixed: false,
        ageMs: hours,
      },
    ]);
    expect(told["run-finished"]).toEqual([]);
  });

  it("stops counting the pin, and any process sweeps it away with its claim [I7]", async () => {
    const world = await createWorld();
    const { start, pinning } = await world.process();
    await start({ id: "job", maxAgeMs: hours });
    await world.clock.advance(hours + 2_001);
    expect((await pinning.drainReport("blue")).inFlight?.count).toBe(0);
    const other = await world.process();
    expect(await other.pinning.sweep()).toBe(1);
    expect(other.told["run-expired"]).toMatchObject([
      { bundle: "blue", local: false, class: "live", mixed: false, ageMs: hours },
    ]);
    expect(await world.under("pin/")).toEqual([]);
    expect(await world.under("claim/")).toEqual([]);
    expect(await pinning.sweep()).toBe(0);
  });

  it("lets a cancelled run that nobody finishes go, too", async () => {
    const world = await createWorld({ policy: { onRollback: "cancel" } });
    const { start, pinning, move, told } = await world.process();
    await move({ verb: "flip", bundle: "green" });
    const run = await start({ maxAgeMs: hours });
    await move({ verb: "rollback" });
    expect(told["run-cancelled"]).toHaveLength(1);
    await world.clock.advance(hours);
    expect(pinning.get(run.id)).toBeUndefined();
    expect(told["run-expired"]).toEqual([]);
  });

  it("of ten thousand runs costs one timer", async () => {
    const world = await createWorld();
    const { start } = await world.process();
    await start();
    const before = world.clock.pending;
    const runs = [];
    for (let i = 0; i < 10_000; i++) runs.push(await start({ maxAgeMs: hours + i }));
    expect(world.clock.pending).toBe(before);
    await world.clock.advance(hours + 10_000);
    expect(runs.every(({ signal }) => signal.aborted)).toBe(true);
  });
});

describe("an extension", () => {
  it("moves the deadline and its warning, and keeps claim, token and pin together [I8]", async () => {
    const world = await createWorld();
    const { start, pinning, told } = await world.process();
    const run = await start({ id: "job", maxAgeMs: hours });
    await world.clock.advance(hours - minutes);
    expect(run.expiring.aborted).toBe(true);
    const before = run.deadline!;
    expect(await run.extend(hours)).toBe(before + hours);
    expect(run.expiring.aborted).toBe(false);
    await world.clock.advance(2 * minutes);
    expect(await run.step("on", () => "on")).toBe("on");
    await world.clock.advance(hours - 2 * minutes);
    expect(run.expiring.aborted).toBe(true);
    expect(told["run-expiring"]).toHaveLength(2);
    expect(await world.under("pin/")).toHaveLength(1);
    expect((await pinning.resume(run.token!)).id).toBe(run.id);
  });

  it("never goes past acceptance plus the policy's age [I8]", async () => {
    const world = await createWorld({ policy: { maxAgeMs: 2 * hours } });
    const { start } = await world.process();
    const run = await start({ maxAgeMs: hours });
    const accepted = world.clock.now();
    expect(await run.extend(24 * hours)).toBe(accepted + 2 * hours);
    expect(await run.extend(minutes)).toBe(accepted + 2 * hours);
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])("of %d is refused", async (byMs) => {
    const world = await createWorld();
    const run = await (await world.process()).start({ maxAgeMs: hours });
    await expect(run.extend(byMs)).rejects.toMatchObject({ details: { argument: "byMs" } });
  });

  it("cannot bring a run back that has expired, even before its timer fired [I6]", async () => {
    const world = await createWorld();
    const run = await (await world.process()).start({ maxAgeMs: hours });
    world.clock.jumpWall(hours);
    await expect(run.extend(hours)).rejects.toMatchObject({ code: "run-expired" });
    expect(await world.under("pin/")).toEqual([`agent/pin/blue/${run.deadline}/${run.id}`]);
  });

  it("cannot bring a pin back that a recycle has counted out while the commit was under way [I6]", async () => {
    const world = await createWorld();
    const [one, two] = [await world.process(), await world.process()];
    const run = await one.start({ maxAgeMs: hours });
    await two.move({ verb: "flip", bundle: "green" });
    await two.move({ verb: "settle" });
    await one.router.refresh();
    await world.clock.advance(hours - 1_000);
    const gate = world.store.gate({ kind: "commit" });
    const extension = run.extend(hours);
    extension.catch(() => {});
    await gate.reached;
    await world.clock.advance(10_000);
    const recycled = await two.pinning.recycle("blue", {
      actor: { kind: "person", id: "ana" },
      reason: "done",
    });
    expect(recycled).toMatchObject({ recycled: true });
    gate.open();
    await expect(extension).rejects.toMatchObject({ code: "run-expired" });
    expect((await two.pinning.inFlight({ bundle: "blue" })).runs).toEqual([]);
  });

  it("goes through although the route moved on, and stops an owner that has been superseded", async () => {
    const world = await createWorld();
    const [one, two] = [await world.process(), await world.process()];
    const run = await one.start({ maxAgeMs: hours });
    world.store.dropHints();
    await two.move({ verb: "flip", bundle: "green" });
    await run.extend(minutes);
    await two.pinning.resume(run.token!);
    await expect(run.extend(minutes)).rejects.toMatchObject({ code: "run-superseded" });
    await expect(run.step("a", () => 1)).rejects.toMatchObject({ code: "run-superseded" });
  });

  it.each(["done", "dropped", "late"] as const)("survives a lost reply whose commit was %s", async (fate) => {
    const world = await createWorld();
    const run = await (await world.process()).start({ maxAgeMs: hours });
    const before = run.deadline!;
    world.store.loseReply(fate);
    expect(await run.extend(minutes)).toBe(before + minutes);
    await world.store.landLate();
    expect(await run.finish({ outcome: "completed" })).toBe("finished");
    expect([...(await world.under("pin/")), ...(await world.under("moved/"))]).toEqual([]);
  });

  it("makes the steps that begin meanwhile wait for it", async () => {
    const world = await createWorld();
    const run = await (await world.process()).start({ maxAgeMs: hours });
    const gate = world.store.gate({ kind: "commit" });
    const extension = run.extend(minutes);
    await gate.reached;
    const done = later();
    const step = run.step("waits", () => done.resolve());
    gate.open();
    await Promise.all([extension, step, done.promise]);
  });
});

describe("the sweeper", () => {
  it("runs by itself, one at a time, in every process that is asked to", async () => {
    const world = await createWorld();
    const owner = await world.process();
    await owner.start({ maxAgeMs: minutes });
    await owner.close();
    const sweeper = await world.process({ sweepMs: 30_000 });
    await world.clock.advance(3 * minutes);
    expect(await world.under("pin/")).toEqual([]);
    expect(sweeper.told["run-expired"]).toHaveLength(1);
  });

  it("goes on after the store was away", async () => {
    const world = await createWorld();
    const { start } = await world.process({ sweepMs: 30_000 });
    await start({ maxAgeMs: minutes });
    world.store.down();
    await world.clock.advance(3 * minutes);
    world.store.up();
    await world.clock.advance(minutes);
    expect(await world.under("pin/")).toEqual([]);
  });

  it("removes everything that has expired, past what it cannot read, and nothing that has not", async () => {
    const world = await createWorld();
    const { start, pinning } = await world.process();
    for (let i = 0; i < 250; i++) await start({ maxAgeMs: minutes });
    const kept = await start({ maxAgeMs: hours });
    for (const [run, value] of [
      ["newer", '{"v":9}'],
      ["broken", "{"],
    ] as const) {
      await world.records.commit([{ op: "put", key: world.keys.pin("blue", 1, run), rev: 0, value }]);
    }
    await world.clock.advance(2 * minutes);
    expect(await pinning.sweep()).toBe(250);
    expect(await world.under("pin/")).toHaveLength(3);
    expect(await kept.step("on", () => 1)).toBe(1);
  });

  it("removes notices after thirty days", async () => {
    const world = await createWorld();
    const { start, pinning } = await world.process();
    await start({ bundle: "blue" });
    world.clock.jumpWall(29 * 24 * hours);
    await pinning.sweep();
    expect(await world.under("notice/")).toHaveLength(1);
    world.clock.jumpWall(2 * 24 * hours);
    await pinning.sweep();
    expect(await world.under("notice/")).toEqual([]);
  });

  it("says when it failed, goes on, and is silent once its process closes", async () => {
    const world = await createWorld();
    const { told, close } = await world.process({ sweepMs: 30_000 });
    await world.clock.advance(31_000);
    expect(told["sweep-failed"]).toEqual([]);
    world.store.down();
    await world.clock.advance(31_000);
    expect(told["sweep-failed"]).toMatchObject([{ error: { code: "store-unavailable" } }]);
    world.store.up();
    await world.clock.advance(31_000);
    expect(told["sweep-failed"]).toHaveLength(1);
    world.store.down();
    await close();
    await world.clock.advance(2 * minutes);
    expect(told["sweep-failed"]).toHaveLength(1);
  });

  it("tells a caller who asked for the sweep by rejecting, not by an event", async () => {
    const world = await createWorld();
    const { told, pinning } = await world.process();
    world.store.down();
    await expect(pinning.sweep()).rejects.toMatchObject({ code: "store-unavailable" });
    expect(told["sweep-failed"]).toEqual([]);
  });

  it.each([0, -5, Number.NaN])("refuses to run every %d ms", async (sweepMs) => {
    const world = await createWorld();
    await expect(world.process({ sweepMs })).rejects.toMatchObject({ details: { argument: "sweepMs" } });
  });
});

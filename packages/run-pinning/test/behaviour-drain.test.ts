import { timeKey } from "@verdigris/contracts";
import { exactCountLimit } from "@verdigris/run-pinning";
import { describe, expect, it } from "vitest";
import { ana, createWorld, hours, minutes, type World } from "./world.ts";

const done = { outcome: "completed" } as const;
const facts = { actor: ana, reason: "over" };

async function putPins(world: World, bundle: string, count: number): Promise<void> {
  const deadline = world.clock.now() + hours;
  const record = {
    v: 1,
    bundle,
    epoch: 1,
    accepted: 0,
    deadline,
    cap: deadline,
    class: "live",
    generation: 1,
  };
  for (let i = 0; i < count; i += 32) {
    const ops = Array.from({ length: Math.min(32, count - i) }, (_, k) => {
      const run = `put-${timeKey(i + k)}`;
      return {
        op: "put",
        key: world.keys.pin(bundle, deadline, run),
        rev: 0,
        value: JSON.stringify({ ...record, run }),
      } as const;
    });
    await world.records.commit(ops);
  }
}

describe("where a bundle stands", () => {
  it("is told through its whole life, with a proof before it counts as drained [I15]", async () => {
    const world = await createWorld();
    const { start, pinning, move } = await world.process();
    const status = async (bundle: string) => (await pinning.drainReport(bundle)).status;
    expect([await status("blue"), await status("green"), await status("unheard-of")]).toEqual([
      "live",
      "registered",
      "unknown",
    ]);
    await move({ verb: "stage", bundle: "green" });
    expect(await status("green")).toBe("candidate");
    const run = await start();
    await move({ verb: "flip", bundle: "green" });
    expect(await status("blue")).toBe("quarantined");
    await move({ verb: "settle" });
    const draining = await pinning.drainReport("blue");
    expect(draining).toMatchObject({ status: "draining", inFlight: { count: 1, more: false }, proof: null });
    expect(draining.drainedBy).toBeGreaterThan(world.clock.now() + 24 * hours);
    await run.finish(done);
    expect(await pinning.drainReport("blue")).toMatchObject({
      status: "draining",
      inFlight: { count: 0 },
      proof: null,
    });
    await move({ verb: "seal", bundle: "blue" });
    expect(await pinning.drainReport("blue")).toMatchObject({ status: "drained", proof: "empty-after-seal" });
    await move({ verb: "recycle", bundle: "blue" });
    expect(await status("blue")).toBe("recycled");
  });

  it("is sealed, not drained, while a run is left; and drained once every deadline has passed [I15]", async () => {
    const world = await createWorld({ policy: { maxAgeMs: hours, maxStepMs: minutes } });
    const { start, pinning, move } = await world.process();
    await start();
    await move({ verb: "flip", bundle: "green" });
    await move({ verb: "settle" });
    await move({ verb: "seal", bundle: "blue" });
    expect(await pinning.drainReport("blue")).toMatchObject({ status: "sealed", proof: null });
    await move({ verb: "unseal", bundle: "blue" });
    const { drainedBy } = await pinning.drainReport("blue");
    await world.clock.advance(drainedBy! - world.clock.now() + 1);
    expect(await pinning.drainReport("blue")).toMatchObject({ status: "drained", proof: "deadline-passed" });
  });

  it("is unknown, and nothing is counted, when the store cannot be asked [I15]", async () => {
    const world = await createWorld();
    const { pinning } = await world.process();
    world.store.down();
    expect(await pinning.drainReport("blue")).toEqual({
      bundle: "blue",
      status: "unknown",
      inFlight: null,
      proof: null,
      drainedBy: null,
    });
    await expect(pinning.drainReport("a/b")).rejects.toMatchObject({ code: "invalid-argument" });
  });
});

describe("runs in flight", () => {
  it("are listed page by page, soonest deadline first, wherever they are", async () => {
    const world = await createWorld();
    const [one, two] = [await world.process(), await world.process({ serves: () => false })];
    const late = await one.start({ maxAgeMs: 3 * hours, key: "k", labels: { tenant: "acme" } });
    const soon = await one.start({ maxAgeMs: hours });
    await two.pinning.start();
    const first = await one.pinning.inFlight({ bundle: "blue", limit: 2 });
    expect(first.runs.map(({ unplaced, run }) => unplaced || run)).toEqual([true, soon.id]);
    const second = await one.pinning.inFlight({ bundle: "blue", limit: 2, after: first.next! });
    expect(second).toEqual({
      runs: [
        {
          run: late.id,
          bundle: "blue",
          class: "live",
          key: "k",
          labels: { tenant: "acme" },
          accepted: world.clock.now(),
          deadline: late.deadline,
          unplaced: false,
        },
      ],
      next: null,
    });
  });

  it.each([0, 1_001, 1.5])("are not listed in pages of %d", async (limit) => {
    const world = await createWorld();
    const { pinning } = await world.process();
    await expect(pinning.inFlight({ bundle: "blue", limit })).rejects.toMatchObject({
      details: { argument: "limit" },
    });
    await expect(pinning.inFlight({ bundle: "a/b" })).rejects.toMatchObject({
      details: { argument: "bundle" },
    });
  });

  it("are counted exactly to ten thousand, and then as more", async () => {
    const world = await createWorld();
    const { pinning } = await world.process();
    await putPins(world, "blue", exactCountLimit);
    expect((await pinning.drainReport("blue")).inFlight).toEqual({ count: 10_000, more: false });
    const { start } = await world.process();
    await start();
    expect((await pinning.drainReport("blue")).inFlight).toEqual({ count: 10_000, more: true });
  });
});

describe("draining", () => {
  it("under `drain` waits until the last run of the old bundle is over [I15]", async () => {
    const world = await createWorld({ policy: { strategy: "drain" } });
    const { start, pinning, move } = await world.process();
    const run = await start();
    await move({ verb: "flip", bundle: "green" });
    const draining = pinning.drain("blue");
    let over = false;
    void draining.then(() => {
      over = true;
    });
    await world.clock.advance(10_000);
    expect(over).toBe(false);
    await run.finish(done);
    await world.clock.advance(1_000);
    expect(await draining).toMatchObject({ status: "quarantined", inFlight: { count: 0 } });
  });

  it("under `drain` waits no longer than the runs can live [I7]", async () => {
    const world = await createWorld({ policy: { strategy: "drain", maxAgeMs: minutes, maxStepMs: 1_000 } });
    const { start, pinning, move } = await world.process();
    await start();
    await move({ verb: "flip", bundle: "green" });
    await move({ verb: "settle" });
    const draining = pinning.drain("blue");
    await world.clock.advance(2 * minutes);
    expect(["draining", "drained"]).toContain((await draining).status);
  });

  it("under `pin` does not wait", async () => {
    const world = await createWorld();
    const { start, pinning, move } = await world.process();
    await start();
    await move({ verb: "flip", bundle: "green" });
    expect(await pinning.drain("blue")).toMatchObject({ inFlight: { count: 1 } });
  });

  it("ends when its signal says so, at once, and waits out a store that is away", async () => {
    const world = await createWorld({ policy: { strategy: "drain" } });
    const { pinning } = await world.process();
    world.store.down();
    const controller = new AbortController();
    const waiting = pinning.drain("blue", { signal: controller.signal });
    waiting.catch(() => {});
    await world.clock.advance(5_000);
    const reason = new Error("enough");
    const pending = world.clock.pending;
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    expect(world.clock.pending).toBe(pending - 1);
    await expect(pinning.drain("blue", { signal: controller.signal })).rejects.toBe(reason);
    await expect(pinning.drain("blue", { pollMs: 0 })).rejects.toMatchObject({
      details: { argument: "pollMs" },
    });
  });
});

describe("recycling", () => {
  it("names everything that stands in the way [I6]", async () => {
    const world = await createWorld();
    const { start, pinning, move } = await world.process();
    const codes = async (bundle: string) => (await pinning.canRecycle(bundle)).blockers;
    expect(await codes("blue")).toEqual([
      { code: "on-route", role: "live" },
      { code: "on-route", role: "stable" },
    ]);
    expect(await codes("amber")).toEqual([{ code: "not-retiring" }]);
    const run = await start();
    await move({ verb: "flip", bundle: "green" });
    await move({ verb: "settle" });
    const { drainedBy } = await pinning.drainReport("blue");
    await move({ verb: "hold", why: "wait" });
    expect(await codes("blue")).toEqual([
      { code: "held", by: ana, why: "wait" },
      { code: "runs-in-flight", run: run.id, deadline: run.deadline, drainedBy },
    ]);
    world.store.failNext("store-unavailable");
    expect(await pinning.canRecycle("blue")).toMatchObject({
      ok: false,
      blockers: [{ code: "unknown", error: { code: "store-unavailable" } }],
    });
    await expect(pinning.canRecycle("a/b")).rejects.toMatchObject({ code: "invalid-argument" });
  });

  it("seals, counts again and recycles, or leaves everything as it was [I6]", async () => {
    const world = await createWorld();
    const { start, pinning, move, router } = await world.process();
    const run = await start();
    await move({ verb: "flip", bundle: "green" });
    await move({ verb: "settle" });
    const before = router.snapshot()?.route.generation;
    expect(await pinning.recycle("blue", facts)).toMatchObject({
      recycled: false,
      blockers: [{ code: "runs-in-flight" }],
    });
    expect(router.snapshot()?.route.generation).toBe(before);
    await run.finish(done);
    expect(await pinning.recycle("blue", facts)).toEqual({ recycled: true, generation: before! + 2 });
    expect(router.snapshot()?.route).toMatchObject({ retiring: [], sealed: [] });
    expect(await pinning.recycle("blue", facts)).toMatchObject({
      recycled: false,
      blockers: [{ code: "not-retiring" }],
    });
  });

  it("gives way to a child that was accepted between its first count and its seal [I6]", async () => {
    const world = await createWorld();
    const [one, two] = [await world.process(), await world.process()];
    const parent = await one.start();
    await one.move({ verb: "flip", bundle: "green" });
    await one.move({ verb: "settle" });
    await two.router.refresh();
    await parent.finish(done);
    let late = false;
    const stop = world.store.onCommit(async (ops) => {
      if (late || !ops.some(({ key }) => key === world.keys.route)) return;
      if (ops.some(({ op, key }) => op === "check" && key === world.keys.route)) return;
      stop();
      const record = {
        v: 1,
        run: "child",
        bundle: "blue",
        epoch: 1,
        accepted: 0,
        deadline: world.clock.now() + hours,
        cap: 0,
        class: "live",
        generation: 1,
      };
      await world.records.commit([
        {
          op: "put",
          key: world.keys.pin("blue", record.deadline, "child"),
          rev: 0,
          value: JSON.stringify(record),
        },
      ]);
      late = true;
    });
    expect(await two.pinning.recycle("blue", facts)).toMatchObject({
      recycled: false,
      blockers: [{ code: "runs-in-flight", run: "child" }],
    });
    expect(two.router.snapshot()?.route.sealed).toEqual([]);
  });
});

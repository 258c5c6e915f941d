import type { Bundle } from "@verdigris/contracts";
import { describe, expect, it } from "vitest";
import { ana, createWorld, later, type Pipeline, settled } from "./world.ts";

const done = { outcome: "completed" } as const;

describe("the pipelines of a process", () => {
  it("load once, however many runs ask at the same time [SDK-LOAD-ONCE]", async () => {
    const world = await createWorld();
    const loading = later<Pipeline>();
    const asked: string[] = [];
    const load = ({ id }: Bundle): Promise<Pipeline> => {
      asked.push(id);
      return loading.promise;
    };
    const { start, told } = await world.process({ load });
    const starts = [start(), start(), start()];
    await settled();
    loading.resolve({ of: "blue" });
    const runs = await Promise.all(starts);
    expect(asked).toEqual(["blue"]);
    expect(new Set(runs.map(({ pipeline }) => pipeline)).size).toBe(1);
    expect(told["pipeline-loaded"]).toEqual([{ bundle: "blue", durationMs: 0 }]);
  });

  it("fail together, say why, and are tried again by the next run [SDK-LOAD-ONCE]", async () => {
    const world = await createWorld();
    const cause = new Error("no key");
    let tries = 0;
    const load = async (): Promise<Pipeline> => {
      if (++tries === 1) throw cause;
      return { of: "blue" };
    };
    const { start, told } = await world.process({ load });
    const both = await Promise.allSettled([start(), start()]);
    for (const outcome of both) {
      expect(outcome).toMatchObject({
        reason: { code: "pipeline-load-failed", details: { bundle: "blue" }, cause },
      });
    }
    expect(told["load-failed"]).toEqual([{ bundle: "blue", error: cause }]);
    expect(await world.under("pin/")).toEqual([]);
    expect((await start()).pipeline).toEqual({ of: "blue" });
    expect(tries).toBe(2);
  });

  it("stay warm while their bundle is on the route [SDK-UNLOAD]", async () => {
    const world = await createWorld();
    const { start, move, told } = await world.process();
    await (await start()).finish(done);
    await move({ verb: "flip", bundle: "green" });
    await move({ verb: "settle" });
    await settled();
    expect(told["pipeline-unloaded"]).toEqual([]);
  });

  it("go when their bundle is off the route and the last run and step here have ended [SDK-UNLOAD]", async () => {
    const world = await createWorld();
    const unloaded: unknown[] = [];
    const process = await world.process({ unload: (pipeline, { id }) => void unloaded.push([pipeline, id]) });
    const other = await world.process();
    const { start, move } = process;
    const [one, two] = [await start(), await start()];
    const gate = later();
    const step = two.step("long", () => gate.promise);
    await move({ verb: "flip", bundle: "green" });
    await move({ verb: "settle" });
    await one.finish(done);
    expect(await two.finish(done)).toBe("deferred");
    await world.clock.advance(26 * 3_600_000);
    expect(await other.pinning.recycle("blue", { actor: ana, reason: "over" })).toMatchObject({
      recycled: true,
    });
    await settled();
    expect(unloaded).toEqual([]);
    gate.resolve();
    await step;
    await settled();
    expect(unloaded).toEqual([[{ of: "blue" }, "blue"]]);
    expect(process.told["pipeline-unloaded"]).toEqual([{ bundle: "blue" }]);
  }, 60_000);

  it("go on close, each once, and a failing unload is reported [SDK-UNLOAD]", async () => {
    const world = await createWorld();
    const error = new Error("stuck");
    const { start, move, close, told } = await world.process({
      unload: (_, { id }) => {
        if (id === "green") throw error;
      },
    });
    await start();
    await move({ verb: "flip", bundle: "green" });
    await start();
    await close();
    expect(told["pipeline-unloaded"]).toEqual([{ bundle: "blue" }]);
    expect(told["unload-failed"]).toEqual([{ bundle: "green", error }]);
  });

  it("can be loaded ahead of the first run, where they are served; failures are only reported", async () => {
    const world = await createWorld();
    const asked: string[] = [];
    const { pinning, told } = await world.process({
      serves: ({ id }) => id !== "amber",
      load: ({ id }) => {
        asked.push(id);
        if (id === "green") throw new Error("no");
        return { of: id };
      },
    });
    await pinning.preload(["blue", "green", "amber", "unheard-of"]);
    expect(asked).toEqual(["blue", "green"]);
    expect(told["load-failed"].map(({ bundle }) => bundle).sort()).toEqual(["green", "unheard-of"]);
  });
});

describe("closing", () => {
  it("lets go of runs, whose pins stay, and stops every timer", async () => {
    const world = await createWorld();
    const { start, pinning, router, close, told } = await world.process({ sweepMs: 30_000 });
    const run = await start();
    const { signal } = run;
    await close();
    await close();
    expect(world.clock.pending).toBe(0);
    expect(signal.aborted).toBe(true);
    await expect(run.step("a", () => 1)).rejects.toMatchObject({ code: "run-superseded" });
    expect(told["pipeline-unloaded"]).toEqual([{ bundle: "blue" }]);
    expect(await world.under("pin/")).toHaveLength(1);
    const other = await world.process();
    expect((await other.pinning.resume(run.token!)).id).toBe(run.id);
    const late = [
      pinning.start(),
      pinning.resume(run.token!),
      pinning.attach(run.token!),
      pinning.sweep(),
      pinning.drainReport("blue"),
      pinning.drain("blue"),
      pinning.canRecycle("blue"),
      pinning.inFlight({ bundle: "blue" }),
      pinning.recycle("blue", { actor: ana, reason: "x" }),
      router.refresh(),
    ];
    for (const outcome of await Promise.allSettled(late)) {
      expect(outcome).toMatchObject({ status: "rejected", reason: { code: "closed" } });
    }
  });

  it("leaves the finish of a run that was under way to its owner", async () => {
    const world = await createWorld();
    const { start, close } = await world.process();
    const run = await start();
    await close();
    expect(await run.finish(done)).toBe("finished");
    expect(await world.under("pin/")).toEqual([]);
  });

  it("lets go of a run whose start was under way, without a timer or a pipeline left behind", async () => {
    const world = await createWorld();
    const { start, close, told } = await world.process();
    await (await start()).finish(done);
    const gate = world.store.gate({ kind: "commit", at: "reply" });
    const starting = start();
    await gate.reached;
    await close();
    gate.open();
    const run = await starting;
    await expect(run.step("a", () => 1)).rejects.toMatchObject({ code: "run-superseded" });
    await settled();
    expect(told["pipeline-unloaded"]).toEqual([{ bundle: "blue" }]);
    expect(world.clock.pending).toBe(0);
  });

  it("ends a wait for a drain", async () => {
    const world = await createWorld({ policy: { strategy: "drain" } });
    const { start, pinning, close } = await world.process();
    await start();
    const waiting = pinning.drain("blue");
    waiting.catch(() => {});
    await settled();
    await close();
    await expect(waiting).rejects.toMatchObject({ code: "closed" });
    expect(world.clock.pending).toBe(0);
  });
});

import { AsyncLocalStorage } from "node:async_hooks";
import type { Instrument, RunScope } from "@verdigris/contracts";
import { describe, expect, it } from "vitest";
import { createWorld, later, minutes, settled } from "./world.ts";

describe("a step", () => {
  it("asks the store nothing and calls its function before it returns [RUN-STEP-LOCAL]", async () => {
    const world = await createWorld();
    const { start } = await world.process();
    const run = await start();
    const before = world.store.count();
    let called = false;
    const result = run.step("plan", () => {
      called = true;
      return 7;
    });
    expect(called).toBe(true);
    expect(await result).toBe(7);
    expect(world.store.count()).toBe(before);
  });

  it("gets the whole bundle, its five pieces and its pipeline, whatever the route does meanwhile [I1]", async () => {
    const world = await createWorld();
    const { start, move } = await world.process();
    const run = await start();
    await move({ verb: "flip", bundle: "green" });
    await run.step("answer", ({ bundle, pipeline, scope, signal }) => {
      const { code, prompts, models, indexes, tools } = bundle;
      expect(code.commit).toBe("9b1c2f0e");
      expect([prompts.system?.version, indexes.docs?.version, tools.search?.version]).toEqual([
        "blue",
        "blue",
        "blue",
      ]);
      expect(models.planner?.snapshot).toBe("m-blue");
      expect(pipeline).toEqual({ of: "blue" });
      expect(scope).toEqual({ ...run.scope, step: "answer" });
      expect(Object.isFrozen(scope)).toBe(true);
      expect(signal.aborted).toBe(false);
    });
  });

  it("passes on what its function throws, and goes on afterwards", async () => {
    const world = await createWorld();
    const run = await (await world.process()).start();
    const error = new Error("mine");
    await expect(
      run.step("a", () => {
        throw error;
      }),
    ).rejects.toBe(error);
    await expect(run.step("b", async () => Promise.reject(error))).rejects.toBe(error);
    expect(await run.step("c", () => "on")).toBe("on");
  });

  it.each(["", undefined, 7])("refuses %j as a name", async (name) => {
    const world = await createWorld();
    const run = await (await world.process()).start();
    await expect(run.step(name as string, () => 1)).rejects.toMatchObject({ details: { argument: "name" } });
  });

  it("does not start once the deadline has passed, though no timer has fired [I8]", async () => {
    const world = await createWorld();
    const run = await (await world.process()).start({ maxAgeMs: minutes });
    world.clock.jumpWall(2 * minutes);
    let called = false;
    const late = run.step("late", () => {
      called = true;
    });
    await expect(late).rejects.toMatchObject({ code: "run-expired" });
    expect(called).toBe(false);
  });

  it("goes on to the deadline without the store, and not past it, even after sleep [I8]", async () => {
    const world = await createWorld();
    const run = await (await world.process()).start({ maxAgeMs: 10 * minutes });
    world.store.down();
    await world.clock.advance(5 * minutes);
    expect(await run.step("cut off", () => "still on")).toBe("still on");
    world.clock.jumpWall(2 * minutes);
    expect(await run.step("after sleep", () => "still on")).toBe("still on");
    world.clock.jumpWall(4 * minutes);
    await expect(run.step("too late", () => 1)).rejects.toMatchObject({ code: "run-expired" });
  });

  it("is told of its deadline after sleep although the store is away [I8]", async () => {
    const world = await createWorld();
    const run = await (await world.process()).start({ maxAgeMs: 10 * minutes });
    const { signal } = run;
    world.store.down();
    world.clock.jumpWall(11 * minutes);
    await world.clock.advance(10_000);
    expect(signal.aborted).toBe(true);
  });
});

describe("an instrument", () => {
  const wrapped = async (step: Instrument["step"]) => {
    const world = await createWorld();
    const process = await world.process({ instrument: { step } as Instrument });
    return { run: await process.start(), told: process.told };
  };

  it("wraps every step with its scope [SDK-INSTRUMENT-SAFE]", async () => {
    const seen: unknown[] = [];
    const { run } = await wrapped(async (scope, next) => {
      const result = await next();
      seen.push([scope.run, scope.step, result]);
      return result;
    });
    expect(await run.step("plan", () => 7)).toBe(7);
    await settled();
    expect(seen).toEqual([[run.id, "plan", 7]]);
  });

  const faults: [string, Instrument["step"], number][] = [
    [
      "throws before",
      () => {
        throw new Error("mine");
      },
      1,
    ],
    ["rejects before", async () => Promise.reject(new Error("mine")), 1],
    [
      "throws after",
      async (_, next) => {
        await next();
        throw new Error("mine");
      },
      1,
    ],
    [
      "answers something else",
      async (_, next) => {
        await next();
        return "other" as never;
      },
      0,
    ],
    [
      "calls next twice",
      async (_, next) => {
        await next();
        return next();
      },
      0,
    ],
    ["never calls next", async () => "other" as never, 0],
    ["hangs before next", () => new Promise(() => {}), 0],
    [
      "hangs after next",
      async (_, next) => {
        await next();
        return new Promise(() => {});
      },
      0,
    ],
    ["returns no promise", (() => "other") as never, 0],
  ];
  it.each(faults)(
    "that %s changes nothing, and the function still runs once and at once [SDK-INSTRUMENT-SAFE]",
    async (_, step, failures) => {
      const { run, told } = await wrapped(step);
      let calls = 0;
      const result = run.step("plan", () => ++calls);
      expect(calls).toBe(1);
      expect(await result).toBe(1);
      await settled();
      expect(calls).toBe(1);
      expect(told["listener-failed"].map(({ source }) => source)).toEqual(
        Array(failures).fill("instrument.step"),
      );
    },
  );

  it("that swallows a failure does not hide it; one that passes it on is not blamed [SDK-INSTRUMENT-SAFE]", async () => {
    const error = new Error("the step's");
    const swallowing = await wrapped(async (_, next) => next().catch(() => "fine" as never));
    await expect(swallowing.run.step("plan", () => Promise.reject(error))).rejects.toBe(error);
    const passing = await wrapped((_, next) => next());
    await expect(passing.run.step("plan", () => Promise.reject(error))).rejects.toBe(error);
    await settled();
    expect(passing.told["listener-failed"]).toEqual([]);
  });
});

describe("several instruments", () => {
  const naming = (name: string, heard: string[], idle = false): Instrument => ({
    idle: () => idle,
    step: (_, next) => {
      heard.push(name);
      return next();
    },
  });

  it("stand inside one another, the first one outermost, and idle ones are left out [SDK-INSTRUMENT-IDLE]", async () => {
    const world = await createWorld();
    const heard: string[] = [];
    const instrument = [naming("outer", heard), naming("idle", heard, true), naming("inner", heard)];
    const { start } = await world.process({ instrument });
    expect(await (await start()).step("plan", () => heard.push("work"))).toBe(3);
    expect(heard).toEqual(["outer", "inner", "work"]);
  });

  it("are asked before every step, and one that cannot say is not idle [SDK-INSTRUMENT-IDLE]", async () => {
    const world = await createWorld();
    const heard: string[] = [];
    let idle: () => boolean = () => true;
    const { start } = await world.process({
      instrument: { ...naming("one", heard), idle: () => idle() },
    });
    const run = await start();
    await run.step("plan", () => 0);
    idle = () => {
      throw new Error("mine");
    };
    await run.step("plan", () => 0);
    expect(heard).toEqual(["one"]);
  });

  it("that throw keep neither the step nor the other ones from running [SDK-INSTRUMENT-SAFE]", async () => {
    const world = await createWorld();
    const heard: string[] = [];
    const broken: Instrument = {
      step: () => {
        throw new Error("mine");
      },
    };
    const { start, told } = await world.process({ instrument: [broken, naming("inner", heard)] });
    expect(await (await start()).step("plan", () => 7)).toBe(7);
    await settled();
    expect(heard).toEqual(["inner"]);
    expect(told["listener-failed"]).toHaveLength(1);
  });
});

describe("usage", () => {
  it("of a step carries the step's name and bundle; that of a run carries none", async () => {
    const { start, told } = await (await createWorld()).process();
    const run = await start();
    const call = { model: "m", inputTokens: 1, outputTokens: 2, cost: null };
    await run.step("plan", (step) => step.usage(call));
    run.usage(call);
    expect(told.usage).toMatchObject([{ scope: { step: "plan", bundle: "blue" } }, { usage: call }]);
    expect(told.usage[1]?.scope).not.toHaveProperty("step");
  });

  it.each([
    [{ cacheReadTokens: -1 }, "usage.cacheReadTokens"],
    [{ reasoningTokens: Number.NaN }, "usage.reasoningTokens"],
    [{ currency: "dollars" }, "usage.currency"],
    [{ priceTable: "" }, "usage.priceTable"],
    [{ costSource: "guess" as never }, "usage.costSource"],
    [{ cost: Number.POSITIVE_INFINITY }, "usage.cost"],
    [{ model: "m".repeat(129) }, "usage.model"],
  ])("%j is refused by name", async (wrong, argument) => {
    const { start, told } = await (await createWorld()).process();
    const run = await start();
    const call = { model: "m", inputTokens: 1, outputTokens: 2, cost: 0, ...wrong };
    expect(() => run.usage(call)).toThrow(
      expect.objectContaining({ code: "invalid-argument", details: { argument } }),
    );
    expect(told.usage).toEqual([]);
  });
});

describe("a place for the scope", () => {
  it("knows the step's scope inside, across awaits, and nothing outside [RUN-NO-SCOPE]", async () => {
    const world = await createWorld();
    const scopeStorage = new AsyncLocalStorage<RunScope>();
    const { start } = await world.process({ scopeStorage });
    const [one, two] = [await start(), await start()];
    const gate = later();
    const first = one.step("first", async () => {
      await gate.promise;
      return scopeStorage.getStore();
    });
    const second = two.step("second", () => scopeStorage.getStore());
    expect(scopeStorage.getStore()).toBeUndefined();
    gate.resolve();
    expect(await first).toEqual({ ...one.scope, step: "first" });
    expect(await second).toEqual({ ...two.scope, step: "second" });
    expect(scopeStorage.getStore()).toBeUndefined();
  });
});

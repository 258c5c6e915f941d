import type { Signal } from "@verdigris/contracts";
import {
  createLiveDetectors,
  eventRate,
  hardErrors,
  type LiveDetectorsOptions,
  passRateFloor,
} from "@verdigris/detectors";
import { createMemoryStore } from "@verdigris/store-memory";
import { aBundle, createFakeClock, createFaultyStore } from "@verdigris/testing";
import { createVerdigris, type VerdigrisOptions } from "verdigris";
import { describe, expect, it } from "vitest";
import { minute } from "./world.ts";

const [blue, green] = [aBundle("blue"), aBundle("green")];

function createWorld(options: LiveDetectorsOptions = {}) {
  const clock = createFakeClock();
  const store = createFaultyStore(createMemoryStore({ clock }));
  const open = (more: Partial<VerdigrisOptions<undefined>> = {}) => {
    const detectors = createLiveDetectors({ rules: [hardErrors()], ...options });
    return {
      detectors,
      agent: createVerdigris({
        agent: "agent",
        store,
        bundle: blue,
        clock,
        actor: "ana",
        detectors,
        ...more,
      }),
    };
  };
  return { clock, store, open, ...open() };
}

type World = ReturnType<typeof createWorld>;

async function go(
  { agent, clock }: Pick<World, "agent" | "clock">,
  runs: number,
  fails: (n: number) => boolean,
): Promise<void> {
  for (let n = 0; n < runs; n++) {
    await agent
      .run({}, () => {
        if (fails(n)) throw new Error("no");
      })
      .catch(() => {});
    await clock.advance(1_000);
  }
}

const totals = async ({ store }: World, bundle: string): Promise<Record<string, number>> => {
  const sums: Record<string, number> = {};
  const { entries } = await store.list(`agent/window/${bundle}/`, { limit: 1_000 });
  for (const { value } of entries)
    for (const cohort of JSON.parse(value).cohorts)
      for (const [name, count] of Object.entries(cohort))
        if (typeof count === "number" && name !== "at") sums[name] = (sums[name] ?? 0) + count;
  return sums;
};

describe("live detectors", () => {
  it("count the runs of their process, and name the baseline that the route has [DETECT-WIRING]", async () => {
    const world = createWorld();
    const { agent, detectors } = world;
    await go(world, 120, () => false);
    await agent.register(green);
    await agent.flip({ to: "green", reason: "r", expect: 1 });
    await go(world, 40, (n) => n % 3 === 0);
    await world.clock.advance(20_000);
    const [signal] = await agent.signals();
    expect(signal).toMatchObject({
      status: "alarm",
      bundle: "green",
      baseline: { kind: "history", bundle: "blue" },
    });
    expect(signal?.n).toBe(40);
    expect(signal?.referenceN).toBe(120);
    await agent.close();
    void detectors;
  });

  it("hold a canary against blue, and a holdback after the switch [DETECT-WIRING]", async () => {
    const world = createWorld();
    const { agent } = world;
    await agent.ready();
    await agent.register(green);
    await agent.stage({ bundle: "green", reason: "r", expect: 1 });
    expect((await agent.signals("blue"))[0]?.baseline).toEqual({ kind: "floor" });
    await agent.setCanary({ percent: 50, reason: "r", expect: 2 });
    await go(world, 40, () => false);
    await world.clock.advance(20_000);
    const [canary] = await agent.signals();
    expect(canary).toMatchObject({ bundle: "green", baseline: { kind: "concurrent", bundle: "blue" } });
    expect(canary!.n + canary!.referenceN).toBe(40);
    await agent.flip({ to: "green", reason: "r", expect: 3, holdbackPercent: 20 });
    await go(world, 40, () => false);
    await world.clock.advance(20_000);
    const [after] = await agent.signals();
    expect(after).toMatchObject({ bundle: "green", baseline: { kind: "holdback", bundle: "blue" } });
    // Runs before the switch are not of this watch.
    expect(after!.n + after!.referenceN).toBe(40);
    await agent.close();
  });

  it("tell of a change as the event `signal`, once [DETECT-WIRING]", async () => {
    const world = createWorld({ lookMs: minute });
    const told: Signal[] = [];
    world.agent.on("signal", (signal) => told.push(signal));
    await go(world, 30, (n) => n % 2 === 0);
    await world.clock.advance(5 * minute);
    expect(told.map(({ status }) => status)).toEqual(["alarm"]);
    await world.agent.close();
  });

  it("leave previews and mixed runs out, and take a cancelled run back [DETECT-PRODUCTION]", async () => {
    const world = createWorld();
    const { agent, detectors } = world;
    await agent.ready();
    await agent.register(green);
    await agent.stage({ bundle: "green", reason: "r", expect: 1 });
    await agent.run({ bundle: "green" }, () => {});
    const started = await agent.start();
    if (!started.placed) throw new Error("not placed");
    await started.run.migrate({ to: "green", reason: "r" });
    await started.run.finish({ outcome: "completed" });
    const other = await agent.start();
    if (other.placed) await other.run.finish({ outcome: "cancelled" });
    await detectors.flush();
    expect(await totals(world, "green")).toEqual({});
    expect(await totals(world, "blue")).toEqual({ started: 2, withdrawn: 2 });
    await agent.close();
  });

  it("count a run that hangs as expired, once, and what it had spent [DETECT-COHORT]", async () => {
    const world = createWorld();
    const { agent, detectors, clock } = world;
    const started = await agent.start({ maxAgeMs: minute });
    if (!started.placed) throw new Error("not placed");
    started.run.usage({ model: "m", inputTokens: 1, outputTokens: 1, cost: 0.5 });
    await clock.advance(2 * minute);
    await agent.sweep();
    await agent.sweep();
    await detectors.flush();
    expect(await totals(world, "blue")).toEqual({ started: 1, expired: 1, spent: 500_000_000 });
    await agent.close();
  });

  it("count a run whose process died, by who sweeps it [DETECT-COHORT]", async () => {
    const world = createWorld();
    const { agent, detectors, clock, open, store } = world;
    const started = await agent.start({ maxAgeMs: minute });
    if (!started.placed) throw new Error("not placed");
    await detectors.flush();
    store.down();
    await agent.close().catch(() => {});
    store.up();
    const second = open();
    await second.agent.ready();
    await clock.advance(2 * minute);
    await second.agent.sweep();
    await second.detectors.flush();
    expect(await totals(world, "blue")).toEqual({ started: 1, expired: 1 });
    await second.agent.close();
  });

  it("count a run that crosses processes once, where it was accepted [DETECT-COHORT]", async () => {
    const world = createWorld();
    const { agent, detectors, clock, open } = world;
    const started = await agent.start();
    if (!started.placed) throw new Error("not placed");
    started.run.usage({ model: "m", inputTokens: 1, outputTokens: 1, cost: 0.25 });
    const token = started.run.park();
    await clock.advance(3 * minute);
    const second = open();
    const run = await second.agent.resume(token);
    run.usage({ model: "m", inputTokens: 1, outputTokens: 1, cost: 0.5 });
    await run.finish({ outcome: "completed" });
    await detectors.flush();
    await second.detectors.flush();
    expect(await totals(world, "blue")).toEqual({ started: 1, completed: 1, spent: 750_000_000 });
    await agent.close();
    await second.agent.close();
  });

  it("go on when the store is away, and write what was counted when it is back [DETECT-FLUSH]", async () => {
    const world = createWorld();
    const { agent, store, clock } = world;
    const warned: string[] = [];
    agent.on("instrument-warning", ({ source }) => warned.push(source));
    const started = await agent.start();
    store.failNext("store-unavailable", "commit");
    await clock.advance(5_000);
    if (started.placed) await started.run.finish({ outcome: "completed" });
    await clock.advance(6_000);
    expect(warned.length).toBeLessThanOrEqual(1);
    expect(await totals(world, "blue")).toMatchObject({ started: 1, completed: 1 });
    await agent.close();
  });
});

describe("verdicts on live runs", () => {
  const rules = [passRateFloor(), eventRate({ name: "refusals", event: "refusal" })];

  it("of scorers are given off the user's path, on the bundle the run was pinned to [LIVE-SCORES]", async () => {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const scorer = {
      name: "short",
      score: async (output: unknown) => {
        await held;
        return output === "yes";
      },
    };
    const world = createWorld({ rules, scoring: { sample: 1, scorers: [scorer], concurrency: 8 } });
    const { agent, detectors } = world;
    expect(await agent.run({}, () => "yes")).toBe("yes");
    expect(await agent.run({}, () => "no")).toBe("no");
    await agent.register(green);
    await agent.flip({ to: "green", reason: "r", expect: 1 });
    release();
    await world.clock.advance(1);
    await detectors.flush();
    expect(detectors.scoring()).toEqual({ scored: 2, dropped: 0, unscored: 0 });
    expect(await totals(world, "blue")).toMatchObject({ scored: 2, passed: 1 });
    await agent.close();
  });

  it("count a chosen run that failed as not passed, and stay within the budget [LIVE-SCORES]", async () => {
    const scorer = { name: "any", score: () => true };
    const world = createWorld({ rules, scoring: { sample: 1, scorers: [scorer], perMinute: 3 } });
    await agent5(world);
    await world.agent.run({}, () => Promise.reject(new Error("no"))).catch(() => {});
    await world.clock.advance(1);
    await world.detectors.flush();
    expect(world.detectors.scoring()).toEqual({ scored: 3, dropped: 2, unscored: 0 });
    expect(await totals(world, "blue")).toMatchObject({ scored: 4, passed: 3 });
    await world.agent.close();
  });

  const agent5 = async ({ agent }: World): Promise<void> => {
    for (let n = 0; n < 5; n++) await agent.run({}, () => n);
  };

  it("are nothing where a scorer throws, hangs or cannot tell [LIVE-SCORES]", async () => {
    const scorers = [
      { name: "throws", score: () => Promise.reject(new Error("no")) },
      { name: "hangs", score: () => new Promise<boolean>(() => {}) },
      { name: "cannot", score: () => null },
    ];
    const world = createWorld({ rules, scoring: { sample: 1, scorers } });
    await world.agent.run({}, () => 1);
    await world.clock.advance(30_000);
    await world.detectors.flush();
    expect(world.detectors.scoring()).toEqual({ scored: 0, dropped: 0, unscored: 1 });
    expect(await totals(world, "blue")).not.toHaveProperty("scored");
    await world.agent.close();
  });

  it("choose the same runs in every process, about as many as asked for [LIVE-SCORES]", async () => {
    const { createLiveScores } = await import("../src/live/live-scores.ts");
    const clock = createFakeClock();
    const make = () => createLiveScores({ sample: 0.2, scorers: [] }, clock);
    const ids = Array.from(
      { length: 20_000 },
      (_, n) => `01J${n.toString(36).toUpperCase().padStart(10, "0")}`,
    );
    const chosen = ids.filter((id) => make().isSampled(id));
    expect(chosen.length).toBeGreaterThan(3_800);
    expect(chosen.length).toBeLessThan(4_200);
  });

  it("of people land where the run was, later and in another process [LIVE-SCORES]", async () => {
    const world = createWorld({ rules });
    const { agent, detectors, open, clock } = world;
    const started = await agent.start();
    if (!started.placed) throw new Error("not placed");
    const { id } = started.run;
    await started.run.finish({ outcome: "completed" });
    await agent.register(green);
    await agent.flip({ to: "green", reason: "r", expect: 1 });
    expect(detectors.feedback(id, false)).toBe(true);
    const receipt = detectors.receipt(id);
    expect(detectors.note(id, "refusal", true)).toBe(true);
    await clock.advance(30 * minute);
    const second = open();
    await second.agent.ready();
    expect(second.detectors.feedback(id, true)).toBe(false);
    expect(second.detectors.feedback(receipt!, true)).toBe(true);
    await detectors.flush();
    await second.detectors.flush();
    expect(await totals(world, "blue")).toMatchObject({ scored: 2, passed: 1 });
    expect(await totals(world, "green")).toEqual({});
    await agent.close();
    await second.agent.close();
  });
});

it("say what is missing: a process, a route, a place", async () => {
  const detectors = createLiveDetectors();
  await expect(detectors.signals()).rejects.toMatchObject({ code: "invalid-argument" });
  const agent = createVerdigris({ agent: "agent", bundle: blue, detectors, clock: createFakeClock() });
  await expect(agent.signals()).rejects.toMatchObject({ code: "no-route" });
  await agent.run({}, () => {});
  const target = { bundle: "blue", since: 0, baseline: { kind: "floor" } } as const;
  expect((await detectors.signals(target)).map(({ status }) => status)).not.toContain("alarm");
  const none = createVerdigris({ agent: "agent", bundle: blue, clock: createFakeClock() });
  await expect(none.signals()).rejects.toMatchObject({ code: "invalid-argument" });
  expect(() => createLiveDetectors({ scoring: { sample: 2, scorers: [] } })).toThrow(
    expect.objectContaining({ code: "invalid-argument" }),
  );
  expect(() => createLiveDetectors({ rules: [] })).toThrow(
    expect.objectContaining({ code: "invalid-argument" }),
  );
});

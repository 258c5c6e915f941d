import type { Signal } from "@verdigris/contracts";
import { createLiveDetectors } from "@verdigris/detectors";
import { createFakeClock } from "@verdigris/testing";
import { createVerdigris } from "verdigris";
import { describe, expect, it } from "vitest";
import { blue, createWorld, go, green, totals } from "./live-world.ts";
import { minute } from "./world.ts";

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

import { VerdigrisError } from "@verdigris/contracts";
import { eventRate, passRateFloor } from "@verdigris/detectors";
import { createFakeClock } from "@verdigris/testing";
import { describe, expect, it } from "vitest";
import { createWorld, green, totals, type World } from "./live-world.ts";
import { minute } from "./world.ts";

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

  const any = { name: "any", score: () => true };
  const all = { rules, scoring: { sample: 1, scorers: [any] } };
  const scoresOf = async ({ agent, clock }: World): Promise<unknown> =>
    (await agent.blame({ from: 0, to: clock.now() + minute })).map(({ bundle, scores, passRate }) => ({
      bundle,
      scores,
      passRate,
    }));

  it("count a chosen run that failed as not passed, within the same budget as answers [LIVE-SCORES]", async () => {
    const world = createWorld({ rules, scoring: { ...all.scoring, perMinute: 3 } });
    const { agent } = world;
    for (let n = 0; n < 2; n++) await agent.run({}, () => n);
    for (let n = 0; n < 4; n++) await agent.run({}, () => Promise.reject(new Error("no"))).catch(() => {});
    await world.clock.advance(1);
    await world.detectors.flush();
    expect(world.detectors.scoring()).toEqual({ scored: 3, dropped: 3, unscored: 0 });
    expect(await totals(world, "blue")).toMatchObject({ scored: 3, passed: 2 });
    await agent.close();
  });

  it("are one for a run that says it failed and answers all the same, and none for one called off [LIVE-SCORES]", async () => {
    const world = createWorld(all);
    const { agent } = world;
    await agent.run({}, (run) => run.finish({ outcome: "failed" }));
    const cancelled = agent.run({}, () => {
      throw new VerdigrisError("run-cancelled", "called off");
    });
    await cancelled.catch(() => {});
    await world.clock.advance(1);
    await world.detectors.flush();
    expect(await totals(world, "blue")).toMatchObject({ scored: 1 });
    expect(await totals(world, "blue")).not.toHaveProperty("passed");
    await agent.close();
  });

  it("say nothing of runs that give no answers, however they end [LIVE-SCORES]", async () => {
    const world = createWorld(all);
    const { agent, clock } = world;
    for (const outcome of ["failed", "completed"] as const) {
      const started = await agent.start();
      if (started.placed) await started.run.finish({ outcome });
    }
    await agent.start({ maxAgeMs: minute });
    await clock.advance(2 * minute);
    await agent.sweep();
    await world.detectors.flush();
    expect(await totals(world, "blue")).toMatchObject({ expired: 1 });
    expect(await totals(world, "blue")).not.toHaveProperty("scored");
    await agent.close();
  });

  it("count a run that hung once runs do give answers [LIVE-SCORES]", async () => {
    const world = createWorld(all);
    const { agent, clock } = world;
    await agent.run({}, () => 1);
    void agent.run({ maxAgeMs: minute }, () => new Promise(() => {})).catch(() => {});
    await clock.advance(2 * minute);
    await agent.sweep();
    await world.detectors.flush();
    expect(await totals(world, "blue")).toMatchObject({ expired: 1, scored: 2, passed: 1 });
    expect(await scoresOf(world)).toMatchObject([{ scores: { live: { scored: 2, passRate: 0.5 } } }]);
    await agent.close();
  });

  it("reach blame, each once: of scorers, of failures, of people here and elsewhere [LIVE-SCORES] [BLAME-BUNDLE]", async () => {
    const world = createWorld(all);
    const { agent, detectors, clock } = world;
    let id = "";
    await agent.run({}, (run) => {
      id = run.id;
    });
    await agent.run({}, () => Promise.reject(new Error("no"))).catch(() => {});
    detectors.feedback(id, false);
    const receipt = detectors.receipt(id);
    const second = world.open();
    await second.agent.ready();
    expect(second.detectors.feedback(String(receipt), true)).toBe(true);
    await clock.advance(6_000);
    const feedback = { scored: 2, passRate: 0.5 };
    const expected = [
      { bundle: "blue", passRate: 0.5, scores: { feedback, live: { scored: 2, passRate: 0.5 } } },
    ];
    expect(await scoresOf(world)).toEqual(expected);
    expect(await totals(world, "blue")).toMatchObject({ scored: 4, passed: 2 });
    await agent.close();
    await second.agent.close();
  });

  it("stay out where the run has moved between bundles, before its end and after [LIVE-SCORES]", async () => {
    const world = createWorld(all);
    const { agent, detectors } = world;
    await agent.register(green);
    await agent.stage({ bundle: "green", reason: "r", expect: 1 });
    let receipt: string | null = null;
    await agent.run({}, async (run) => {
      await run.migrate({ to: "green", reason: "r" });
      detectors.feedback(run.id, true);
      receipt = detectors.receipt(run.id);
    });
    await world.clock.advance(1);
    const second = world.open();
    expect(second.detectors.feedback(String(receipt), true)).toBe(true);
    await detectors.flush();
    await second.agent.close();
    expect(await totals(world, "green")).toEqual({});
    expect(await totals(world, "blue")).toEqual({ started: 1, withdrawn: 1 });
    expect(await scoresOf(world)).toEqual([]);
    await agent.close();
  });

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

import { createLiveDetectors } from "@verdigris/detectors";
import { createMemoryStore } from "@verdigris/store-memory";
import { createFakeClock, createFaultyStore } from "@verdigris/testing";
import { createVerdigris, defineBundle, digestOf, type Verdigris, type VerdigrisOptions } from "verdigris";
import { describe, expect, it } from "vitest";

const index = (content: string) =>
  ({ kind: "snapshot", version: content, digest: digestOf(content), embedding: null }) as const;
const bundleOf = (id: string, text: string, content = "1") =>
  defineBundle({
    id,
    code: { commit: "c0ffee", build: digestOf("build") },
    prompts: { system: { version: text, text } },
    indexes: { docs: index(content) },
  });
const [blue, green] = [bundleOf("blue", "brief"), bundleOf("green", "kind")];
const minute = 60_000;

function createWorld() {
  const clock = createFakeClock();
  const store = createFaultyStore(createMemoryStore({ clock }));
  const open = (more: Partial<VerdigrisOptions<undefined>> = {}): Verdigris =>
    createVerdigris({ agent: "agent", store, bundle: blue, clock, actor: "ana", sweepMs: "never", ...more });
  return { clock, store, open };
}

const call = (cost: number | null) => ({ model: "m", inputTokens: 1, outputTokens: 1, cost });

async function work(
  agent: Verdigris,
  clock: { advance(ms: number): Promise<void> },
  ms: number,
  cost: number,
  ok = true,
) {
  const started = await agent.start();
  if (!started.placed) throw new Error("not placed");
  started.run.usage(call(cost));
  await clock.advance(ms);
  await started.run.finish({ outcome: ok ? "completed" : "failed" });
  agent.score(started.run.scope, { name: "quality", passed: ok });
  return started.run;
}

describe("blame", () => {
  it("shows what changed beside what it did, for every bundle in the order they came [BLAME-BUNDLE]", async () => {
    const { open, clock } = createWorld();
    const agent = open();
    for (let i = 0; i < 20; i++) await work(agent, clock, 1_000, 0.01);
    await agent.register(green);
    await agent.flip({ to: "green", reason: "r", expect: 1 });
    for (let i = 0; i < 20; i++) await work(agent, clock, 2_000, 0.02, i >= 5);
    const [first, second] = await agent.blame({ from: 0, to: clock.now() + minute });
    expect(first).toMatchObject({
      bundle: "blue",
      runs: 20,
      completed: 20,
      errorRate: 0,
      scores: { quality: { scored: 20, passRate: 1 } },
      costs: [{ currency: "USD", cost: "0.2", perCompletedRun: 0.01 }],
      before: null,
      changes: [],
      change: null,
    });
    expect(first?.p95Ms).toBeGreaterThan(980);
    expect(first?.p95Ms).toBeLessThan(1_020);
    expect(second).toMatchObject({
      bundle: "green",
      runs: 20,
      completed: 15,
      failed: 5,
      before: "blue",
      changes: [{ piece: "prompts", entry: "system", kind: "changed" }],
      // Failed runs' spend is in the cost of those that completed.
      costs: [{ cost: "0.4", perCompletedRun: 0.4 / 15 }],
      change: { errorRateDifference: 0.25, passRateDifferences: { quality: -0.25 } },
    });
    expect(second?.change?.p95Ratio).toBeCloseTo(2, 1);
    expect(second?.change?.costRatio).toBeCloseTo(0.4 / 15 / 0.01, 10);
    await agent.close();
  });

  it("counts production alone: no preview, no run that moved, no run from before [BLAME-BUNDLE]", async () => {
    const { open, clock } = createWorld();
    const agent = open();
    await work(agent, clock, 1_000, 1);
    await clock.advance(2 * minute);
    const from = clock.now();
    await agent.register(green);
    await agent.stage({ bundle: "green", reason: "r", expect: 1 });
    await agent.run({ bundle: "green" }, (run) => run.usage(call(5)));
    const moving = await agent.start();
    if (!moving.placed) throw new Error("not placed");
    await moving.run.migrate({ to: "green", reason: "r" });
    moving.run.usage(call(7));
    await moving.run.finish({ outcome: "completed" });
    await work(agent, clock, 1_000, 2);
    const lines = await agent.blame({ from, to: clock.now() + minute });
    expect(lines).toMatchObject([{ bundle: "blue", runs: 1, costs: [{ cost: "2" }] }]);
    await agent.close();
  });

  it("counts runs that hung or whose process died, once, whoever sweeps them [BLAME-BUNDLE]", async () => {
    const { open, clock } = createWorld();
    const agent = open();
    const started = await agent.start({ maxAgeMs: minute });
    if (!started.placed) throw new Error("not placed");
    await clock.advance(minute + 5_000);
    const other = open();
    expect(await other.sweep()).toBe(1);
    expect(await agent.sweep()).toBe(0);
    await work(agent, clock, 100, 1);
    await other.close();
    const [line] = await agent.blame({ from: 0, to: clock.now() + minute });
    expect(line).toMatchObject({ runs: 2, completed: 1, expired: 1, errorRate: 0.5 });
    expect(line?.p95Ms).toBeGreaterThan(minute * 0.98);
    await agent.close();
  });

  it.each(["done", "dropped"] as const)(
    "counts a run once whose finish got no reply (%s), before its deadline and after [BLAME-BUNDLE]",
    async (fate) => {
      const { open, clock, store } = createWorld();
      const agent = open();
      const detectors = createLiveDetectors();
      const watched = open({ detectors });
      for (const process of [agent, watched]) {
        const started = await process.start({ maxAgeMs: minute });
        if (!started.placed) throw new Error("not placed");
        started.run.usage(call(1));
        for (let n = 0; n < 3; n++) store.loseReply(fate);
        await started.run.finish({ outcome: "completed" });
        await clock.advance(5_000);
      }
      const once = { runs: 2, completed: 2, expired: 0, costs: [{ cost: "2" }] };
      expect(await agent.blame({ from: 0, to: clock.now() + minute })).toMatchObject([once]);
      await clock.advance(2 * minute);
      for (const process of [agent, watched]) await process.sweep();
      expect(await agent.blame({ from: 0, to: clock.now() + minute })).toMatchObject([once]);
      const windows = (await store.list("agent/window/", { limit: 100 })).entries.map(({ value }) => value);
      expect(windows.join("")).toMatch(/"completed":1/);
      expect(windows.join("")).not.toMatch(/"expired":\d*1/);
      await agent.close();
      await watched.close();
    },
  );

  it("says which calls had no price, and keeps silent where there is nothing to say [BLAME-BUNDLE]", async () => {
    const { open, clock } = createWorld();
    const agent = open();
    expect(await agent.blame({ from: 0, to: clock.now() + minute })).toEqual([]);
    await agent.run({}, (run) => {
      run.usage(call(null));
      agent.score(run.scope, { name: "length", value: 7 });
    });
    const cancelled = await agent.start();
    if (cancelled.placed) await cancelled.run.finish({ outcome: "cancelled" });
    expect(await agent.blame({ from: 0, to: clock.now() + minute })).toMatchObject([
      { costs: [], unpricedCalls: 1, scores: {}, runs: 1, cancelled: 1 },
    ]);
    await agent.close();
  });

  it.each([
    [{ name: "" }, "score.name"],
    [{ name: "q", value: Number.NaN }, "score.value"],
    [{ name: "q", passed: 1 }, "score.passed"],
  ])("a score of %j is refused by name", async (score, argument) => {
    const agent = createWorld().open();
    const scope = await agent.run({}, (run) => run.scope);
    expect(() => agent.score(scope, score as never)).toThrow(
      expect.objectContaining({ code: "invalid-argument", details: { argument } }),
    );
    await agent.close();
  });

  it.each([
    [{ run: "" }, "scope.run"],
    [{ bundle: "a/b" }, "scope.bundle"],
    [{ acceptedAt: Date.parse("a while ago") }, "scope.acceptedAt"],
    [{ acceptedAt: -1 }, "scope.acceptedAt"],
  ])("a score of the run %j is refused by name", async (also, argument) => {
    const agent = createWorld().open();
    const scope = await agent.run({}, (run) => run.scope);
    expect(() => agent.score({ ...scope, ...also }, { name: "q", passed: true })).toThrow(
      expect.objectContaining({ code: "invalid-argument", details: { argument } }),
    );
    await agent.close();
  });
});

describe("pieces", () => {
  function watching() {
    const world = createWorld();
    const now = { text: "brief", index: "1" };
    const agent = world.open({
      pieces: { prompt: () => now.text, index: () => digestOf(now.index), everyMs: minute },
    });
    const told: string[] = [];
    agent.on("piece-drift", ({ bundle, piece, entry }) => told.push(`${bundle} ${piece}.${entry}`));
    return { ...world, agent, now, told };
  }

  it("are looked at after a load and from time to time; drift names the entry, once [PIECE-DRIFT]", async () => {
    const { agent, clock, now, told } = watching();
    now.index = "2";
    await agent.run({}, () => {});
    await clock.advance(0);
    expect(told).toEqual(["blue indexes.docs"]);
    await clock.advance(3 * minute);
    expect(told).toHaveLength(1);
    now.index = "3";
    await clock.advance(minute);
    expect(told).toEqual(["blue indexes.docs", "blue indexes.docs"]);
    now.index = "1";
    await clock.advance(minute);
    now.index = "3";
    now.text = "brief!";
    await clock.advance(minute);
    expect(told.slice(2)).toEqual(["blue prompts.system", "blue indexes.docs"]);
    await agent.close();
    expect(clock.pending).toBe(0);
  });

  it("can be looked at on demand, one bundle or all that stand here [PIECE-DRIFT]", async () => {
    const { agent, now, told } = watching();
    expect(await agent.checkPieces()).toEqual([]);
    await agent.run({}, () => {});
    expect(await agent.checkPieces()).toMatchObject([{ bundle: "blue", same: 2, drift: [] }]);
    await agent.register(green);
    now.text = "kind";
    expect(await agent.checkPieces("green")).toMatchObject([{ bundle: "green", same: 2 }]);
    expect(told).toEqual([]);
    await expect(agent.checkPieces("nobody")).rejects.toMatchObject({ code: "bundle-unknown" });
    await agent.close();
  });

  it("that cannot be looked at are told apart from drift, and harm no run [PIECE-DRIFT]", async () => {
    const { open, clock } = createWorld();
    const failed: unknown[] = [];
    const agent = open({
      pieces: {
        index: () => {
          throw new Error("mine");
        },
      },
    });
    agent.on("piece-check-failed", ({ entry }) => failed.push(entry));
    expect(await agent.run({}, () => 7)).toBe(7);
    await clock.advance(0);
    expect(failed).toEqual(["docs"]);
    await agent.close();
  });

  it("cost a process that looks at none no timer, and odd times are refused", async () => {
    const { open } = createWorld();
    for (const [pieces, argument] of [
      [{ everyMs: 1 }, "pieces.everyMs"],
      [{ lateMs: 0 }, "pieces.lateMs"],
    ] as const) {
      expect(() => open({ pieces })).toThrow(expect.objectContaining({ details: { argument } }));
    }
    const { open: openQuiet, clock } = createWorld();
    const agent = openQuiet({ watch: false });
    await agent.ready();
    expect(clock.pending).toBe(0);
    await agent.close();
  });
});

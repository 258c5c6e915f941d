import { createMemoryStore } from "@verdigris/store-memory";
import { aBundle, createFakeClock, createFaultyStore } from "@verdigris/testing";
import { createVerdigris, type Verdigris, type VerdigrisOptions } from "verdigris";
import { describe, expect, it } from "vitest";

const [blue, green] = [aBundle("blue"), aBundle("green")];

function createWorld() {
  const clock = createFakeClock();
  const records = createMemoryStore({ clock });
  const store = createFaultyStore(records);
  const open = (more: Partial<VerdigrisOptions<undefined>> = {}): Verdigris =>
    createVerdigris({ agent: "agent", store, bundle: blue, clock, actor: "ana", ...more });
  return { clock, records, store, open };
}

describe("an instrument's process", () => {
  it("is given to it once, and what it began is waited for when that closes [SDK-INSTRUMENT-CONNECT]", async () => {
    const heard: string[] = [];
    const { open } = createWorld();
    const agent = open({
      instrument: {
        connect(process) {
          process.on("run-finished", ({ scope }) => heard.push(`${process.agent} ${scope.bundle}`));
          process.on("route", () => heard.push(`live ${process.route()?.live}`));
          return async () => {
            await null;
            heard.push("closed");
          };
        },
      },
    });
    await agent.run({}, () => {});
    await agent.close();
    expect(heard).toEqual(["live blue", "agent blue", "closed"]);
  });

  it("does not suffer from one that throws, hangs or is not there [SDK-INSTRUMENT-CONNECT]", async () => {
    const failed: string[] = [];
    const { open, clock } = createWorld();
    const mine = (): never => {
      throw new Error("mine");
    };
    const hanging = { connect: () => () => new Promise<void>(() => {}) };
    const agent = open({ instrument: [{ connect: () => mine }, {}, hanging] });
    agent.on("listener-failed", ({ source }) => failed.push(source));
    expect(await agent.run({}, () => 7)).toBe(7);
    const closing = agent.close();
    await clock.advance(5_000);
    await closing;
    expect(failed).toEqual(["instrument.connect"]);
    expect(clock.pending).toBe(0);
    const thrower = open({ instrument: { connect: mine } });
    expect(await thrower.run({}, () => 7)).toBe(7);
  });
});

describe("costs", () => {
  const usage = { model: "m", inputTokens: 3, outputTokens: 1, cost: 0.1 };

  it("hold what this process has noted just now, under the bundle of each call [COSTS-APART]", async () => {
    const { open, clock } = createWorld();
    const agent = open();
    await agent.register(green);
    const started = await agent.start({ labels: { tenant: "acme" } });
    if (!started.placed) throw new Error("not placed");
    await started.run.step("plan", (step) => step.usage(usage));
    await agent.flip({ to: "green", reason: "r", expect: 1 });
    await started.run.migrate({ to: "green", reason: "r" });
    started.run.usage({ ...usage, cost: 0.2 });
    await started.run.finish({ outcome: "completed" });
    const range = { from: 0, to: clock.now() + 60_000 };
    const { lines } = await agent.costs({ ...range, by: "bundle" });
    expect(lines.map(({ key, cost }) => [key, cost])).toEqual([
      ["blue", "0.1"],
      ["green", "0.2"],
    ]);
    const steps: (string | undefined)[] = [];
    for await (const { step } of agent.usage(range)) steps.push(step);
    expect(steps).toEqual(["plan", undefined]);
    await agent.close();
    expect(clock.pending).toBe(0);
  });

  it("are kept nowhere where that is turned off, and need a store", async () => {
    const { open, records, clock } = createWorld();
    const agent = open({ usage: false });
    await agent.run({}, (run) => run.usage(usage));
    await agent.close();
    expect((await records.list("agent/usage/", { limit: 1 })).entries).toEqual([]);
    const tagging = createVerdigris({ agent: "agent", bundle: blue, clock });
    await expect(tagging.costs({ from: 0, to: 1 })).rejects.toMatchObject({ code: "store-lacks-capability" });
  });

  it("are written when the process closes, and lost ones are told of [USAGE-BOUNDED]", async () => {
    const { open, store, records } = createWorld();
    const agent = open();
    const lost: number[] = [];
    agent.on("usage-lost", (event) => lost.push(event.records));
    await agent.run({}, (run) => run.usage(usage));
    store.failNext("store-limit", "commit");
    await agent.costs({ from: 0, to: 1 });
    expect(lost).toEqual([1]);
    await agent.run({}, (run) => run.usage(usage));
    await agent.close();
    expect((await records.list("agent/usage/", { limit: 10 })).entries).toHaveLength(1);
  });
});

describe("a score an instrument gives", () => {
  it("is told to everybody, and counts for blame [BLAME-BUNDLE]", async () => {
    const { open, clock } = createWorld();
    const heard: string[] = [];
    const agent = open({
      instrument: {
        connect: (process) =>
          process.on("run-finished", ({ scope }) => process.score(scope, { name: "live", passed: false })),
      },
    });
    agent.on("run-scored", ({ score }) => heard.push(score.name));
    await agent.run({}, () => {});
    expect(heard).toEqual(["live"]);
    const [line] = await agent.blame({ from: 0, to: clock.now() + 60_000 });
    expect(line?.scores).toEqual({ live: { scored: 1, passRate: 0 } });
    await agent.close();
  });
});

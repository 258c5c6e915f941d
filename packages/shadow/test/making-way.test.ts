import { describe, expect, it } from "vitest";
import type { ShadowSession } from "../src/index.ts";
import { createWorld, gated, type Run, say } from "./world.ts";

const priced =
  (cost: number | null, inputTokens = 100): Run =>
  (_, session: ShadowSession) => {
    if (session.mode === "shadow") session.usage({ model: "m", inputTokens, outputTokens: 0, cost });
    return "x";
  };

describe("the queue", () => {
  it("holds no more than it may, and counts what it drops [SHADOW-BOUNDED]", async () => {
    const { run, gates } = gated();
    const { shadow, settle } = createWorld(say("x"), run, {
      maxInFlight: 1,
      maxQueued: 2,
      baseline: { first: 0, share: 0 },
    });
    for (let n = 0; n < 6; n += 1) await shadow.run(n);
    await settle();
    expect(shadow.status()).toMatchObject({ inFlight: 1, queued: 1, dropped: { "queue-full": 4 } });
    for (let n = 0; n < 2; n += 1) {
      gates.shift()?.();
      await settle();
    }
    expect(shadow.status()).toMatchObject({ inFlight: 0, queued: 0, compared: 2 });
  });

  it("makes no job that it would drop: neither hooks nor ids are asked for one [SHADOW-BOUNDED]", async () => {
    const { run } = gated();
    let made = 0;
    const { shadow, settle } = createWorld(say("x"), run, {
      maxInFlight: 1,
      maxQueued: 2,
      sliceOf: () => {
        made += 1;
        return null;
      },
    });
    // All of them end before the first job is made: what is still to be made takes its place already.
    for (let n = 0; n < 50; n += 1) await shadow.run(n);
    expect(shadow.status()).toMatchObject({ dropped: { "queue-full": 48 } });
    await settle();
    expect(made).toBe(2);
  });

  it("of the caller's own takes no more at once either, and one that never answers is given up [SHADOW-BOUNDED]", async () => {
    let sent = 0;
    const { shadow, clock } = createWorld(say("x"), say("x"), {
      maxQueued: 2,
      maxRunMs: 1_000,
      queue: {
        send: () => {
          sent += 1;
          return new Promise<void>(() => {});
        },
      },
    });
    for (let n = 0; n < 5; n += 1) {
      expect(await shadow.run(n)).toBe("x");
      await clock.advance(1);
    }
    expect(sent).toBe(2);
    expect(shadow.status().dropped).toEqual({ "queue-full": 3 });
    await clock.advance(1_000);
    expect(shadow.status().dropped).toEqual({ "queue-full": 3, "send-failed": 2 });
    let idle = false;
    void shadow.idle().then(() => {
      idle = true;
    });
    await clock.advance(1);
    expect(idle).toBe(true);
  });

  it("takes nothing down once the budget is spent", async () => {
    const tool = async () => 1;
    const { shadow } = createWorld(say("x"), say("x"), { budget: { tokens: 0 } });
    expect(shadow.watch("q").session.tool("t", tool)).toBe(tool);
    expect(shadow.status().dropped).toEqual({ budget: 1 });
  });

  it("throws a recording away when its time is over, also while nothing may run [SHADOW-PRIVATE]", async () => {
    const { shadow, clock } = createWorld(say("x"), say("x"), { pressure: () => true, jobMs: 1_000 });
    await shadow.run(1);
    await clock.advance(600);
    await shadow.run(2);
    await clock.advance(401);
    expect(shadow.status()).toMatchObject({ queued: 1, dropped: { expired: 1 } });
    await clock.advance(600);
    expect(shadow.status()).toMatchObject({ queued: 0, dropped: { expired: 2 } });
  });

  it("throws away what waited too long", async () => {
    const { run, gates } = gated();
    const { shadow, settle, clock } = createWorld(say("x"), run, {
      maxInFlight: 1,
      jobMs: 1_000,
      maxRunMs: 1e9,
      baseline: { first: 0, share: 0 },
    });
    await shadow.run(1);
    await settle();
    await shadow.run(2);
    await clock.advance(1_001);
    gates.shift()?.();
    await settle();
    expect(shadow.status()).toMatchObject({ compared: 1, dropped: { expired: 1 } });
  });

  it("idle resolves when nothing is left", async () => {
    const { shadow, clock } = createWorld(say("x"), say("x"));
    for (let n = 0; n < 5; n += 1) await shadow.run(n);
    let idle = false;
    void shadow.idle().then(() => {
      idle = true;
    });
    await Promise.resolve();
    expect(idle).toBe(false);
    await clock.advance(1);
    expect(idle).toBe(true);
    expect(shadow.status().compared).toBe(5);
  });
});

describe("the budget", () => {
  it("of zero runs nothing, and counts what it would have run [SHADOW-BUDGET]", async () => {
    for (const budget of [{ cost: 0 }, { tokens: 0 }]) {
      const { shadow, settle } = createWorld(say("x"), priced(1), { budget });
      expect(await shadow.run("q")).toBe("x");
      await settle();
      expect(shadow.status()).toMatchObject({
        compared: 0,
        dropped: { budget: 1 },
        spend: { runs: 0, cost: 0 },
      });
      expect(shadow.status().paused).toContain(
        "is spent".slice(3) === "spent" && "cost" in budget ? "spent" : "used",
      );
    }
  });

  it("stops before the run that would not fit any more [SHADOW-BUDGET]", async () => {
    const { shadow, settle } = createWorld(say("x"), priced(3), {
      budget: { cost: 10 },
      baseline: { first: 0, share: 0 },
      maxInFlight: 1,
    });
    for (let n = 0; n < 6; n += 1) {
      await shadow.run(n);
      await settle();
    }
    expect(shadow.status()).toMatchObject({
      compared: 3,
      dropped: { budget: 3 },
      spend: { runs: 3, cost: 9 },
    });
  });

  it("stops a run in the middle that goes beyond it, which is then not compared [SHADOW-BUDGET]", async () => {
    let afterwards = 0;
    const greedy: Run = async (_, session) => {
      if (session.mode === "live") return "x";
      session.usage({ model: "m", inputTokens: 0, outputTokens: 0, cost: 11 });
      await Promise.resolve();
      const tool = session.tool("pure", async () => {
        afterwards += 1;
      });
      await tool();
      return "x";
    };
    const { shadow, settle } = createWorld(say("x"), greedy, {
      budget: { cost: 10 },
      tools: { pure: "pure" },
    });
    await shadow.run("q");
    await settle();
    expect(shadow.status()).toMatchObject({ compared: 0, dropped: { budget: 1 }, spend: { cost: 11 } });
    expect(afterwards).toBe(0);
  });

  it("on cost closes at a model call without a price, which cannot be counted [SHADOW-BUDGET]", async () => {
    const { shadow, settle } = createWorld(say("x"), priced(null), { budget: { cost: 10 } });
    await shadow.run("q");
    await settle();
    expect(shadow.status()).toMatchObject({ compared: 0, spend: { unpriced: 1 } });
    expect(shadow.status().paused).toContain("no price");
    const free = createWorld(say("x"), priced(null), { budget: { tokens: 1_000 } });
    await free.shadow.run("q");
    await free.settle();
    expect(free.shadow.status()).toMatchObject({ compared: 1, paused: null, spend: { unpriced: 1 } });
  });

  it("has no second run that would not fit, and keeps what the first one said [SHADOW-BUDGET]", async () => {
    const { shadow, settle } = createWorld(say("x"), priced(6), {
      budget: { cost: 10 },
      baseline: { first: 1, green: true },
    });
    await shadow.run("q");
    await settle();
    expect(shadow.status()).toMatchObject({ compared: 1, dropped: {}, spend: { runs: 1, cost: 6 } });
    expect(shadow.evidence().divergence.views.answer).toMatchObject({ n: 1, pairs: 0, errors: 0 });
  });

  it("counts what the second runs spend too", async () => {
    const { shadow, settle } = createWorld(priced(2), priced(3), { baseline: { first: 10, green: true } });
    await shadow.run("q");
    await settle();
    expect(shadow.status().spend).toMatchObject({ runs: 3, cost: 8 });
  });
});

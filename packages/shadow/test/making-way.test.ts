import type { JsonValue } from "@verdigris/contracts";
import { createFakeClock } from "@verdigris/testing";
import { describe, expect, it } from "vitest";
import { type Comparator, createPressureGauge, type ShadowJob, type ShadowSession } from "../src/index.ts";
import { createWorld, type Run, say } from "./world.ts";

const priced =
  (cost: number | null, inputTokens = 100): Run =>
  (_, session: ShadowSession) => {
    if (session.mode === "shadow") session.usage({ model: "m", inputTokens, outputTokens: 0, cost });
    return "x";
  };

/** A run that waits to be let go. */
function gated() {
  const gates: (() => void)[] = [];
  const run: Run = (_, session) =>
    session.mode === "live" ? "x" : new Promise<JsonValue>((resolve) => gates.push(() => resolve("x")));
  return { run, gates };
}

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

describe("under pressure", () => {
  it("shadow runs stop at a refusal anywhere, go on when it is over, and nobody else waits [SHADOW-SHEDS]", async () => {
    const { run, gates } = gated();
    const clock = createFakeClock();
    const pressure = createPressureGauge({ clock, pauseMs: 5_000 });
    const { shadow } = createWorld(say("x"), run, {
      clock,
      pressure,
      baseline: { first: 0, share: 0 },
      maxInFlight: 1,
    });
    await shadow.run(1);
    await clock.advance(1);
    await shadow.run(2);
    await clock.advance(1);
    expect(shadow.status()).toMatchObject({ inFlight: 1, queued: 1, paused: null });
    pressure.refused();
    await clock.advance(1);
    expect(shadow.status()).toMatchObject({
      inFlight: 0,
      queued: 1,
      dropped: { shed: 1 },
      paused: "the provider pushes back",
    });
    expect(await shadow.run(3)).toBe("x");
    await clock.advance(4_998);
    expect(shadow.status().inFlight).toBe(0);
    await clock.advance(2);
    expect(shadow.status().inFlight).toBe(1);
    gates.at(-1)?.();
    await clock.advance(1);
    expect(shadow.status().compared).toBe(1);
  });

  it("stops a comparator that judges, which is then no failure of its view [SHADOW-SHEDS]", async () => {
    const clock = createFakeClock();
    const pressure = createPressureGauge({ clock });
    const signals: AbortSignal[] = [];
    const judge: Comparator = {
      name: "judge",
      distance: (_a, _b, { signal }) => {
        signals.push(signal);
        return new Promise<number>(() => {});
      },
    };
    const { shadow } = createWorld(say("x"), say("x"), { clock, pressure, comparators: [judge] });
    await shadow.run("q");
    await clock.advance(1);
    pressure.refused();
    await clock.advance(1);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    expect(shadow.status()).toMatchObject({ compared: 0, inFlight: 0, dropped: { shed: 1 } });
    await clock.advance(5_000);
    await shadow.run("q");
    await clock.advance(1);
    expect(shadow.status().inFlight).toBe(1);
    await shadow.close();
    expect(shadow.status()).toMatchObject({ compared: 0, dropped: { shed: 1, closed: 1 } });
  });

  it("a function is asked again every second", async () => {
    let pushed = true;
    const { shadow, clock } = createWorld(say("x"), say("x"), { pressure: () => pushed });
    await shadow.run(1);
    await clock.advance(10_000);
    expect(shadow.status()).toMatchObject({ compared: 0, queued: 1 });
    pushed = false;
    await clock.advance(1_001);
    expect(shadow.status().compared).toBe(1);
  });
});

describe("a pressure gauge", () => {
  const refusing =
    (status: number, headers: Record<string, string> = {}): typeof fetch =>
    async () =>
      new Response(null, { status, headers });

  it("hears it from every fetch it watches, and changes no answer", async () => {
    const clock = createFakeClock();
    const gauge = createPressureGauge({ clock, pauseMs: 1_000 });
    for (const status of [200, 400, 500])
      expect((await gauge.watch(refusing(status))("http://x")).status).toBe(status);
    expect(gauge.pauseMs()).toBe(0);
    for (const status of [429, 503, 529]) {
      const fresh = createPressureGauge({ clock, pauseMs: 1_000 });
      expect((await fresh.watch(refusing(status))("http://x")).status).toBe(status);
      expect(fresh.pauseMs()).toBe(1_000);
    }
    const broken = gauge.watch<typeof fetch>(async () => Promise.reject(new Error("no network")));
    await expect(broken("http://x")).rejects.toThrow("no network");
  });

  it("waits as long as it is told, in seconds or as a date, within its limit", async () => {
    const clock = createFakeClock();
    const cases: readonly [string, number][] = [
      ["7", 7_000],
      [new Date(clock.now() + 20_000).toUTCString(), 20_000],
      ["0", 1_000],
      ["soon", 1_000],
      ["9999", 60_000],
      ["", 1_000],
    ];
    for (const [header, pause] of cases) {
      const gauge = createPressureGauge({ clock, pauseMs: 1_000, maxPauseMs: 60_000 });
      await gauge.watch(refusing(429, { "retry-after": header }))("http://x");
      expect(gauge.pauseMs(), header).toBe(pause);
    }
  });

  it("doubles on the heels of a pause, up to its limit, and begins anew after a quiet time", async () => {
    const clock = createFakeClock();
    const gauge = createPressureGauge({ clock, pauseMs: 1_000, maxPauseMs: 4_000 });
    const pauses: number[] = [];
    for (let n = 0; n < 4; n += 1) {
      gauge.refused();
      pauses.push(gauge.pauseMs());
      gauge.refused();
      expect(gauge.pauseMs()).toBe(pauses.at(-1));
      await clock.advance(gauge.pauseMs() + 1);
    }
    expect(pauses).toEqual([1_000, 2_000, 4_000, 4_000]);
    await clock.advance(4_000);
    gauge.refused();
    expect(gauge.pauseMs()).toBe(1_000);
  });

  it("refuses pauses that are none", () => {
    for (const options of [{ pauseMs: 0 }, { maxPauseMs: Number.NaN }]) {
      expect(() => createPressureGauge(options)).toThrowError(
        expect.objectContaining({ code: "invalid-argument" }),
      );
    }
  });
});

describe("across processes", () => {
  function crossing() {
    const jobs: string[] = [];
    const web = createWorld(say("same"), say("never here"), {
      queue: { send: (job) => void jobs.push(JSON.stringify(job)) },
    });
    const worker = createWorld(say("same"), say("same"));
    return { jobs, web, worker };
  }

  it("a job travels as JSON to a worker, and its report back, each counted once [SHADOW-QUEUE]", async () => {
    const { jobs, web, worker } = crossing();
    expect(await web.shadow.run({ q: 1 }, { key: "ada" })).toBe("same");
    await web.settle();
    const job = JSON.parse(jobs[0] ?? "") as ShadowJob;
    expect(job).toMatchObject({
      v: 1,
      id: "shadow-1",
      key: "ada",
      input: { q: 1 },
      blue: "blue",
      green: "green",
    });
    const report = JSON.parse(JSON.stringify(await worker.shadow.take(job)));
    web.shadow.report(report);
    web.shadow.report(report);
    expect(web.shadow.status()).toMatchObject({ compared: 1, dropped: { repeated: 1 } });
    expect(worker.shadow.status().compared).toBe(0);
  });

  it("a worker refuses what is not its own or comes too late, and says so in its counts [SHADOW-QUEUE]", async () => {
    const { jobs, web, worker } = crossing();
    await web.shadow.run(1);
    await web.settle();
    const job = JSON.parse(jobs[0] ?? "") as ShadowJob;
    for (const foreign of [{ green: "other" }, { blue: "other" }, { agent: "other" }, { v: 2 }]) {
      expect(await worker.shadow.take({ ...job, ...foreign })).toBeNull();
    }
    await worker.clock.advance(600_000);
    expect(await worker.shadow.take(job)).toBeNull();
    expect(worker.shadow.status().dropped).toEqual({ foreign: 4, expired: 1 });
  });

  it("a report on other bundles is refused", async () => {
    const { jobs, web, worker } = crossing();
    await web.shadow.run(1);
    await web.settle();
    const report = await worker.shadow.take(JSON.parse(jobs[0] ?? "") as ShadowJob);
    expect(() =>
      web.shadow.report({ ...(report as NonNullable<typeof report>), green: "other" }),
    ).toThrowError(expect.objectContaining({ code: "evidence-invalid" }));
    expect(web.shadow.status().compared).toBe(0);
  });

  it("a queue that fails is counted", async () => {
    const { shadow, settle } = createWorld(say("x"), say("x"), {
      queue: { send: () => Promise.reject(new Error("down")) },
    });
    await shadow.run(1);
    await settle();
    expect(shadow.status().dropped).toEqual({ "send-failed": 1 });
  });
});

import { createFakeClock } from "@verdigris/testing";
import { describe, expect, it } from "vitest";
import { type Comparator, createPressureGauge } from "../src/index.ts";
import { createWorld, gated, type Run, say } from "./world.ts";

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
      paused: expect.stringContaining("pushes back"),
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

  it("a job that is being sent to the caller's queue is no run, and arrives [SHADOW-QUEUE]", async () => {
    const clock = createFakeClock();
    const pressure = createPressureGauge({ clock });
    let arrive = (): void => {};
    const send = () =>
      new Promise<void>((resolve) => {
        arrive = resolve;
      });
    const { shadow } = createWorld(say("x"), say("x"), { clock, pressure, queue: { send } });
    await shadow.run("q", { key: "ada" });
    await clock.advance(1);
    pressure.refused();
    expect(await shadow.erase({ subject: "ada" })).toBe(0);
    await clock.advance(1);
    arrive();
    await clock.advance(1);
    expect(shadow.status()).toMatchObject({ sampled: 1, dropped: {} });
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

/** A provider that takes 20 calls a second, tells how many are left, and refuses the rest. */
function limitedProvider(clock: ReturnType<typeof createFakeClock>): typeof fetch {
  const limit = 20;
  let [second, used] = [-1, 0];
  return async () => {
    const now = Math.floor(clock.now() / 1_000);
    if (now !== second) [second, used] = [now, 0];
    used += 1;
    const headers = {
      "x-ratelimit-limit-requests": String(limit),
      "x-ratelimit-remaining-requests": String(Math.max(0, limit - used)),
      "x-ratelimit-reset-requests": `${1_000 - (clock.now() % 1_000)}ms`,
    };
    return new Response(null, { status: used > limit ? 429 : 200, headers });
  };
}

describe("beside a provider with a limit that users alone do not reach", () => {
  /** Users' calls that were refused, and shadow runs that were compared, in a minute of 12 users' calls a second. */
  async function minute(reserve: number) {
    const clock = createFakeClock();
    const gauge = createPressureGauge({ clock, reserve });
    const call = gauge.watch(limitedProvider(clock));
    let refused = 0;
    const agent: Run = async (_, session) => {
      const { status } = await call("http://provider");
      if (session.mode === "live" && status !== 200) refused += 1;
      return "x";
    };
    const { shadow } = createWorld(agent, agent, { clock, pressure: gauge, maxInFlight: 1 });
    for (let n = 0; n < 60 * 12; n += 1) {
      await shadow.run(n);
      await clock.advance(1_000 / 12);
    }
    return { refused, compared: shadow.status().compared };
  }

  it("no user's call is refused for a shadow run's, which go on with what users leave [SHADOW-SHEDS]", async () => {
    const { refused, compared } = await minute(0.75);
    expect(refused).toBe(0);
    expect(compared).toBeGreaterThan(50);
  });

  it("without the reserve some are: a refusal is heard when it has happened", async () => {
    const { refused } = await minute(0);
    expect(refused).toBeGreaterThan(0);
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

  it("leaves a share of the limit to users, as the headers of three families tell it [SHADOW-SHEDS]", async () => {
    const clock = createFakeClock();
    const inAMinute = new Date(clock.now() + 60_000).toISOString();
    const epoch = String(Math.round(clock.now() / 1_000) + 30);
    const cases: readonly [Record<string, string>, number][] = [
      [
        {
          "x-ratelimit-limit-requests": "100",
          "x-ratelimit-remaining-requests": "49",
          "x-ratelimit-reset-requests": "1m30s",
        },
        90_000,
      ],
      [
        {
          "x-ratelimit-limit-tokens": "100",
          "x-ratelimit-remaining-tokens": "0",
          "x-ratelimit-reset-tokens": "120ms",
        },
        120,
      ],
      [
        {
          "anthropic-ratelimit-tokens-limit": "100",
          "anthropic-ratelimit-tokens-remaining": "9",
          "anthropic-ratelimit-tokens-reset": inAMinute,
        },
        60_000,
      ],
      [{ "ratelimit-limit": "100", "ratelimit-remaining": "1", "ratelimit-reset": "7" }, 7_000],
      [{ "x-ratelimit-limit": "100", "x-ratelimit-remaining": "1", "x-ratelimit-reset": epoch }, 30_000],
      [
        {
          "x-ratelimit-limit-requests": "100",
          "x-ratelimit-remaining-requests": "50",
          "x-ratelimit-reset-requests": "1m",
        },
        0,
      ],
      [{ "x-ratelimit-remaining-requests": "1", "x-ratelimit-reset-requests": "1m" }, 0],
      [{ "ratelimit-limit": "100", "ratelimit-remaining": "1", "ratelimit-reset": "whenever" }, 0],
      [{ "ratelimit-limit": "100", "ratelimit-remaining": "", "ratelimit-reset": "9999" }, 300_000],
    ];
    for (const [headers, pause] of cases) {
      const gauge = createPressureGauge({ clock });
      let refusals = 0;
      gauge.onRefused(() => {
        refusals += 1;
      });
      await gauge.watch(refusing(200, headers))("http://x");
      expect(Math.abs(gauge.pauseMs() - pause), JSON.stringify(headers)).toBeLessThan(1_000);
      if (pause === 0) expect(gauge.pauseMs()).toBe(0);
      expect(refusals).toBe(0);
      const deaf = createPressureGauge({ clock, reserve: 0 });
      await deaf.watch(refusing(200, headers))("http://x");
      expect(deaf.pauseMs()).toBe(0);
    }
    const odd = createPressureGauge({ clock });
    const response = { status: 200 } as Response;
    expect(await odd.watch<typeof fetch>(async () => response)("http://x")).toBe(response);
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
    for (const options of [{ pauseMs: 0 }, { maxPauseMs: Number.NaN }, { reserve: 1 }, { reserve: -0.1 }]) {
      expect(() => createPressureGauge(options)).toThrowError(
        expect.objectContaining({ code: "invalid-argument" }),
      );
    }
  });
});

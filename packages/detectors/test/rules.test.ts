import type { Signal } from "@verdigris/contracts";
import {
  costRegression,
  createJudge,
  custom,
  eventRate,
  hardErrors,
  latencyRegression,
  passRateFloor,
  type Rule,
} from "@verdigris/detectors";
import { describe, expect, it } from "vitest";
import { began, lookAt, minute, type Scene } from "./world.ts";

function judged(rule: Rule, scene: Scene): Signal {
  const [signal] = createJudge([rule])(lookAt(scene));
  if (signal === undefined) throw new Error("no signal");
  return signal;
}

const usual = { perMinute: 12, minutes: 30 };

describe("latencyRegression", () => {
  it("alarms on twice the run time, and names both values, ratio, limit and runs [DETECT-ALARM]", () => {
    const signal = judged(latencyRegression(), { green: { ...usual, slower: 2 }, blue: usual });
    expect(signal).toMatchObject({ status: "alarm", name: "latency-regression", limit: 1.25, unit: "ms" });
    expect(signal.ratio).toBeGreaterThan(1.25);
    expect(signal.value! / signal.reference!).toBeCloseTo(signal.ratio!, 9);
    expect(signal.evidence).toBeGreaterThan(100);
    expect(signal.n).toBeGreaterThan(300);
    expect(signal.baseline).toEqual({ kind: "concurrent", bundle: "blue" });
  });

  it("does not alarm on an identical bundle, however its window looks [DETECT-ALARM]", () => {
    for (let seed = 1; seed <= 40; seed++)
      expect(
        judged(latencyRegression(), { green: usual, blue: usual, seed }).status,
        `seed ${seed}`,
      ).not.toBe("alarm");
  });

  it("does not alarm on a slowdown within its limit, however sure it is [DETECT-ALARM]", () => {
    const much = { perMinute: 60, minutes: 60 };
    const signal = judged(latencyRegression({ ratio: 1.5 }), { green: { ...much, slower: 1.2 }, blue: much });
    expect(signal.evidence).toBeGreaterThan(100);
    expect(signal.status).not.toBe("alarm");
  });

  it("watches, and says about how many runs it takes, while there are fewer than it needs [DETECT-ALARM]", () => {
    const few = { perMinute: 3, minutes: 9 };
    const signal = judged(latencyRegression(), { green: { ...few, slower: 20 }, blue: few });
    expect(signal).toMatchObject({ status: "watching" });
    expect(signal.needed).toBeGreaterThanOrEqual(30);
    expect(signal.n).toBeLessThan(30);
  });

  it("watches below its own number of runs, however sure it is [DETECT-ALARM]", () => {
    const scene = { green: { ...usual, slower: 3 }, blue: { ...usual, perMinute: 60 } };
    const signal = judged(latencyRegression({ least: 1_000 }), scene);
    expect(signal.status).toBe("watching");
    expect(signal.evidence).toBeGreaterThan(100);
    expect(signal.ratio).toBeGreaterThan(1.25);
    expect(signal.needed).toBe(1_000);
    expect(signal.referenceN).toBeGreaterThan(1_000);
    expect(judged(latencyRegression({ least: 300 }), scene).status).toBe("alarm");
  });

  it("says in words what it found: both values, ratio, limit, baseline, evidence, and what it waits for", () => {
    const slow = judged(latencyRegression(), { green: { ...usual, slower: 2 }, blue: usual });
    const number = String.raw`[\d.e+]+`;
    expect(slow.reason).toMatch(
      new RegExp(
        `^alarm: beyond the limit, and beyond chance; p95 ${number} ms against ${number} ms, ${number}x \\(limit 1.25x\\), beside blue, evidence ${number}x of 100x$`,
      ),
    );
    expect(slow.interval!.low).toBeLessThan(slow.ratio!);
    expect(slow.interval!.high).toBeGreaterThan(slow.ratio!);
    const few = { perMinute: 3, minutes: 9 };
    const young = judged(latencyRegression(), { green: few, blue: few });
    expect(young.reason).toContain(`watching (${young.n} of about ${young.needed} runs): fewer than 30 runs`);
    const dear = judged(costRegression(), { green: { ...usual, dearer: 2 }, blue: usual, kind: "holdback" });
    expect(dear.reason).toContain("cost per completed run");
    expect(dear.reason).toContain("beside the holdback on blue");
    const wrong = judged(hardErrors(), { green: { ...usual, failing: 0.3 }, blue: usual });
    expect(wrong.reason).toMatch(/hard errors in \d+ runs against 0 of \d+ \(limit 0.01 per run\)/);
  });

  it("watches while the baseline has too few runs [DETECT-ALARM]", () => {
    const signal = judged(latencyRegression(), {
      green: { ...usual, slower: 20 },
      blue: { perMinute: 0.5, minutes: 30 },
    });
    expect(signal.status).toBe("watching");
    expect(signal.referenceN).toBeLessThan(30);
  });

  it("is clear when the whole interval lies within the limit", () => {
    const much = { perMinute: 60, minutes: 60 };
    const signal = judged(latencyRegression(), { green: much, blue: much });
    expect(signal.status).toBe("clear");
    expect(signal.interval!.high).toBeLessThanOrEqual(1.25);
  });

  it("counts runs that hang as slow, though they never end [DETECT-COHORT]", () => {
    const signal = judged(latencyRegression({ settleMs: 5 * minute }), {
      green: { ...usual, hanging: 0.4 },
      blue: usual,
    });
    expect(signal.status).toBe("alarm");
  });

  it("does not take an arm for quick because only its quick runs have ended [DETECT-COHORT]", () => {
    // At the tenth second of a look most runs of both arms are open; their time so far counts.
    const scene = { green: { perMinute: 60, minutes: 3, slower: 8 }, blue: { perMinute: 60, minutes: 3 } };
    const signal = judged(latencyRegression(), scene);
    expect(signal.ratio).toBeGreaterThan(1);
  });

  it.each([
    ["a canary of 5 %", { perMinute: 4, minutes: 60 }, { perMinute: 76, minutes: 60 }],
    ["a holdback of 5 %", { perMinute: 76, minutes: 60 }, { perMinute: 4, minutes: 60 }],
  ])("tells a slowdown from none with %s [DETECT-BASELINE]", (_, green, blue) => {
    const kind = green.perMinute > blue.perMinute ? ("holdback" as const) : ("concurrent" as const);
    const slow = judged(latencyRegression(), { green: { ...green, slower: 2 }, blue, kind });
    expect(slow.status).toBe("alarm");
    expect(slow.baseline).toEqual({ kind, bundle: "blue" });
    expect(judged(latencyRegression(), { green, blue, kind }).status).not.toBe("alarm");
  });

  it("catches a bundle that turns slow after an hour of going well", () => {
    const early = lookAt({
      green: { perMinute: 12, minutes: 60 },
      blue: { perMinute: 12, minutes: 90 },
      at: 90,
    });
    const late = lookAt({
      green: { perMinute: 12, minutes: 30, from: began + 60 * minute, slower: 2 },
      blue: { perMinute: 0, minutes: 0 },
      at: 90,
    });
    const judge = createJudge([latencyRegression()]);
    expect(judge(early)[0]?.status).not.toBe("alarm");
    expect(judge({ ...early, watched: [...early.watched, ...late.watched] })[0]?.status).toBe("alarm");
  });

  it("leaves the first runs out: cold caches are no regression", () => {
    const cold = lookAt({
      green: { perMinute: 60, minutes: 1, slower: 30 },
      blue: { perMinute: 60, minutes: 20 },
      at: 20,
    });
    const warm = lookAt({
      green: { perMinute: 60, minutes: 19, from: began + minute },
      blue: { perMinute: 0, minutes: 0 },
      at: 20,
    });
    const look = { ...cold, watched: [...cold.watched, ...warm.watched] };
    expect(createJudge([latencyRegression({ warmUp: 60, least: 300 })])(look)[0]?.ratio).toBeLessThan(1.25);
    expect(createJudge([latencyRegression({ warmUp: 0, least: 1_200 })])(look)[0]?.ratio).toBeGreaterThan(
      1.25,
    );
  });
});

describe("costRegression", () => {
  it("alarms on twice the cost and stays quiet on the same [DETECT-ALARM]", () => {
    expect(judged(costRegression(), { green: { ...usual, dearer: 2 }, blue: usual })).toMatchObject({
      status: "alarm",
      limit: 1.5,
    });
    for (let seed = 1; seed <= 20; seed++)
      expect(judged(costRegression(), { green: usual, blue: usual, seed }).status, `seed ${seed}`).not.toBe(
        "alarm",
      );
  });

  it("bears what failed runs spent in the cost of those that completed [DETECT-SPEND]", () => {
    const signal = judged(costRegression(), { green: { ...usual, failing: 0.6 }, blue: usual });
    expect(signal.status).toBe("alarm");
    expect(signal.ratio).toBeGreaterThan(1.9);
  });

  it("tells nothing while more than a twentieth of the costs are unknown: unpriced is not free [DETECT-SPEND]", () => {
    const look = lookAt({ green: { ...usual, dearer: 2 }, blue: usual });
    const watched = look.watched.map((cohort, i) =>
      i % 5 === 0 ? { ...cohort, unpriced: cohort.completed } : cohort,
    );
    expect(createJudge([costRegression()])({ ...look, watched })[0]?.status).toBe("watching");
  });

  it("tells nothing against a baseline that reports no cost", () => {
    const signal = judged(costRegression(), { green: usual, blue: { ...usual, dearer: 0 } });
    expect(signal).toMatchObject({ status: "watching", ratio: null });
  });

  it("weighs rare runaways in full where the agent has a budget", () => {
    const rule = costRegression({ maxCost: 2 });
    expect(judged(rule, { green: { ...usual, dearer: 2 }, blue: usual }).status).toBe("alarm");
  });
});

describe("passRateFloor", () => {
  it("alarms below its floor and not above it, and asks no other bundle [DETECT-ALARM]", () => {
    const low = judged(passRateFloor(), { green: { ...usual, passing: 0.75 }, blue: usual });
    expect(low).toMatchObject({ status: "alarm", baseline: { kind: "floor" }, reference: 0.9 });
    expect(judged(passRateFloor(), { green: { ...usual, passing: 0.97 }, blue: usual }).status).toBe("clear");
  });

  it("watches where nothing is scored: nothing known is no pass", () => {
    const look = lookAt({ green: usual, blue: usual });
    const unscored = look.watched.map((cohort) => ({ ...cohort, scored: 0, passed: 0 }));
    const [signal] = createJudge([passRateFloor()])({ ...look, watched: unscored });
    expect(signal).toMatchObject({ status: "watching", value: null, n: 0 });
  });
});

describe("hardErrors", () => {
  it("alarms on a few errors where the baseline has none [DETECT-ALARM]", () => {
    const signal = judged(hardErrors(), {
      green: { perMinute: 6, minutes: 5, failing: 0.3 },
      blue: { perMinute: 60, minutes: 5 },
    });
    expect(signal.status).toBe("alarm");
    expect(signal).toMatchObject({ ratio: null });
  });

  it("does not alarm where the baseline fails as often [DETECT-ALARM]", () => {
    for (let seed = 1; seed <= 20; seed++) {
      const arm = { ...usual, failing: 0.15 };
      expect(judged(hardErrors(), { green: arm, blue: arm, seed }).status, `seed ${seed}`).not.toBe("alarm");
    }
  });

  it("needs no baseline at all, and says so [DETECT-BASELINE]", () => {
    const signal = judged(hardErrors(), {
      green: { ...usual, failing: 0.2 },
      blue: { perMinute: 0, minutes: 0 },
    });
    expect(signal).toMatchObject({ status: "alarm", baseline: { kind: "floor" } });
  });

  it("counts a run that expired, and one in the first seconds", () => {
    const look = lookAt({ green: { perMinute: 6, minutes: 5 }, blue: { perMinute: 60, minutes: 5 } });
    const [first, ...rest] = look.watched;
    const watched = [{ ...first!, started: first!.started + 6, expired: 6 }, ...rest];
    expect(createJudge([hardErrors()])({ ...look, watched })[0]?.status).toBe("alarm");
  });

  it("does not alarm on fewer errors than `least`, however improbable", () => {
    const look = lookAt({ green: { perMinute: 6, minutes: 2 }, blue: usual });
    const [first, ...rest] = look.watched;
    const watched = [{ ...first!, started: first!.started + 2, failed: 2 }, ...rest];
    expect(createJudge([hardErrors({ tolerated: 1e-6 })])({ ...look, watched })[0]?.status).toBe("watching");
    const many = { green: { perMinute: 6, minutes: 5, failing: 0.4 }, blue: { perMinute: 60, minutes: 5 } };
    const failed = lookAt(many).watched.reduce((sum, cohort) => sum + cohort.failed, 0);
    const few = judged(hardErrors({ least: failed + 1 }), many);
    expect(few.status).not.toBe("alarm");
    expect(few.evidence).toBeGreaterThan(100);
    expect(judged(hardErrors({ least: failed }), many).status).toBe("alarm");
  });
});

describe("rules of the caller's own", () => {
  it("compare how often an event comes, by cohort like everything else", () => {
    const withEvents = (bundle: "watched" | "reference", every: number) => {
      const look = lookAt({ green: usual, blue: usual });
      return look[bundle].map((cohort, i) => ({
        ...cohort,
        events: new Map([["refusal", { n: cohort.started, hits: i % every === 0 ? cohort.started : 0 }]]),
      }));
    };
    const look = lookAt({ green: usual, blue: usual });
    const rule = eventRate({ name: "refusals", event: "refusal", tolerated: 0.05 });
    const more = { ...look, watched: withEvents("watched", 1), reference: withEvents("reference", 4) };
    expect(createJudge([rule])(more)[0]).toMatchObject({ name: "refusals", status: "alarm" });
    const same = { ...look, watched: withEvents("watched", 2), reference: withEvents("reference", 2) };
    expect(createJudge([rule])(same)[0]?.status).not.toBe("alarm");
  });

  it("say what they say, and watch when they throw", () => {
    const look = lookAt({ green: usual, blue: usual });
    const loud = custom({ name: "loud", evaluate: () => ({ status: "alarm", reason: "always" }) });
    const broken = custom({
      name: "broken",
      evaluate: () => {
        throw new Error("no");
      },
    });
    const signals = createJudge([loud, broken])(look);
    expect(signals.map(({ status }) => status)).toEqual(["alarm", "watching"]);
    expect(signals[0]).toMatchObject({ name: "loud", bundle: "green", at: look.at });
  });
});

describe("against the baseline's past", () => {
  const past = { perMinute: 12, minutes: 480 };

  it("alarms on twice the run time and cost, and names the baseline [DETECT-BASELINE]", () => {
    const look = lookAt({ green: { ...usual, slower: 2, dearer: 2 }, blue: past, kind: "history" });
    for (const signal of createJudge([latencyRegression(), costRegression()])(look))
      expect(signal, signal.reason).toMatchObject({
        status: "alarm",
        baseline: { kind: "history", bundle: "blue" },
      });
  });

  it("does not alarm on an identical bundle [DETECT-BASELINE]", () => {
    for (let seed = 1; seed <= 8; seed++) {
      const look = lookAt({ green: usual, blue: past, kind: "history", seed });
      for (const { status } of createJudge([latencyRegression(), costRegression()])(look))
        expect(status, `seed ${seed}`).not.toBe("alarm");
    }
  });

  it("watches where there is less than an hour of it [DETECT-BASELINE]", () => {
    const look = lookAt({
      green: { ...usual, slower: 3, dearer: 3 },
      blue: { perMinute: 12, minutes: 40 },
      kind: "history",
    });
    for (const { status } of createJudge([latencyRegression(), costRegression()])(look))
      expect(status).toBe("watching");
  });

  it("watches at a load the baseline never had [DETECT-BASELINE]", () => {
    const look = lookAt({ green: { perMinute: 60, minutes: 30, slower: 3 }, blue: past, kind: "history" });
    expect(createJudge([latencyRegression()])(look)[0]?.status).toBe("watching");
  });

  it("does not take a swing that the baseline has shown itself for a regression [DETECT-BASELINE]", () => {
    const calm = lookAt({ green: { ...usual, slower: 2 }, blue: past, kind: "history" });
    const busy = lookAt({
      green: usual,
      blue: { perMinute: 12, minutes: 30, slower: 2.2, from: began - 600 * minute },
      kind: "history",
    });
    const look = { ...calm, reference: [...busy.reference, ...calm.reference] };
    expect(createJudge([latencyRegression()])(look)[0]?.status).toBe("watching");
  });
});

it("takes evidence from the last two hours alone once the bake is over", () => {
  const long = lookAt({ green: { perMinute: 6, minutes: 240 }, blue: { perMinute: 6, minutes: 240 } });
  const judge = createJudge([latencyRegression()]);
  expect(judge(long)[0]?.reason).toContain("of 4320x");
  const slow = lookAt({
    green: { perMinute: 6, minutes: 240, slower: 4 },
    blue: { perMinute: 6, minutes: 240 },
  });
  expect(judge(slow)[0]?.status).toBe("alarm");
});

it.each([
  ["two rules of one name", () => createJudge([hardErrors(), hardErrors()])],
  ["no rule", () => createJudge([])],
  ["a ratio of 1", () => latencyRegression({ ratio: 1 })],
  ["an error rate of 0", () => costRegression({ alpha: 0 })],
  ["a floor of 0.3", () => passRateFloor({ floor: 0.3 })],
  ["half a run", () => latencyRegression({ least: 0.5 })],
  ["no budget", () => costRegression({ maxCost: 0 })],
  ["a name with a space", () => hardErrors({ name: "hard errors" })],
  ["errors that are all tolerated", () => hardErrors({ tolerated: 1 })],
])("refuses %s", (_, make) => {
  expect(make).toThrow(expect.objectContaining({ code: "invalid-argument" }));
});

it("says nothing of a bundle without a run", () => {
  const nothing = { perMinute: 0, minutes: 1 };
  const rules = [latencyRegression(), costRegression(), passRateFloor(), hardErrors()];
  for (const { status, value } of createJudge(rules)(lookAt({ green: nothing, blue: nothing })))
    expect({ status, value }).toEqual({ status: "watching", value: null });
});

import { isVerdigrisError } from "@verdigris/contracts";
import { aBundle, createFakeClock } from "@verdigris/testing";
import { describe, expect, it } from "vitest";
import {
  answeringBundle,
  createMemorySink,
  type EvalProgress,
  runEvals,
  type TargetContext,
} from "../../src/run.ts";
import { customScorer, type Score } from "../../src/scorers.ts";
import { aCase, aRun, aSet, digest, half } from "./a-run.ts";

const unavailable = () => Object.assign(new Error("overloaded"), { status: 503 });

describe("one line for every repeat of every case", () => {
  it("names the set, the bundle and the scorers in its first line", async () => {
    const sink = createMemorySink();
    const { header } = await runEvals(
      aRun({ sink, bundle: { id: "g", digest: digest("g"), models: ["m-1"] } }),
    );
    expect(JSON.parse(sink.lines[0] ?? "")).toEqual(header);
    expect(header).toMatchObject({
      kind: "eval-results",
      set: { name: "set", version: "1" },
      bundle: { id: "g", models: ["m-1"] },
      scorers: [{ metric: "half", scorer: "custom", version: "1" }],
    });
  });

  it("names a bundle by its digest and the models it pins", () => {
    const bundle = aBundle("green");
    const models = Object.values(bundle.models).map(({ snapshot }) => snapshot);
    expect(models.length).toBeGreaterThan(0);
    expect(answeringBundle(bundle)).toEqual({ id: "green", digest: bundle.digest, models });
  });

  it("is what the gate reads, without the outputs", async () => {
    const { results, lines } = await runEvals(aRun({ outputs: { ttlMs: 1 } }));
    expect([...results.cases.keys()]).toEqual(["a", "b", "c"]);
    expect(results.cases.get("a")?.repeats).toMatchObject([
      { repeat: 0, scores: { half: 0.5 }, error: null },
    ]);
    expect(lines[0]).toHaveProperty("output");
  });

  it("asks all cases once before any twice, and returns them in that order", async () => {
    const asked: string[] = [];
    const target = (_: unknown, { case: id, repeat }: TargetContext) => void asked.push(`${id}${repeat}`);
    const { lines } = await runEvals(aRun({ target, repeats: 2, concurrency: 1 }));
    expect(asked).toEqual(["a0", "b0", "c0", "a1", "b1", "c1"]);
    expect(lines.map((line) => `${line.case}${line.repeat}`)).toEqual(asked);
  });

  it("hands every repeat a nonce of its own, and another run other ones [EVAL-REPEATS]", async () => {
    const nonces: string[] = [];
    const target = (_: unknown, { nonce }: TargetContext) => void nonces.push(nonce);
    for (const id of ["x", "y"]) await runEvals(aRun({ target, repeats: 3, newId: () => id }));
    expect(nonces).toHaveLength(18);
    expect(new Set(nonces).size).toBe(18);
  });

  it("measures latency on the injected clock, without the attempts that failed", async () => {
    const clock = createFakeClock();
    const target = async (_: unknown, { attempt }: TargetContext) => {
      await new Promise<void>((done) => void clock.setTimer(done, attempt === 1 ? 1_000 : 40));
      if (attempt === 1) throw unavailable();
    };
    const running = runEvals(aRun({ clock, set: aSet("a"), target }));
    await clock.advance(2_000);
    expect((await running).lines).toMatchObject([{ durationMs: 40, attempts: 2 }]);
  });

  it("adds up what targets and judges cost, apart from each other", async () => {
    const target = (_: unknown, { usage }: TargetContext) => {
      usage({ model: "m", inputTokens: 1, outputTokens: 1, cost: 0.25 });
      usage({ model: "m", inputTokens: 1, outputTokens: 1, cost: 0.5 });
    };
    const judged = customScorer({
      metric: "judged",
      version: "1",
      score: ({ usage }) => {
        usage({ model: "j", inputTokens: 1, outputTokens: 1, cost: 0.125 });
        return 1;
      },
    });
    const { lines } = await runEvals(aRun({ set: aSet("a"), target, scorers: [half, judged] }));
    expect(lines).toMatchObject([{ cost: 0.75, scoringCost: 0.125 }]);
  });

  it("says no cost at all where one call's is not known", async () => {
    const target = (_: unknown, { usage }: TargetContext) => {
      usage({ model: "m", inputTokens: 1, outputTokens: 1, cost: 0.25 });
      usage({ model: "m", inputTokens: 1, outputTokens: 1, cost: null });
    };
    const [line] = (await runEvals(aRun({ set: aSet("a"), target }))).lines;
    expect(line).not.toHaveProperty("cost");
  });
});

describe("a score", () => {
  it.each<[string, () => Score | Promise<Score>]>([
    ["throws", () => Promise.reject(new Error("no"))],
    ["answers null", () => null],
    ["answers null in a record", () => ({ score: null })],
    ["answers NaN", () => Number.NaN],
    ["answers above 1", () => 1.01],
    ["answers below 0", () => -0.01],
    ["answers infinity", () => Number.POSITIVE_INFINITY],
    ["answers text", () => "1" as unknown as Score],
    ["answers nothing", () => undefined as unknown as Score],
  ])(
    "is an error, never 0, when the scorer %s; other metrics keep theirs [EVAL-ERROR-NOT-ZERO]",
    async (_, score) => {
      const broken = customScorer({ metric: "broken", version: "1", score });
      const { lines, errors } = await runEvals(aRun({ set: aSet("a"), scorers: [broken, half] }));
      expect(lines).toMatchObject([{ scores: { broken: null, half: 0.5 }, error: { kind: "scorer" } }]);
      expect(errors).toBe(1);
    },
  );

  it.each<[Score, number]>([
    [true, 1],
    [false, 0],
    [0, 0],
    [1, 1],
    [{ score: 0.3, reason: "so so" }, 0.3],
  ])("of %j is %d", async (given, wanted) => {
    const scorer = customScorer({ metric: "m", version: "1", score: () => given });
    const { lines, errors } = await runEvals(aRun({ set: aSet("a"), scorers: [scorer] }));
    expect([lines[0]?.scores.m, errors]).toEqual([wanted, 0]);
  });

  it("is asked for again after an infrastructure error, without asking the target again", async () => {
    const clock = createFakeClock();
    let [targets, judges] = [0, 0];
    const target = () => ++targets;
    const judge = customScorer({
      metric: "judge",
      version: "1",
      score: () => {
        judges += 1;
        if (judges < 3) throw unavailable();
        return 1;
      },
    });
    const running = runEvals(aRun({ clock, set: aSet("a"), target, scorers: [judge] }));
    await clock.advance(60_000);
    expect((await running).lines).toMatchObject([{ scores: { judge: 1 } }]);
    expect([targets, judges]).toEqual([1, 3]);
  });
});

describe("an error of the target", () => {
  it("of its own is not repeated, and is on the line without a score [EVAL-ERROR-NOT-ZERO]", async () => {
    let asked = 0;
    const target = () => {
      asked += 1;
      throw new TypeError("the agent broke");
    };
    const { lines, errors } = await runEvals(aRun({ set: aSet("a"), target }));
    expect(lines).toMatchObject([{ scores: {}, error: { kind: "target", message: "the agent broke" } }]);
    expect([asked, errors]).toEqual([1, 1]);
  });

  it("counts 0 on every metric where the caller says so; an infrastructure error never does", async () => {
    const target = (_: unknown, { case: id }: TargetContext) => {
      throw id === "a" ? new Error("broke") : unavailable();
    };
    const { lines } = await runEvals(aRun({ set: aSet("a", "b"), target, targetErrors: "zero", retries: 0 }));
    expect(lines).toMatchObject([
      { scores: { half: 0 }, error: { kind: "target" } },
      { scores: {}, error: { kind: "infrastructure" } },
    ]);
  });

  it("of the infrastructure is repeated after a growing delay, then on the line as such [EVAL-RETRY]", async () => {
    const clock = createFakeClock();
    const at: number[] = [];
    const target = () => {
      at.push(clock.monotonic());
      throw unavailable();
    };
    const running = runEvals(aRun({ clock, set: aSet("a"), target, retries: 3 }));
    await clock.advance(60_000);
    const { lines } = await running;
    expect(at).toEqual([0, 250, 750, 1_750]);
    expect(lines).toMatchObject([{ error: { kind: "infrastructure", message: "overloaded" }, attempts: 4 }]);
  });

  it.each([
    ["a refused connection", Object.assign(new Error("x"), { code: "ECONNREFUSED" }), true],
    ["a cause deep down", new Error("x", { cause: new Error("y", { cause: { code: "ECONNRESET" } }) }), true],
    ["a failed fetch", new TypeError("fetch failed"), true],
    ["too many requests", { statusCode: 429 }, true],
    ["what calls itself retryable", { isRetryable: true }, true],
    ["what calls itself final, whatever its status", { isRetryable: false, statusCode: 429 }, false],
    ["a bad request", { status: 400 }, false],
    ["a mistake in the program", new TypeError("x is not a function"), false],
    ["text", "ECONNRESET", false],
    ["nothing", undefined, false],
  ])("knows %s", async (_, error, transient) => {
    const clock = createFakeClock();
    const target = () => Promise.reject(error);
    const running = runEvals(aRun({ clock, set: aSet("a"), target, retries: 1 }));
    await clock.advance(60_000);
    expect((await running).lines[0]?.error?.kind).toBe(transient ? "infrastructure" : "target");
  });

  it("is judged by the caller's own rule where there is one", async () => {
    let asked = 0;
    const target = () => {
      asked += 1;
      if (asked === 1) throw new TypeError("my proxy says so");
      return "fine";
    };
    const clock = createFakeClock();
    const running = runEvals(aRun({ clock, set: aSet("a"), target, isInfrastructureError: () => true }));
    await clock.advance(60_000);
    expect((await running).errors).toBe(0);
  });
});

it("stops when a line cannot be written, and says why", async () => {
  const full = new Error("no space left");
  let asked = 0;
  const sink = {
    ...createMemorySink(),
    append: async (line: string) => {
      if (!line.includes("eval-results")) throw full;
    },
  };
  await expect(runEvals(aRun({ sink, target: () => ++asked, concurrency: 1 }))).rejects.toBe(full);
  expect(asked).toBe(1);
});

describe("progress", () => {
  it("tells of the start and of every repeat, with errors, cost and the time left", async () => {
    const clock = createFakeClock();
    const told: EvalProgress[] = [];
    const target = async (_: unknown, { case: id, usage }: TargetContext): Promise<void> => {
      await new Promise<void>((done) => void clock.setTimer(done, 100));
      usage({ model: "m", inputTokens: 1, outputTokens: 1, cost: 1 });
      if (id === "b") throw new Error("broke");
    };
    const running = runEvals(aRun({ clock, target, concurrency: 1, onProgress: (one) => told.push(one) }));
    await clock.advance(1_000);
    await running;
    const last = { case: "b", repeat: 0 };
    expect(told.map(({ done }) => done)).toEqual([0, 1, 2, 3]);
    expect(told[0]).toMatchObject({ total: 3, resumed: 0, remainingMs: null, last: null });
    expect(told[2]).toMatchObject({ errors: 1, cost: 2, elapsedMs: 200, remainingMs: 100, last });
  });

  it("cannot fail a run", async () => {
    const onProgress = () => {
      throw new Error("the terminal is gone");
    };
    await expect(runEvals(aRun({ onProgress }))).resolves.toMatchObject({ errors: 0 });
  });
});

it.each<[string, object]>([
  ["set", { set: { ...aSet("a"), cases: [] } }],
  ["target", { target: "gpt" }],
  ["scorers", { scorers: [] }],
  ["scorers", { scorers: [half, half] }],
  ["repeats", { repeats: 0 }],
  ["repeats", { repeats: 1.5 }],
  ["concurrency", { concurrency: 0 }],
  ["concurrency", { concurrency: Number.NaN }],
  ["retries", { retries: -1 }],
  ["timeoutMs", { timeoutMs: 0 }],
  ["graceMs", { graceMs: -1 }],
  ["outputs.ttlMs", { outputs: { ttlMs: 0 } }],
  ["outputs.maxLength", { outputs: { ttlMs: 1, maxLength: -1 } }],
])("names %s when it is wrong, before anything is written: %j", async (argument, wrong) => {
  const sink = createMemorySink();
  const error = await runEvals(aRun({ sink, ...wrong })).catch((thrown: unknown) => thrown);
  expect(isVerdigrisError(error, "invalid-argument") && error.details).toEqual({ argument });
  expect(sink.lines).toEqual([]);
});

it("refuses a bundle that cannot stand in a header before anything is asked", async () => {
  let asked = 0;
  const bundle = { id: "green", digest: "sha256:short" as const };
  await expect(runEvals(aRun({ bundle, target: () => ++asked }))).rejects.toMatchObject({
    code: "results-invalid",
  });
  expect(asked).toBe(0);
});

it("scores the answer itself, with the case beside it", async () => {
  const seen: unknown[] = [];
  const answer = { any: new Map() };
  const scorer = customScorer({
    metric: "m",
    version: "1",
    score: ({ case: asked, output, expected, input, repeat }) => {
      seen.push([asked.id, output === answer, expected, input, repeat]);
      return 1;
    },
  });
  const set = aSet(aCase("a", { expected: [1] }));
  await runEvals(aRun({ set, target: () => answer, scorers: [scorer] }));
  expect(seen).toEqual([["a", true, [1], "ask a", 0]]);
});

import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFakeClock } from "@verdigris/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createResultsFile } from "../../src/run/results-file.ts";
import { createMemorySink, type RunEvalsOptions, runEvals, type TargetContext } from "../../src/run.ts";
import { customScorer } from "../../src/scorers.ts";
import { aCase, aRun, aSet, digest, half } from "./a-run.ts";

let folder: string;
let files = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "verdigris-results-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
const freshFile = (): string => join(folder, `results-${++files}.jsonl`);

/** Runs on `file` and says which repeats the target was asked for. */
async function runOn(file: string, more: Partial<RunEvalsOptions> = {}) {
  const asked: string[] = [];
  const target = (input: unknown, { case: id, repeat }: TargetContext) => {
    asked.push(`${id}${repeat}`);
    return `${input} ünïcödé`;
  };
  const outputs = { ttlMs: 1_000 };
  const run = await runEvals(
    aRun({ target, repeats: 2, concurrency: 1, outputs, sink: createResultsFile({ file }), ...more }),
  );
  return { run, asked };
}

describe("a run that was killed", () => {
  it("goes on where it stopped, whichever byte was the last one written [EVAL-RESUME]", async () => {
    const whole = freshFile();
    const { run, asked } = await runOn(whole);
    const bytes = await readFile(whole);
    expect(asked).toEqual(["a0", "b0", "c0", "a1", "b1", "c1"]);
    // Every byte around the ends of lines, and some between.
    const near = (at: number) => bytes.subarray(Math.max(0, at - 4), at + 4).includes(10);
    const cuts = Array.from({ length: bytes.length + 1 }, (_, at) => at).filter(
      (at) => at % 17 === 0 || near(at),
    );
    for (const cut of cuts) {
      const file = freshFile();
      await writeFile(file, bytes.subarray(0, cut));
      const finished = Math.max(0, bytes.subarray(0, cut).toString("latin1").split("\n").length - 2);
      const again = await runOn(file);
      expect(again.asked, `cut at ${cut}`).toEqual(asked.slice(finished));
      expect(again.run.resumed).toBe(finished);
      expect(again.run.lines).toEqual(run.lines);
      expect(await readFile(file)).toEqual(bytes);
    }
  }, 60_000);

  it("does nothing twice when it had finished", async () => {
    const file = freshFile();
    await runOn(file);
    const before = await readFile(file, "utf8");
    const { asked, run } = await runOn(file);
    expect([asked, run.resumed, await readFile(file, "utf8")]).toEqual([[], 6, before]);
  });

  it("adds only what is missing when more repeats are asked for", async () => {
    const file = freshFile();
    await runOn(file);
    const { asked, run } = await runOn(file, { repeats: 3 });
    expect([asked, run.lines.length]).toEqual([["a2", "b2", "c2"], 9]);
  });

  it("tells of what it took over", async () => {
    const file = freshFile();
    await runOn(file);
    const told: unknown[] = [];
    await runOn(file, { repeats: 3, onProgress: ({ done, resumed }) => told.push([done, resumed]) });
    expect(told[0]).toEqual([6, 6]);
  });
});

it("measures again what an infrastructure error kept it from, and nothing else [EVAL-RESUME]", async () => {
  const file = freshFile();
  const clock = createFakeClock();
  const flaky = (_: unknown, { case: id }: TargetContext) => {
    if (id === "b") throw Object.assign(new Error("busy"), { status: 429 });
    if (id === "c") throw new Error("its own");
    return "";
  };
  await runOn(file, { clock, target: flaky, repeats: 1, retries: 0 });
  const { asked, run } = await runOn(file, { repeats: 1 });
  expect(asked).toEqual(["b0"]);
  expect(run.lines.map(({ error }) => error?.kind)).toEqual([undefined, undefined, "target"]);
  const stored = (await readFile(file, "utf8")).trimEnd().split("\n").slice(1);
  expect(stored.map((line) => JSON.parse(line).case)).toEqual(["a", "c", "b"]);
});

it("writes lines of concurrent cases one after the other", async () => {
  const file = freshFile();
  const set = aSet(...Array.from({ length: 50 }, (_, i) => `case-${i}`));
  const target = () => "x".repeat(5_000);
  await runOn(file, { set, target, concurrency: 50 });
  const lines = (await readFile(file, "utf8")).trimEnd().split("\n");
  expect(
    new Set(lines.slice(1).map((line) => `${JSON.parse(line).case}/${JSON.parse(line).repeat}`)).size,
  ).toBe(100);
});

describe("results of another question are refused, and left alone", () => {
  const other = customScorer({ metric: "half", version: "2", score: () => 0.5 });
  it.each<[string, Partial<RunEvalsOptions>, object]>([
    ["another set", { set: aSet("a", "b") }, { part: "set" }],
    ["another bundle", { bundle: { id: "green", digest: digest("other") } }, { part: "bundle" }],
    ["another scorer", { scorers: [other] }, { part: "scorers" }],
    [
      "one scorer more",
      { scorers: [half, { ...other, identity: { ...other.identity, metric: "two" } }] },
      { part: "scorers" },
    ],
    [
      "a changed case",
      { set: { ...aSet("a", "b", "c"), cases: [aCase("a", { digest: digest("new") })] } },
      { case: "a" },
    ],
  ])("%s", async (_, more, details) => {
    const file = freshFile();
    await runOn(file);
    const before = await readFile(file, "utf8");
    await expect(runOn(file, more)).rejects.toMatchObject({ code: "digest-mismatch", details });
    expect(await readFile(file, "utf8")).toBe(before);
  });

  it.each(["{", "[]", "7", "null", "\u0000\u0000"])("a damaged line in the middle: %j", async (damage) => {
    const file = freshFile();
    await runOn(file);
    await appendFile(file, `${damage}\n`);
    await expect(runOn(file)).rejects.toMatchObject({ code: "record-corrupt", details: { line: 8 } });
  });
});

describe("outputs", () => {
  const lineOf = async (more: Partial<RunEvalsOptions>) => {
    const sink = createMemorySink();
    await runEvals(aRun({ set: aSet("a"), sink, ...more }));
    return JSON.parse(sink.lines[1] ?? "");
  };

  it("are not kept unless asked for, nor what scorers said of them [EVAL-OUTPUTS]", async () => {
    const talking = customScorer({
      metric: "m",
      version: "1",
      score: () => ({ score: 1, reason: "secret" }),
    });
    const line = await lineOf({ target: () => "secret", scorers: [talking] });
    expect(JSON.stringify(line)).not.toContain("secret");
  });

  it("are kept with the day they end, and are gone after it, on disk too [EVAL-OUTPUTS]", async () => {
    const file = freshFile();
    const clock = createFakeClock();
    await runOn(file, { clock, repeats: 1 });
    expect((await runOn(file, { clock, repeats: 1 })).run.lines[0]).toMatchObject({
      output: "ask a ünïcödé",
    });
    await clock.advance(1_000);
    const { run, asked } = await runOn(file, { clock, repeats: 1 });
    expect([asked, run.lines[0]]).toEqual([[], expect.not.objectContaining({ output: expect.anything() })]);
    expect(run.lines[0]?.scores).toEqual({ half: 0.5 });
    expect(await readFile(file, "utf8")).not.toContain("ünïcödé");
  });

  it("pass `redact` before they are written, as do messages and reasons [EVAL-OUTPUTS]", async () => {
    const redact = (value: unknown) => JSON.parse(JSON.stringify(value).replaceAll("ada@x.org", "***"));
    const scorers = [
      customScorer({ metric: "m", version: "1", score: () => ({ score: 1, reason: "wrote ada@x.org" }) }),
      customScorer({ metric: "n", version: "1", score: () => Promise.reject(new Error("no ada@x.org")) }),
    ];
    const target = () => ({ to: "ada@x.org" });
    const line = await lineOf({ target, scorers, redact, outputs: { ttlMs: 1 } });
    expect(line).toMatchObject({
      output: { to: "***" },
      reasons: { m: "wrote ***" },
      error: { message: "n: no ***" },
    });
    expect(JSON.stringify(line)).not.toContain("ada");
  });

  it("are dropped, never written as they are, when `redact` fails [EVAL-OUTPUTS]", async () => {
    const redact = () => {
      throw new Error("bug");
    };
    const target = () => Promise.reject(new Error("secret"));
    expect(JSON.stringify(await lineOf({ target, redact }))).not.toContain("secret");
    const line = await lineOf({ target: () => "secret", redact, outputs: { ttlMs: 1 } });
    expect([line.output, line.outputDropped, line.scores]).toEqual([
      undefined,
      "redact-failed",
      { half: 0.5 },
    ]);
  });

  it.each([
    ["undefined", undefined, "not-json"],
    ["a function", () => 1, "not-json"],
    ["a big integer", 1n, "not-json"],
    ["too much", "x".repeat(101), "too-large"],
  ])("say why there is none: %s", async (_, output, why) => {
    expect(await lineOf({ target: () => output, outputs: { ttlMs: 1, maxLength: 100 } })).toMatchObject({
      outputDropped: why,
    });
  });

  it("of hostile shape cannot break the line", async () => {
    const looped: Record<string, unknown> = {};
    looped.self = looped;
    const hostile = { toJSON: () => ({ text: "a\nb\u2028c", __proto__: null }) };
    expect(await lineOf({ target: () => looped, outputs: { ttlMs: 1 } })).toMatchObject({
      outputDropped: "not-json",
    });
    expect(await lineOf({ target: () => hostile, outputs: { ttlMs: 1 } })).toMatchObject({
      output: { text: "a\nb\u2028c" },
    });
  });
});

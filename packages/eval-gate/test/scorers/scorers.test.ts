import { describe, expect, it } from "vitest";
import { z } from "zod";
import { runEvals } from "../../src/run.ts";
import {
  containsScorer,
  customScorer,
  exactScorer,
  fromAutoevals,
  numericScorer,
  type Scorer,
  schemaScorer,
  trajectoryScorer,
} from "../../src/scorers.ts";
import { aCase, aRun, aSet } from "../run/a-run.ts";

/** The score one scorer gives, through a run: a number, or the kind of error there was. */
async function scoreOf(scorer: Scorer, output: unknown, expected?: unknown): Promise<number | string> {
  const asked = aCase("a", expected === undefined ? {} : { expected: expected as never });
  const { lines } = await runEvals(aRun({ set: aSet(asked), target: () => output, scorers: [scorer] }));
  return lines[0]?.scores[scorer.identity.metric] ?? lines[0]?.error?.kind ?? "nothing";
}

describe("exactScorer", () => {
  it.each([
    ["yes", "yes", {}, 1],
    ["Yes", "yes", {}, 0],
    ["Yes", "yes", { ignoreCase: true }, 1],
    [" a \n b ", "a b", {}, 0],
    [" a \n b ", "a b", { ignoreSpace: true }, 1],
    [{ b: 1, a: [2] }, { a: [2], b: 1 }, {}, 1],
    [{ a: 1 }, { a: 1, b: null }, {}, 0],
    [1, "1", {}, 0],
    [0, 0, {}, 1],
    [false, false, {}, 1],
    [undefined, { a: 1 }, {}, 0],
  ])("of %j against %j with %j is %d", async (output, expected, options, score) => {
    expect(await scoreOf(exactScorer(options), output, expected)).toBe(score);
  });

  it("cannot score a case without an answer: an error, not 0", async () => {
    expect(await scoreOf(exactScorer(), "yes")).toBe("scorer");
  });

  it("compares what `select` takes out of the output", async () => {
    const select = (output: unknown) => (output as { cite: string }).cite;
    expect(await scoreOf(exactScorer({ select }), { cite: "/a", text: "…" }, "/a")).toBe(1);
    expect(await scoreOf(exactScorer({ select }), null, "/a")).toBe("scorer");
  });
});

describe("containsScorer", () => {
  it.each([
    ["the refund takes 5 days", "5 days", {}, 1],
    ["the refund takes five days", "5 days", {}, 0],
    ["one two", ["one", "two"], {}, 1],
    ["one", ["one", "two"], {}, 0],
    ["one", ["one", "two"], { need: "any" as const }, 1],
    ["three", ["one", "two"], { need: "any" as const }, 0],
    ["one", ["one", "two"], { need: "share" as const }, 0.5],
    ["ONE", "one", { ignoreCase: true }, 1],
    [{ text: "one" }, "one", {}, 0],
  ])("in %j of %j with %j is %d", async (output, expected, options, score) => {
    expect(await scoreOf(containsScorer(options), output, expected)).toBe(score);
  });

  it("looks for its own texts where it has some", async () => {
    expect(await scoreOf(containsScorer({ texts: ["a"] }), "cat")).toBe(1);
  });

  it.each([[[]], [[""]], [7], [null]])("does not take %j for texts", async (expected) => {
    expect(await scoreOf(containsScorer(), "cat", expected)).toBe("scorer");
  });
});

describe("schemaScorer", () => {
  const schema = z.object({ city: z.string(), days: z.number().int() });
  it.each([
    [{ city: "Rome", days: 2 }, {}, 1],
    [{ city: "Rome", days: 2.5 }, {}, 0],
    ['{"city":"Rome","days":2}', {}, 1],
    ['{"city":"Rome","days":2}', { parseText: false }, 0],
    ["Rome", {}, 0],
    [undefined, {}, 0],
  ])("of %j with %j is %d", async (output, options, score) => {
    expect(await scoreOf(schemaScorer({ schema, version: "1", ...options }), output)).toBe(score);
  });
});

describe("numericScorer", () => {
  it.each([
    [10, 10, {}, 1],
    [10.5, 10, {}, 0],
    [10.5, 10, { absolute: 0.5 }, 1],
    [0.3, 0.1, { absolute: 0.2 }, 1],
    [101, 100, { relative: 0.01 }, 1],
    [101.1, 100, { relative: 0.01 }, 0],
    ["10", "10.0", {}, 1],
    ["about 10", 10, {}, 0],
    ["", 0, {}, 0],
    [Number.NaN, 0, { absolute: 9 }, 0],
  ])("of %j against %j with %j is %d", async (output, expected, options, score) => {
    expect(await scoreOf(numericScorer(options), output, expected)).toBe(score);
  });

  it("cannot compare with what is no number", async () => {
    expect(await scoreOf(numericScorer(), 1, "one")).toBe("scorer");
  });
});

describe("trajectoryScorer", () => {
  const made = (...calls: (string | [string, unknown])[]) => ({
    toolCalls: calls.map((call) =>
      typeof call === "string" ? { toolName: call, input: {} } : { toolName: call[0], input: call[1] },
    ),
  });
  it.each([
    [["search", "read"], ["search", "read"], "exact", 1],
    [["read", "search"], ["search", "read"], "exact", 0],
    [["search", "search", "read"], ["search", "read"], "exact", 0],
    [["search", "search", "read"], ["search", "read"], "in-order", 1],
    [["read", "search"], ["search", "read"], "in-order", 0],
    [["read", "search"], ["search", "read"], "any-order", 1],
    [["read"], ["read", "read"], "any-order", 0],
    [[], [], "exact", 1],
    [["pay"], [], "exact", 0],
    [[], [], "similar", 1],
    [["search", "pay", "read"], ["search", "read"], "similar", 1 - 1 / 3],
    [["pay"], ["search", "read"], "similar", 0],
  ] as const)("of %j against %j (%s) is %d", async (calls, expected, match, score) => {
    expect(await scoreOf(trajectoryScorer({ match }), made(...calls), expected)).toBeCloseTo(
      Number(score),
      12,
    );
  });

  it("compares arguments where they are expected, and only there", async () => {
    const output = made(["pay", { to: "ada", sum: 5 }]);
    expect(await scoreOf(trajectoryScorer(), output, [{ tool: "pay" }])).toBe(1);
    expect(await scoreOf(trajectoryScorer(), output, [{ tool: "pay", args: { sum: 5, to: "ada" } }])).toBe(1);
    expect(await scoreOf(trajectoryScorer(), output, [{ tool: "pay", args: { sum: 6, to: "ada" } }])).toBe(0);
  });

  it("lets expected calls with arguments choose before those without", async () => {
    const output = made(["pay", { sum: 5 }], ["pay", { sum: 6 }]);
    const expected = [{ tool: "pay" }, { tool: "pay", args: { sum: 5 } }];
    expect(await scoreOf(trajectoryScorer({ match: "any-order" }), output, expected)).toBe(1);
  });

  it("reads the calls where `select` finds them", async () => {
    const select = (output: unknown) => (output as { steps: string[] }).steps.map((tool) => ({ tool }));
    expect(await scoreOf(trajectoryScorer({ select }), { steps: ["a"] }, ["a"])).toBe(1);
  });

  it("is an error, not 0, where it finds no list of calls or no expected ones", async () => {
    expect(await scoreOf(trajectoryScorer(), "text", ["a"])).toBe("scorer");
    expect(await scoreOf(trajectoryScorer(), made("a"), "a")).toBe("scorer");
    expect(await scoreOf(trajectoryScorer(), { toolCalls: [{}] }, ["a"])).toBe("scorer");
  });
});

describe("fromAutoevals", () => {
  const scorer = (score: Parameters<typeof fromAutoevals>[0]) =>
    fromAutoevals(score, { metric: "m", version: "0.3.0" });
  it.each<[string, Parameters<typeof fromAutoevals>[0], number | string]>([
    ["a record", () => ({ name: "Levenshtein", score: 0.5, metadata: {} }), 0.5],
    ["a promise", async () => ({ name: "Factuality", score: 1 }), 1],
    ["a number", () => 0.25, 0.25],
    ["null", () => null, "scorer"],
    ["a record without a score", () => ({ name: "Battle", score: null }), "scorer"],
    ["an error in the record", () => ({ name: "x", score: 0, error: new Error("no key") }), "scorer"],
    ["an error that is text", () => ({ name: "x", score: 0, error: "no key" }), "scorer"],
    ["what it throws", () => Promise.reject(new Error("no key")), "scorer"],
  ])("takes %s [EVAL-ERROR-NOT-ZERO]", async (_, score, wanted) => {
    expect(await scoreOf(scorer(score), "out", "exp")).toBe(wanted);
  });

  it("hands on input, output and expected, and keeps the rationale", async () => {
    const seen: unknown[] = [];
    const judged = scorer((args) => {
      seen.push(args);
      return { name: "x", score: 1, metadata: { rationale: "because" } };
    });
    const set = aSet(aCase("a", { expected: "exp" }), "b");
    const { lines } = await runEvals(
      aRun({ set, target: () => "out", scorers: [judged], outputs: { ttlMs: 1 }, concurrency: 1 }),
    );
    expect(seen).toEqual([
      { input: "ask a", output: "out", expected: "exp" },
      { input: "ask b", output: "out" },
    ]);
    expect(lines[0]?.reasons).toEqual({ m: "because" });
  });

  it("names its judge in the results", () => {
    const judge = { model: "m-1", prompt: { version: "7" } };
    expect(fromAutoevals(() => 1, { metric: "m", version: "1", judge }).identity).toMatchObject({ judge });
  });
});

describe("the identity of a scorer", () => {
  it("changes with every setting that changes scores, and with nothing else [EVAL-SCORER-IDENTITY]", () => {
    const versions = [
      exactScorer(),
      exactScorer({ ignoreCase: true }),
      exactScorer({ ignoreSpace: true }),
      exactScorer({ version: "2" }),
      numericScorer({ absolute: 1 }),
      numericScorer({ relative: 1 }),
      containsScorer({ texts: ["a"] }),
      containsScorer({ texts: ["b"] }),
      containsScorer({ need: "any" }),
      trajectoryScorer({ match: "similar" }),
    ].map(({ identity: { scorer, version } }) => `${scorer} ${version}`);
    expect(new Set(versions).size).toBe(versions.length);
    expect(exactScorer({ metric: "other" }).identity.version).toBe(exactScorer().identity.version);
  });

  it("is frozen", () => {
    expect(Object.isFrozen(exactScorer()) && Object.isFrozen(exactScorer().identity)).toBe(true);
  });
});

it.each<[string, () => Scorer]>([
  ["score", () => customScorer({ metric: "m", version: "1", score: 1 as never })],
  ["metric", () => customScorer({ metric: "", version: "1", score: () => 1 })],
  ["version", () => customScorer({ metric: "m", version: "", score: () => 1 })],
  ["schema", () => schemaScorer({ schema: {} as never, version: "1" })],
  ["version", () => schemaScorer({ schema: z.string(), version: "" })],
  ["texts", () => containsScorer({ texts: [] })],
  ["absolute", () => numericScorer({ absolute: -1 })],
  ["relative", () => numericScorer({ relative: Number.NaN })],
  ["scorer", () => fromAutoevals(null as never, { metric: "m", version: "1" })],
  ["version", () => fromAutoevals(() => 1, { metric: "m", version: "" })],
])("names %s when it is wrong", (argument, make) => {
  expect(make).toThrow(expect.objectContaining({ code: "invalid-argument", details: { argument } }));
});

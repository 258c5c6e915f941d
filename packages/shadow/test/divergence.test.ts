import type { JsonValue } from "@verdigris/contracts";
import { divergenceBets, logEOfBets } from "@verdigris/statistics";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addReport, emptyDivergence } from "../src/divergence.ts";
import { normalisedEditDistance } from "../src/edit-distance.ts";
import {
  answerDistance,
  customDistance,
  type Divergence,
  fieldsDistance,
  judgeDivergence,
  mergeDivergence,
  type Observation,
  refusalDistance,
  type ShadowReport,
  toolsDistance,
} from "../src/index.ts";
import { createWorld, say } from "./world.ts";

const context = { input: null, slice: null, signal: new AbortController().signal };

const margins = { fail: 0.1, pass: 0.15 };

function ran(answer: JsonValue, tools: readonly string[] = []): Observation {
  const calls = tools.map((tool) => ({ tool, args: "{}", answered: "ran" as const }));
  return { answer, failure: null, calls, durationMs: 1, inputTokens: 1, outputTokens: 1, cost: 0 };
}

function report(
  job: string,
  between: number | null,
  blue: number | null,
  green: number | null = null,
): ShadowReport {
  return {
    v: 1,
    job,
    blue: "blue",
    green: "green",
    key: null,
    slice: null,
    views: [{ view: "answer", between, blue, green, error: null }],
    fidelity: { blue: { ran: 0, recorded: 2, refused: 0 }, green: { ran: 0, recorded: 1, refused: 0 } },
    divergedAt: null,
    durationMs: { blue: 1, green: 1 },
    tokens: { blue: 1, green: 1 },
    cost: { blue: 1, green: null },
    failures: { blue: false, green: false },
    example: null,
    expires: 0,
  };
}

function sum(reports: readonly ShadowReport[]): Divergence {
  return reports.reduce(addReport, emptyDivergence("blue", "green", margins));
}

describe("distances", () => {
  it("of answers read what a reader reads", async () => {
    const apart = (a: JsonValue, b: JsonValue) => answerDistance.distance(ran(a), ran(b), context);
    expect(apart("yes  it is ", "yes it\nis")).toBe(0);
    expect(apart("e\u0301", "\u00e9")).toBe(0);
    expect(apart("Yes", "yes")).toBe(1);
    expect(apart({ a: 1 }, { a: 1 })).toBe(0);
    expect(apart({ a: 1 }, { a: "1" })).toBe(1);
    expect(answerDistance.distance({ ...ran(null), failure: "threw" }, ran("x"), context)).toBeNull();
  });

  it("of fields are the share that differs, nested ones and missing ones included", () => {
    const apart = (a: JsonValue, b: JsonValue) => fieldsDistance.distance(ran(a), ran(b), context);
    expect(apart({ a: 1, b: { c: 2, d: 3 } }, { a: 1, b: { c: 2, d: 4 } })).toBeCloseTo(1 / 3);
    expect(apart({ a: 1 }, { b: 1 })).toBe(1);
    expect(apart({ a: [1, 2] }, { a: [1] })).toBe(0.5);
    expect(apart({}, {})).toBe(0);
    expect(apart({ a: {} }, { a: [] })).toBe(1);
    expect(apart("text", { a: 1 })).toBeNull();
  });

  it("of tool sequences agree with the definition of edit distance", () => {
    expect(
      toolsDistance.distance(ran("x", ["search", "read"]), ran("x", ["search", "search", "read"]), context),
    ).toBeCloseTo(1 / 3);
    const words = fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 6 });
    const naive = (a: readonly string[], b: readonly string[]): number => {
      const [first, ...rest] = a;
      const [other, ...others] = b;
      if (first === undefined) return b.length;
      if (other === undefined) return a.length;
      if (first === other) return naive(rest, others);
      return 1 + Math.min(naive(rest, b), naive(a, others), naive(rest, others));
    };
    fc.assert(
      fc.property(words, words, (a, b) => {
        const longest = Math.max(a.length, b.length);
        expect(normalisedEditDistance(a, b)).toBeCloseTo(longest === 0 ? 0 : naive(a, b) / longest, 12);
      }),
    );
  });

  it("of refusals and of the caller's own kind", async () => {
    const refuses = refusalDistance((answer) => String(answer).startsWith("I cannot"));
    expect(refuses.distance(ran("I cannot help"), ran("Sure"), context)).toBe(1);
    const half = customDistance("half", async () => 0.5, { judged: false });
    expect(half).toMatchObject({ name: "half", judged: false });
    expect(await half.distance(ran("a"), ran("b"), context)).toBe(0.5);
  });
});

describe("the excess", () => {
  it("is what green differs from blue beyond what blue differs from itself [SHADOW-NOISE]", () => {
    const { views } = judgeDivergence(sum([report("1", 1, 1), report("2", 0.5, 0), report("3", 1, null)]), [
      "answer",
    ]);
    expect(views[0]).toMatchObject({ n: 3, pairs: 2, between: 2.5 / 3, noise: 0.5, excess: 0.25 });
  });

  it("is the energy form where green ran twice too: a green that is only noisier is not blamed [SHADOW-NOISE]", () => {
    const { views } = judgeDivergence(sum([report("1", 1, 0, 1), report("2", 1, 1, 1)]), ["answer"]);
    expect(views[0]?.excess).toBeCloseTo(0.25);
  });

  it("is bet on as the formula says, both ways", () => {
    const reports = [report("1", 1, 0), report("2", 0, 1), report("3", 0, 0)];
    const evidence = sum(reports).views.answer;
    const expected = (values: readonly number[]) =>
      Math.log(
        divergenceBets.reduce(
          (total, bet) => total + values.reduce((e, value) => e * (1 + bet * value), 1),
          0,
        ) / divergenceBets.length,
      );
    expect(logEOfBets(evidence?.worse ?? [])).toBeCloseTo(expected([0.9 / 1.1, -1, -0.1 / 1.1]), 6);
    expect(logEOfBets(evidence?.better ?? [])).toBeCloseTo(expected([-1, 1.15 / 0.85, 0.15 / 0.85]), 6);
  });

  it("is bit-equal however it was split and merged [SHADOW-MERGE]", () => {
    const distance = fc.double({ min: 0, max: 1, noNaN: true });
    const one = fc.record({ between: distance, blue: fc.option(distance), green: fc.option(distance) });
    fc.assert(
      fc.property(fc.array(fc.tuple(one, fc.nat(2)), { maxLength: 60 }), (parts) => {
        const reports = parts.map(([{ between, blue, green }], at) =>
          report(String(at), between, blue, green),
        );
        const whole = sum(reports);
        const split = [0, 1, 2].map((process) => sum(reports.filter((_, at) => parts[at]?.[1] === process)));
        const [a, b, c] = split as [Divergence, Divergence, Divergence];
        expect(mergeDivergence(c, mergeDivergence(b, a))).toEqual(whole);
        expect(JSON.parse(JSON.stringify(mergeDivergence(a, mergeDivergence(c, b))))).toEqual(whole);
      }),
    );
  });

  it("of other bundles or under another margin is not merged", () => {
    const one = emptyDivergence("blue", "green", margins);
    for (const other of [
      emptyDivergence("blue", "red", margins),
      emptyDivergence("teal", "green", margins),
      emptyDivergence("blue", "green", { ...margins, fail: 0.2 }),
      emptyDivergence("blue", "green", { ...margins, pass: 0.2 }),
    ]) {
      expect(() => mergeDivergence(one, other)).toThrowError(
        expect.objectContaining({ code: "evidence-invalid" }),
      );
    }
  });
});

describe("the verdict", () => {
  const of = (
    count: number,
    between: (at: number) => number,
    blue: (at: number) => number | null = () => 0,
  ) =>
    judgeDivergence(
      sum(Array.from({ length: count }, (_, at) => report(String(at), between(at), blue(at)))),
      ["answer"],
    );

  it("is inconclusive before there are enough noise pairs, whatever they say [SHADOW-VERDICT]", () => {
    expect(of(49, () => 1)).toMatchObject({ verdict: "inconclusive", views: [{ pairs: 49, needed: 1 }] });
    expect(
      of(
        400,
        () => 1,
        () => null,
      ),
    ).toMatchObject({ verdict: "inconclusive", views: [{ pairs: 0, needed: 50 }] });
    expect(judgeDivergence(emptyDivergence("blue", "green", margins), ["answer"])).toMatchObject({
      verdict: "inconclusive",
      views: [],
    });
  });

  it("is fail on evidence of more than one margin, pass on evidence of less than the other, and neither without [SHADOW-VERDICT]", () => {
    expect(of(60, () => 1).verdict).toBe("fail");
    expect(of(120, () => 0).verdict).toBe("pass");
    expect(of(120, (at) => Number(at % 10 === 0)).verdict).toBe("inconclusive");
  });

  it("needs evidence of 1 / (α / judged views) to fail and of 1 / passAlpha to pass, no less", () => {
    const after = (n: number, between: number) => {
      const reports = Array.from({ length: n }, (_, at) => report(String(at), between, 0));
      const { verdict, views } = judgeDivergence(sum(reports), ["answer"], { minPairs: 1 });
      return { verdict, worse: views[0]?.evidence.worse ?? 0, better: views[0]?.evidence.better ?? 0 };
    };
    const counts = Array.from({ length: 150 }, (_, index) => index + 1);
    const failsAt = counts.find((n) => after(n, 1).verdict === "fail") ?? 0;
    expect(after(failsAt, 1).worse).toBeGreaterThanOrEqual(100);
    expect(after(failsAt - 1, 1).worse).toBeLessThan(100);
    expect(after(failsAt - 1, 1).verdict).toBe("inconclusive");
    const passesAt = counts.find((n) => after(n, 0).verdict === "pass") ?? 0;
    expect(after(passesAt, 0).better).toBeGreaterThanOrEqual(20);
    expect(after(passesAt - 1, 0).better).toBeLessThan(20);
    expect(after(passesAt - 1, 0).verdict).toBe("inconclusive");
  });

  it("splits its α over the views that are judged, not over those that have had an input so far [SHADOW-VERDICT]", () => {
    const failsAt = (judged: readonly string[]) => {
      const counts = Array.from({ length: 150 }, (_, index) => index + 1);
      const at = counts.find((n) => {
        const reports = Array.from({ length: n }, (_, job) => report(String(job), 1, 0));
        return judgeDivergence(sum(reports), judged, { minPairs: 1 }).verdict === "fail";
      });
      const reports = Array.from({ length: at ?? 0 }, (_, job) => report(String(job), 1, 0));
      return judgeDivergence(sum(reports), judged).views[0]?.evidence.worse ?? 0;
    };
    // Reports hold the answer alone; the other two may have their first input tomorrow.
    const three = failsAt(["answer", "tools", "failure"]);
    expect(three).toBeGreaterThanOrEqual(300);
    expect(failsAt(["answer"])).toBeLessThan(300);
    expect(failsAt(["answer", "answer"])).toBe(failsAt(["answer"]));
  });

  it("passes below seven points and fails above five where nobody says otherwise", () => {
    const margins = (rule: object) =>
      createWorld(say("a"), say("a"), { rule }).shadow.evidence().divergence.margins;
    expect(margins({})).toEqual({ fail: 0.05, pass: 0.07 });
    expect(margins({ margin: 0.1 })).toEqual({ fail: 0.1, pass: 0.1 });
    expect(margins({ passMargin: 0.2 })).toEqual({ fail: 0.05, pass: 0.2 });
  });

  it("is inconclusive where blue itself is all noise, and says what would help", () => {
    const { verdict, reason } = of(
      500,
      () => 0.9,
      () => 1,
    );
    expect(verdict).toBe("inconclusive");
    expect(reason).toContain("a distance that sees meaning");
  });

  it("is error where a judged view could not be measured, and only then", () => {
    const broken = (at: number): ShadowReport => ({
      ...report(String(at), null, null),
      views: [{ view: "answer", between: null, blue: null, green: null, error: "no" }],
    });
    const mixed = (errors: number) =>
      sum([
        ...Array.from({ length: 200 }, (_, at) => report(`ok${at}`, 0, 0)),
        ...Array.from({ length: errors }, (_, at) => broken(at)),
      ]);
    expect(judgeDivergence(mixed(30), ["answer"]).verdict).toBe("error");
    expect(judgeDivergence(mixed(20), ["answer"]).verdict).toBe("pass");
    expect(judgeDivergence(mixed(30), []).verdict).toBe("inconclusive");
  });

  it("is that of the worst judged view; what is not judged is shown and decides nothing", () => {
    const two = (at: number): ShadowReport => ({
      ...report(String(at), 0, 0),
      views: [
        { view: "answer", between: 0, blue: 0, green: null, error: null },
        { view: "extra", between: 1, blue: 0, green: null, error: null },
      ],
    });
    const divergence = sum(Array.from({ length: 120 }, (_, at) => two(at)));
    expect(judgeDivergence(divergence, ["answer"])).toMatchObject({
      verdict: "pass",
      views: [{ verdict: "pass" }, { view: "extra", judged: false, verdict: "fail" }],
    });
    expect(judgeDivergence(divergence, ["answer", "extra"])).toMatchObject({
      verdict: "fail",
      reason: expect.stringContaining("extra"),
    });
  });

  it("says about how many pairs more would decide it", () => {
    const half = of(
      60,
      (at) => Number(at % 4 === 0),
      () => 0,
    );
    const [view] = half.views;
    expect(half.verdict).toBe("inconclusive");
    expect(view?.needed).toBeGreaterThan(0);
    const later = of(
      60 + (view?.needed ?? 0) * 2,
      (at) => Number(at % 4 === 0),
      () => 0,
    );
    expect(later.verdict).toBe("fail");
  });
});

it("evidence beyond the largest number is still evidence that can be sealed", () => {
  const { shadow } = createWorld(say("x"), say("y"));
  for (let n = 0; n < 4_000; n += 1) shadow.report(report(String(n), 1, 0));
  const { verdict, digest } = shadow.evidence();
  expect(verdict).toMatchObject({ verdict: "fail", views: [{ evidence: { worse: Number.MAX_VALUE } }] });
  expect(digest).toMatch(/^sha256:/);
});

it("what is no report and no evidence is refused with a code, whatever of it is missing", () => {
  const good = report("a", 0.5, 0.1);
  const whole = sum([good]);
  const refused = (fn: () => unknown, what: string): void =>
    expect(fn, what).toThrowError(expect.objectContaining({ code: "evidence-invalid" }));
  const { shadow } = createWorld(say("a"), say("b"));
  const needed = Object.keys(good).filter((name) => !["key", "slice", "example", "expires"].includes(name));
  for (const name of needed) {
    for (const value of [undefined, "?", {}]) {
      if (name === "job" && value === "?") continue;
      refused(() => shadow.report({ ...good, [name]: value } as ShadowReport), name);
    }
  }
  for (const name of Object.keys(whole)) {
    if (name === "views") continue;
    refused(() => mergeDivergence(whole, { ...whole, [name]: {} } as Divergence), name);
  }
  refused(() => mergeDivergence({ ...whole, views: { answer: {} } } as never, whole), "views");
  for (const nothing of [null, undefined, 1, "x", [], { v: 2 }]) {
    refused(() => shadow.report(nothing as never), String(nothing));
    refused(() => mergeDivergence(whole, nothing as never), String(nothing));
  }
  expect(shadow.status().compared).toBe(0);
  shadow.report(good);
  expect(shadow.status().compared).toBe(1);
  expect(mergeDivergence(whole, JSON.parse(JSON.stringify(whole))).compared).toBe(2);
});

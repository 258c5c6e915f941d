import { describe, expect, it } from "vitest";
import type { EvalResults, JudgeCard, ScorerIdentity } from "../src/index.ts";

import { codes, gate, judge, notes, passRate, sampleResults, sampleSet } from "./samples.ts";

const set = sampleSet(200);
const steady = (at: number): number => (at % 10 === 0 ? 0 : 1);
const blue = sampleResults(set, steady);
const green = sampleResults(set, steady, { bundle: "green" });
const lenient = { metrics: [{ ...passRate, margin: 0.2 }] };

describe("rare events", () => {
  const policy = { metrics: [{ kind: "rare-event", metric: "exact", ceiling: 0.01 }] } as const;
  const events = (n: number, count: number): ReturnType<typeof gate> => {
    const some = sampleSet(n);
    const candidate = sampleResults(some, (at) => (at < count ? 0 : 1), { bundle: "green" });
    return gate({ set: some, baseline: "first-bundle", candidate, policy });
  };

  it("need 299 cases without an event to stay under one in a hundred [GATE-RARE-EVENTS]", () => {
    expect(events(299, 0)).toMatchObject({ verdict: "pass", rareEvents: [{ events: 0, n: 299 }] });
    const short = events(298, 0);
    expect(short).toMatchObject({ verdict: "inconclusive", rareEvents: [{ casesNeeded: 299 }] });
    expect(codes(short)).toEqual(["ceiling-not-confirmed"]);
    // 473 with one event: the Poisson approximation 4.744 / 0.01 = 474.4 comes near.
    expect(events(299, 1).rareEvents[0]?.casesNeeded).toBe(473);
    expect(events(473, 1).verdict).toBe("pass");
  });

  it("fail when the rate is certainly over the ceiling, and name the cases [GATE-RARE-EVENTS]", () => {
    const evidence = events(100, 5);
    expect(evidence.reasons).toMatchObject([
      { code: "over-ceiling", cases: ["c000", "c001", "c002", "c003", "c004"] },
    ]);
  });

  it("count a cluster once, and every repeat: neither is an independent trial [GATE-RARE-EVENTS]", () => {
    const clustered = sampleSet(300, (at) => ({ cluster: `doc-${at % 30}` }));
    const slip = (at: number, repeat: number): number => ((at === 0 || at === 30) && repeat === 1 ? 0 : 1);
    const candidate = sampleResults(clustered, slip, { bundle: "green", repeats: 3 });
    const { rareEvents } = gate({ set: clustered, baseline: "first-bundle", candidate, policy });
    expect(rareEvents).toMatchObject([{ events: 1, n: 30, cases: { count: 2 } }]);
  });
});

describe("held-out cases", () => {
  it("are those that stand in no prompt: others are named and left out [GATE-HELD-OUT]", () => {
    const own = sampleSet(200, (at) =>
      at === 9 ? { input: "x", expected: { answer: "Within thirty days of purchase" } } : {},
    );
    const prompts = [
      { name: "green system", text: "Be brief.\nQ: Question  number 12,\n asked in full?" },
      { name: "green examples", text: "A: within thirty days of purchase." },
    ];
    const options = {
      set: own,
      baseline: sampleResults(own, steady),
      candidate: sampleResults(own, steady, { bundle: "green" }),
      policy: lenient,
    };
    const evidence = gate({ ...options, prompts });
    expect(evidence.compared.leftOut).toEqual([
      { case: "c009", why: "in-prompt" },
      { case: "c012", why: "in-prompt" },
    ]);
    expect(evidence.compared.cases).toBe(198);
    expect(notes(evidence)).toContain("case-in-prompt");
    expect(notes(gate({ ...options, prompts: [] }))).not.toContain("held-out-unchecked");
    expect(notes(gate(options))).toContain("held-out-unchecked");
  });

  it("are not lost to short answers that stand in any prompt", () => {
    const short = sampleSet(200, () => ({ expected: "yes" }));
    const results = sampleResults(short, steady);
    const prompts = [{ name: "system", text: "Answer yes or no." }];
    const candidate = sampleResults(short, steady, { bundle: "green" });
    expect(gate({ set: short, baseline: results, candidate, policy: lenient, prompts }).compared.cases).toBe(
      200,
    );
  });

  it("must be there: a set that stands in the prompts altogether is an error", () => {
    const prompts = [{ name: "all", text: set.cases.map(({ input }) => input).join("\n") }];
    expect(gate({ set, baseline: blue, candidate: green, prompts })).toMatchObject({
      verdict: "error",
      reasons: [{ code: "nothing-to-judge" }],
    });
  });
});

describe("the quality axis", () => {
  const scorers: readonly ScorerIdentity[] = [{ metric: "helpful", scorer: "judge", version: "1", judge }];
  const results = (bundle: "blue" | "green", options = {}): EvalResults =>
    sampleResults(set, (at) => ({ helpful: steady(at) }), { bundle, scorers, ...options });
  const judged = (card: JudgeCard, candidate = results("green")): ReturnType<typeof gate> =>
    gate({
      set,
      baseline: results("blue"),
      candidate,
      policy: { metrics: [{ kind: "quality", metric: "helpful", by: "judge", judge: card, margin: 0.05 }] },
    });

  it("is missing from exact checks alone, and the verdict says so [GATE-QUALITY-AXIS]", () => {
    const without = gate({ set, baseline: blue, candidate: green });
    expect(without.qualityAxis).toBe("none");
    expect(notes(without)).toContain("no-quality-axis");
    expect(without.summary).toContain("no quality axis");
    const withJudge = judged(judge);
    expect(withJudge).toMatchObject({ verdict: "pass", qualityAxis: "judge" });
    expect(notes(withJudge)).not.toContain("no-quality-axis");
  });

  it("scales the margin by what the judge's errors leave of a change [GATE-QUALITY-AXIS]", () => {
    expect(judged(judge).metrics[0]).toMatchObject({ agreedMargin: 0.05, margin: expect.closeTo(0.04, 10) });
    const weak = { ...judge, sensitivity: 0.6, specificity: 0.6 };
    expect(judged(weak).metrics[0]?.margin).toBeCloseTo(0.01, 10);
    expect(judged(weak).verdict).toBe("inconclusive");
  });

  it("refuses a judge under its kappa floor, and one that is no better than chance [GATE-QUALITY-AXIS]", () => {
    const low = { ...judge, kappa: { estimate: 0.5, low: 0.39, high: 0.6 } };
    for (const card of [low, { ...judge, sensitivity: 0.5, specificity: 0.5 }]) {
      expect(judged(card)).toMatchObject({
        verdict: "error",
        reasons: [{ code: "judge-below-kappa", metric: "helpful" }],
      });
    }
  });

  it("is incomparable when the card belongs to another judge, or to another prompt", () => {
    for (const card of [
      { ...judge, model: "other" },
      { ...judge, prompt: { version: "4" } },
    ]) {
      expect(judged(card)).toMatchObject({ verdict: "incomparable", reasons: [{ code: "judge-changed" }] });
    }
  });

  it("flags a judge that is a model of the candidate, and one measured on few labels [GATE-QUALITY-AXIS]", () => {
    expect(notes(judged(judge, results("green", { models: ["small", judge.model] })))).toContain(
      "judge-is-candidate",
    );
    expect(notes(judged(judge))).not.toContain("judge-is-candidate");
    expect(notes(judged({ ...judge, labels: 40 }))).toContain("judge-few-labels");
  });
});

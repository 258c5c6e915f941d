import {
  ExactMatch,
  Factuality,
  JSONDiff,
  Levenshtein,
  ListContains,
  NumericDiff,
  ValidJSON,
} from "autoevals";
import { describe, expect, it } from "vitest";
import { runEvals } from "../../src/run.ts";
import { type AutoevalsScorer, fromAutoevals, type Scorer } from "../../src/scorers.ts";
import { aCase, aRun, aSet } from "../run/a-run.ts";

const options = { metric: "m", version: "autoevals 0.3.0" };

/** What a run writes: the score, or the kind of error there was. */
async function scoreOf(scorer: Scorer, output: unknown, expected?: unknown): Promise<number | string> {
  const asked = aCase("a", expected === undefined ? {} : { expected: expected as never });
  const { lines } = await runEvals(aRun({ set: aSet(asked), target: () => output, scorers: [scorer] }));
  return lines[0]?.scores.m ?? lines[0]?.error?.kind ?? "nothing";
}

describe("scorers of autoevals itself, those that ask no model", () => {
  it.each<readonly [string, Scorer, unknown, unknown, number]>([
    ["ExactMatch", fromAutoevals(ExactMatch, options), { a: [1, "x"] }, { a: [1, "x"] }, 1],
    ["ExactMatch", fromAutoevals(ExactMatch, options), "yes", "no", 0],
    // kitten to sitting takes three edits of seven letters.
    ["Levenshtein", fromAutoevals(Levenshtein, options), "kitten", "sitting", 1 - 3 / 7],
    // |9 - 10| of 9 + 10.
    ["NumericDiff", fromAutoevals(NumericDiff, options), 9, 10, 1 - 1 / 19],
    ["JSONDiff", fromAutoevals(JSONDiff, options), { a: 1, b: "x" }, { a: 1, b: "y" }, 0.5],
    ["ListContains", fromAutoevals(ListContains, options), ["a"], ["a", "b"], 0.5],
    ["ValidJSON", fromAutoevals(ValidJSON, options), '{"a":1}', undefined, 1],
    ["ValidJSON", fromAutoevals(ValidJSON, options), '{"a":1', undefined, 0],
  ])("%s scores as it does by itself", async (_, scorer, output, expected, score) => {
    expect(await scoreOf(scorer, output, expected)).toBeCloseTo(score, 12);
  });

  it("are errors where they throw, never 0 [EVAL-ERROR-NOT-ZERO]", async () => {
    expect(await scoreOf(fromAutoevals(Levenshtein, options), "no expected answer")).toBe("scorer");
    expect(await scoreOf(fromAutoevals(NumericDiff, options), "not a number", 3)).toBe("scorer");
  });

  it("take a `select`, and scorers that ask a model take a judge", async () => {
    const select = (output: unknown): unknown => (output as { answer: string }).answer;
    const near = fromAutoevals(Levenshtein, { ...options, select });
    expect(await scoreOf(near, { answer: "paris" }, "paris")).toBe(1);
    const judge = { model: "judge-1", prompt: { version: "0.3.0" } };
    const factual: AutoevalsScorer<string> = ({ input, ...answer }) =>
      Factuality({ ...answer, input: String(input), openAiApiKey: "none" });
    expect(fromAutoevals(factual, { ...options, judge }).identity).toMatchObject({ judge });
  });
});

import { describe, expect, it } from "vitest";
import { feedbackResults, feedbackSheet } from "../../src/judge.ts";
import { runEvals } from "../../src/run.ts";
import { aRun, aSet, digest } from "../run/a-run.ts";

const set = aSet("a", "b");
async function sheetOf() {
  const runs = await Promise.all(
    ["blue", "green"].map((id) =>
      runEvals(
        aRun({
          set,
          bundle: { id, digest: digest(id) },
          target: (input) => `${input} of ${id.length}`,
          outputs: { ttlMs: 1 },
        }),
      ),
    ),
  );
  let drawn = 0;
  const places = [0.9, 0.1, 0.5, 0.3];
  const sheet = feedbackSheet({
    set,
    runs,
    newId: () => `item-${drawn}`,
    random: () => places[drawn++] ?? 0,
  });
  return { runs, ...sheet };
}

describe("feedback of people", () => {
  it("is asked for blind: mixed answers under names that say nothing [FEEDBACK-BLIND]", async () => {
    const { items, key } = await sheetOf();
    expect(items.map(({ item }) => item)).toEqual(["item-1", "item-3", "item-2", "item-0"]);
    expect(Object.keys(items[0] ?? {})).toEqual(["item", "input", "output"]);
    expect(key["item-2"]).toEqual({ bundle: digest("green"), case: "a", repeat: 0 });
  });

  it("becomes a metric: the mean over people, and none where nobody judged", async () => {
    const { runs, key } = await sheetOf();
    const { results, unjudged } = feedbackResults(runs, key, [
      { item: "item-0", rater: "ada", score: 1 },
      { item: "item-0", rater: "bob", score: 0.5 },
      { item: "item-2", rater: "ada", score: 0 },
      { item: "item-2", rater: "ada", score: 1 },
    ]);
    const scores = results.map(({ cases }) =>
      [...cases.values()].map(({ repeats }) => repeats[0]?.scores.human),
    );
    expect(scores).toEqual([
      [0.75, null],
      [1, null],
    ]);
    expect(unjudged).toBe(2);
    expect(results[0]?.header.scorers.at(-1)).toEqual({
      metric: "human",
      scorer: "human-feedback",
      version: "1",
    });
  });

  it("says how far people agree, whoever of them is named first", async () => {
    const { runs, key } = await sheetOf();
    const words = (flip: boolean) =>
      [1, 1, 0, 1].flatMap((score, i) => {
        const two = [
          { item: `item-${i}`, rater: "ada", score },
          { item: `item-${i}`, rater: "bob", score: i === 3 ? 0 : score },
        ];
        return flip ? two.reverse() : two;
      });
    const agreement = feedbackResults(runs, key, words(false)).agreement;
    // Two agree on good, one on bad, one pair is split: shares 5/8 and 3/8, chance 34/64.
    expect(agreement?.kappa).toBeCloseTo((0.75 - 34 / 64) / (1 - 34 / 64), 12);
    expect(agreement?.pairs).toBe(4);
    expect(feedbackResults(runs, key, words(true)).agreement).toEqual(agreement);
  });

  it("says nothing of agreement where it was not put to the test", async () => {
    const { runs, key } = await sheetOf();
    const one = (rater: string) => ({ item: "item-0", rater, score: 1 });
    expect(feedbackResults(runs, key, [one("ada")]).agreement).toBeNull();
    expect(feedbackResults(runs, key, [one("ada"), one("bob")]).agreement).toBeNull();
  });

  it.each([
    { item: "item-9", rater: "ada", score: 1 },
    { item: "toString", rater: "ada", score: 1 },
    { item: "item-0", rater: "ada", score: 5 },
    { item: "item-0", rater: "ada", score: Number.NaN },
  ])("is refused where it is of nothing or no score: %j", async (wrong) => {
    const { runs, key } = await sheetOf();
    expect(() => feedbackResults(runs, key, [wrong])).toThrow(
      expect.objectContaining({ details: { argument: "feedback" } }),
    );
  });
});

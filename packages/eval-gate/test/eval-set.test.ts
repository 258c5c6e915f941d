import { isVerdigrisError } from "@verdigris/contracts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { defineEvalSet, type EvalCaseInput } from "../src/index.ts";

const cases: readonly EvalCaseInput[] = [
  { id: "a", input: "one?", expected: 1, slice: "question", cluster: "doc-1" },
  { id: "b", input: { ask: "two" }, mustPass: true },
];
const base = { name: "support", version: "7", cases };

function issuesOf(input: unknown): readonly string[] {
  try {
    defineEvalSet(input as typeof base);
  } catch (error) {
    if (!isVerdigrisError(error, "eval-set-invalid")) throw error;
    return (error.details.issues as { path: string }[]).map(({ path }) => path);
  }
  return [];
}

describe("an eval set", () => {
  it("writes defaults out and is frozen all the way down", () => {
    const set = defineEvalSet(base);
    expect(set.cases[1]).toMatchObject({ slice: "all", mustPass: true });
    expect(set.cases[1]).not.toHaveProperty("cluster");
    for (const part of [set, set.cases, set.cases[1], set.cases[1]?.input])
      expect(Object.isFrozen(part)).toBe(true);
  });

  it("has the same digest whatever the order of cases and members, its name and version [EVAL-IDENTITY]", () => {
    const turned = cases.toReversed().map((entry) => Object.fromEntries(Object.entries(entry).toReversed()));
    const again = defineEvalSet({ name: "other", version: "8", cases: turned as unknown as EvalCaseInput[] });
    expect(again.digest).toBe(defineEvalSet(base).digest);
  });

  it.each([
    ["input", { input: "one!" }],
    ["expected", { expected: 2 }],
    ["slice", { slice: "other" }],
    ["cluster", { cluster: "doc-2" }],
  ])("gives a case with another %s another digest, and no other case [EVAL-IDENTITY]", (_, change) => {
    const before = defineEvalSet(base);
    const after = defineEvalSet({
      ...base,
      cases: [{ ...cases[0], ...change } as EvalCaseInput, ...cases.slice(1)],
    });
    expect(after.cases[0]?.digest).not.toBe(before.cases[0]?.digest);
    expect(after.cases[1]?.digest).toBe(before.cases[1]?.digest);
    expect(after.digest).not.toBe(before.digest);
  });

  it("changes the digest of the set but not of the case with mustPass: scores stay comparable [EVAL-IDENTITY]", () => {
    const before = defineEvalSet(base);
    const after = defineEvalSet({ ...base, cases: cases.map((entry) => ({ ...entry, mustPass: true })) });
    expect(after.cases[0]?.digest).toBe(before.cases[0]?.digest);
    expect(after.digest).not.toBe(before.digest);
  });

  it("changes no case by adding others [EVAL-IDENTITY]", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.string({ minLength: 3, maxLength: 9, unit: "grapheme-ascii" })),
        (ids) => {
          const added = ids.map((id) => ({ id, input: id }));
          const before = defineEvalSet(base).cases.map(({ digest }) => digest);
          const after = defineEvalSet({ ...base, cases: [...added, ...cases] }).cases.map(
            ({ digest }) => digest,
          );
          expect(after.slice(added.length)).toEqual(before);
        },
      ),
    );
  });

  it.each([
    ["no object", null, [""]],
    ["no case", { ...base, cases: [] }, ["cases"]],
    ["cases that are no list", { ...base, cases: "a" }, ["cases"]],
    ["an id that stands twice", { ...base, cases: [cases[0], cases[0]] }, ["cases"]],
    ["a misspelt member", { ...base, cases: [{ id: "a", input: 1, expcted: 2 }] }, ["cases.0.expcted"]],
    ["a member of the set it does not know", { ...base, cluster: "x" }, ["cluster"]],
    ["a case without input", { ...base, cases: [{ id: "a" }] }, ["cases.0.input"]],
    ["NaN in an input", { ...base, cases: [{ id: "a", input: { x: [Number.NaN] } }] }, ["cases.0.input.x.0"]],
    ["an id with a line feed", { ...base, cases: [{ id: "a\nb", input: 1 }] }, ["cases.0.id"]],
    [
      "a locked case with another content",
      { ...base, cases: [{ id: "a", input: 1, digest: `sha256:${"0".repeat(64)}` }] },
      ["cases.0.digest"],
    ],
    [
      "a locked set with other cases",
      { ...defineEvalSet(base), cases: [...cases, { id: "c", input: 1 }] },
      ["digest"],
    ],
    ["a name with a space", { ...base, name: "my set" }, ["name"]],
  ])("refuses %s with eval-set-invalid", (_, input, paths) => {
    expect(issuesOf(input)).toEqual(paths);
  });

  it("reads what it made: a set with its digests is locked by them", () => {
    expect(defineEvalSet(JSON.parse(JSON.stringify(defineEvalSet(base))))).toEqual(defineEvalSet(base));
  });

  it("names every problem at once", () => {
    expect(issuesOf({ name: "", version: "1", cases: [{ id: "" }, 7] })).toEqual([
      "name",
      "cases.0.id",
      "cases.0.input",
      "cases.1",
    ]);
  });
});

import type { BundleManifest, ModelEntry, ToolEntry } from "@verdigris/contracts";
import { describe, expect, it, test } from "vitest";
import { adviseRollout, diffBundles, type RolloutAdvice, type RolloutFacts } from "../src/index.ts";
import { digit, failureOf, fullManifest } from "./samples.ts";

const a = fullManifest();
const planner = a.models.planner as ModelEntry;
const search = a.tools.search as ToolEntry;
const docs = a.indexes.docs!;
const embedding = { provider: "p", name: "e5", snapshot: "e5" };

type Edit = (manifest: BundleManifest) => BundleManifest;
const code = (change: Partial<BundleManifest["code"]>): Edit => {
  return (m) => ({ ...m, code: { ...m.code, ...change } });
};
const prompt = (change: object, name = "system"): Edit => {
  return (m) => ({ ...m, prompts: { ...m.prompts, [name]: { ...m.prompts[name]!, ...change } } });
};
const model = (change: object): Edit => {
  return (m) => ({ ...m, models: { ...m.models, planner: { ...planner, ...change } } });
};
const index = (change: object, name = "docs"): Edit => {
  return (m) => ({ ...m, indexes: { ...m.indexes, [name]: { ...m.indexes[name]!, ...change } } });
};
const tool = (change: object, name = "search"): Edit => {
  return (m) => ({ ...m, tools: { ...m.tools, [name]: { ...(m.tools[name] ?? search), ...change } } });
};

const promptEdit = prompt({ version: "4", digest: digit("1") });
const swap = model({ name: "gpt-6", snapshot: "gpt-6-2026-01-01" });
const newTool = tool({}, "calendar");
const rebuild = code({ commit: "5e5e5e5e", build: digit("1") });
const reEmbedded = index({ version: "2", digest: digit("1"), embedding });
const newContract = tool({ version: "2.0.0", contract: digit("1") });

function advise(edits: readonly Edit[], facts?: RolloutFacts, from: BundleManifest = a): RolloutAdvice {
  const to = edits.reduce((manifest, edit) => edit(manifest), { ...from, id: "docs-43" });
  return facts === undefined
    ? adviseRollout(diffBundles(from, to))
    : adviseRollout(diffBundles(from, to), facts);
}
const rulesOf = ({ reasons }: RolloutAdvice): string[] => reasons.map(({ rule }) => rule);

test("identical bundles need no rollout, whatever the facts", () => {
  const advice = advise([], { decisiveEvals: false, memorySchemaChanges: true });
  expect([advice.rollout, advice.reasons, advice.goingBack]).toEqual(["none", [], []]);
});

describe("one change at a time", () => {
  const rows: readonly (readonly [string, Edit, RolloutFacts, RolloutAdvice["rollout"], string])[] = [
    ["a prompt edit", promptEdit, {}, "blue-green", "prompt-edit"],
    ["a prompt edit of a known small share", promptEdit, { promptShare: 0.29 }, "blue-green", "prompt-edit"],
    ["a restructured prompt", promptEdit, { promptShare: 0.3 }, "canary", "restructure"],
    [
      "one restructured prompt of several",
      promptEdit,
      { promptShare: { system: 1, shots: 0 } },
      "canary",
      "restructure",
    ],
    ["a share of another prompt", promptEdit, { promptShare: { shots: 1 } }, "blue-green", "prompt-edit"],
    ["a prompt that became examples", prompt({ kind: "examples" }), {}, "canary", "restructure"],
    ["a prompt under another version", prompt({ version: "4" }), {}, "blue-green", "version-only"],
    ["a new prompt", prompt({ version: "1", digest: digit("1") }, "judge"), {}, "canary", "new-entry"],
    ["a model swap", swap, {}, "canary", "model-swap"],
    ["another snapshot of a model", model({ snapshot: "gpt-5-mini-2026-01-01" }), {}, "canary", "model-swap"],
    ["other settings", model({ settings: { temperature: 1 } }), {}, "canary", "model-settings"],
    ["another retirement date", model({ retires: "2028-01-01" }), {}, "blue-green", "model-notes"],
    [
      "a model that may move",
      (m) => ({ ...m, allowFloating: ["indexes.news", "models.planner"] }),
      {},
      "canary",
      "floating",
    ],
    ["a new tool", newTool, {}, "canary", "new-entry"],
    ["a removed tool", (m) => ({ ...m, tools: { search } }), {}, "canary", "removed-entry"],
    ["a patch version of a tool", tool({ version: "1.4.1" }), {}, "blue-green", "tool-patch"],
    ["a minor version of a tool", tool({ version: "1.5.0" }), {}, "canary", "tool-version"],
    ["another version of no known form", tool({ version: "3" }, "weather"), {}, "canary", "tool-version"],
    ["another holder of a version", tool({ pinned: "by-service" }), {}, "blue-green", "tool-notes"],
    ["another contract", newContract, {}, "canary", "contract"],
    ["another contract of a pure tool", newContract, { toolsWithEffects: ["weather"] }, "canary", "contract"],
    [
      "another contract of a tool with effects",
      newContract,
      { toolsWithEffects: ["search"] },
      "canary-then-blue-green",
      "contract-with-effects",
    ],
    ["a new tool with effects", newTool, { toolsWithEffects: ["calendar"] }, "canary", "new-entry"],
    ["another build", rebuild, {}, "blue-green", "build"],
    ["another commit of the same build", code({ commit: "5e5e5e5e" }), {}, "blue-green", "commit-only"],
    ["other guardrails", code({ guardrails: digit("1") }), {}, "canary", "guardrails"],
    ["uncommitted changes", code({ build: digit("1"), dirty: true }), {}, "canary", "dirty-build"],
    ["other index contents", index({ version: "2", digest: digit("1") }), {}, "canary", "index-contents"],
    ["an index under another version", index({ version: "2" }), {}, "blue-green", "version-only"],
    ["another embedding model", reEmbedded, {}, "canary", "embedding-swap"],
    ["no embedding any more", index({ embedding: null }), {}, "canary", "embedding-swap"],
    [
      "a live index that was frozen",
      index({ kind: "snapshot", digest: digit("1") }, "news"),
      {},
      "canary",
      "index-kind",
    ],
  ];
  it.each(rows)("%s", (_, edit, facts, rollout, rule) => {
    const advice = advise([edit], facts);
    expect([advice.rollout, rulesOf(advice)[0]]).toEqual([rollout, rule]);
    expect(advice.goingBack.length).toBe(1);
  });

  it("takes versions for what they promise: a patch is small, a major step of a prompt is not", () => {
    const from = prompt({ version: "1.2.3" })(index({ version: "1.2.3" })(a));
    const patched = index({ version: "1.2.4", digest: digit("1") });
    expect(advise([patched], {}, from).rollout).toBe("blue-green");
    const major = prompt({ version: "2.0.0", digest: digit("1") });
    expect(advise([major], {}, from).rollout).toBe("canary");
    expect(advise([major], { promptShare: 0.1 }, from).rollout).toBe("blue-green");
    const minor = prompt({ version: "1.3.0", digest: digit("1") });
    expect(advise([minor], {}, from).rollout).toBe("blue-green");
  });
});

describe("changes together", () => {
  const rows: readonly (readonly [string, readonly Edit[], RolloutAdvice["rollout"]])[] = [
    ["a model swap and a new tool", [swap, newTool], "canary-then-blue-green"],
    ["an embedding swap and a model swap", [reEmbedded, swap], "canary-then-blue-green"],
    ["a new build and a model swap", [rebuild, swap], "canary-then-blue-green"],
    ["a new build and another temperature", [rebuild, model({ settings: {} })], "canary"],
    ["a new build and a prompt edit", [rebuild, promptEdit], "blue-green"],
    ["a new build and a new tool", [rebuild, newTool], "canary"],
    ["two new tools", [newTool, tool({}, "mail")], "canary"],
    ["a prompt edit and a new tool", [promptEdit, newTool], "canary"],
  ];
  it.each(rows)("%s", (_, edits, rollout) => {
    expect(advise(edits).rollout).toBe(rollout);
  });

  it("weighs the heaviest change of an entry", () => {
    const floats: Edit = (m) => ({ ...m, allowFloating: ["indexes.news", "models.planner", "tools.search"] });
    const facts = { toolsWithEffects: ["search"] };
    expect(rulesOf(advise([newContract, floats], facts))).toContain("contract-with-effects");
    expect(rulesOf(advise([rebuild, swap, floats]))).toContain("code-and-model");
  });

  it("is high risk when the memory's schema changes, and says what must be parked", () => {
    const advice = advise([rebuild], { memorySchemaChanges: true });
    expect(advice.rollout).toBe("canary-then-blue-green");
    expect(advice.goingBack.at(-1)).toMatchObject({ piece: "memory", needs: "layer-parked" });
    expect(advise([rebuild]).goingBack.map(({ piece }) => piece)).toEqual(["code"]);
  });
});

test("evals that are not decisive turn a small change into a canary; unknown ones are a condition", () => {
  expect(advise([promptEdit], { decisiveEvals: false }).rollout).toBe("canary");
  expect(rulesOf(advise([promptEdit], { decisiveEvals: true }))).toEqual(["prompt-edit"]);
  expect(rulesOf(advise([promptEdit]))).toEqual(["prompt-edit", "unproven"]);
  expect(rulesOf(advise([swap]))).toEqual(["model-swap"]);
});

describe("going back", () => {
  const need = (edit: Edit, facts?: RolloutFacts, from?: BundleManifest): string[] =>
    advise([edit], facts, from).goingBack.map(({ needs }) => needs);

  it.each([
    ["a build needs the old processes", rebuild, "old-processes"],
    ["a commit of the same build needs nothing", code({ commit: "5e5e5e5e" }), "nothing"],
    ["a prompt needs nothing", promptEdit, "nothing"],
    ["a model needs its old snapshot", swap, "snapshot-served"],
    ["settings need nothing", model({ settings: {} }), "nothing"],
    ["an index needs its old snapshot", reEmbedded, "index-kept"],
    ["the same contents need nothing", index({ version: "2" }), "nothing"],
    ["a tool needs its old version", newContract, "version-accepted"],
    ["a new tool needs nothing", newTool, "nothing"],
    [
      "a removed tool needs its old version",
      (m: BundleManifest) => ({ ...m, tools: {} }),
      "version-accepted",
    ],
    [
      "a listing as floating needs nothing of a tool",
      (m: BundleManifest) => {
        return { ...m, allowFloating: ["indexes.news", "tools.weather"] };
      },
      "nothing",
    ],
  ] as const)("%s", (_, edit, needs) => {
    expect(need(edit)[0]).toBe(needs);
  });

  it("names the day on which the old model retires, and compares it with today when told", () => {
    const [line] = advise([swap]).goingBack;
    expect([line?.needs, line?.text]).toEqual(["snapshot-served", expect.stringContaining("2027-02-28")]);
    expect(need(swap, { today: "2027-02-28" })).toEqual(["snapshot-served"]);
    expect(need(swap, { today: "2027-03-01" })).toEqual(["not-possible"]);
    const kept = model({ settings: {} });
    expect(need(kept, { today: "2027-03-01" })).toEqual(["not-possible"]);
    const unset = { ...a, models: { ...a.models, planner: { provider: "p", name: "m" } } };
    expect(need(swap, { today: "2027-03-01" }, unset)).toEqual(["snapshot-served"]);
  });

  it("tells the three ways in which a tool is held apart", () => {
    const texts = ["per-call", "by-service", "not"].map((pinned) => {
      const from = tool({ pinned })(a);
      return advise([tool({ pinned, version: "9.0.0" })], {}, from).goingBack[0]?.text;
    });
    expect(new Set(texts).size).toBe(3);
  });

  it("says that a live index keeps nothing", () => {
    const lines = advise([index({ kind: "snapshot", digest: digit("1") }, "news")]).goingBack;
    expect(lines).toMatchObject([{ needs: "index-kept", text: expect.stringContaining("live") }]);
    expect(docs.kind).toBe("snapshot");
  });
});

test("the text says it all, and nothing in it moves a cursor", () => {
  expect(advise([promptEdit, swap], { today: "2026-11-23" }).text).toMatchInlineSnapshot(`
    "canary, because
      prompts.system: is an edit of the text
      models.planner: is a model swap
    going back
      prompts.system: needs nothing: the old text is kept under its digest
      models.planner: openai gpt-5-mini-2025-08-07 must still be served, which it is until 2027-02-28"
  `);
  const hostile = { ...a, models: { planner: { ...planner, snapshot: "\u001b[31m" } } };
  expect(advise([swap], {}, hostile).text).not.toContain("\u001b");
});

test.each([
  ["promptShare", { promptShare: 1.1 }],
  ["promptShare", { promptShare: { system: Number.NaN } }],
  ["promptShare", { promptShare: "half" as unknown as number }],
  ["today", { today: "2026-02-30" }],
  ["today", { today: "today" }],
] as const)("%s is checked: %j", (argument, facts) => {
  const failure = failureOf(() => advise([promptEdit], facts));
  expect([failure.code, failure.details]).toEqual(["invalid-argument", { argument }]);
});

test("a change of a piece that is none of the five is refused", () => {
  const diff = diffBundles(a, promptEdit(a));
  const foreign = { ...diff, changes: [{ ...diff.changes[0]!, piece: "weather" as "code" }] };
  expect(failureOf(() => adviseRollout(foreign)).details).toEqual({ argument: "diff" });
});

test("advice is frozen and the same each time", () => {
  const advice = advise([promptEdit, swap]);
  expect(advice).toEqual(advise([promptEdit, swap]));
  for (const part of [advice, advice.reasons, advice.reasons[0], advice.goingBack, advice.goingBack[0]]) {
    expect(Object.isFrozen(part)).toBe(true);
  }
});

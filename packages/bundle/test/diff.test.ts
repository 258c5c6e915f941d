import type { BundleManifest, JsonObject, ToolEntry } from "@verdigris/contracts";
import { expect, test } from "vitest";
import { diffBundles } from "../src/index.ts";
import { digit, fullManifest } from "./samples.ts";

const a = fullManifest();

function changed(): BundleManifest {
  const { search: _, ...tools } = a.tools;
  const { allowFloating: __, ...rest } = a;
  return {
    ...rest,
    id: "docs-43",
    code: { commit: "0f".repeat(20), build: digit("1"), guardrails: digit("b") },
    prompts: { ...a.prompts, system: { version: "4", digest: digit("2") } },
    models: {
      ...a.models,
      planner: {
        provider: "openai",
        name: "gpt-5-mini",
        snapshot: "gpt-5-mini-2025-08-07",
        settings: {
          temperature: 0.2,
          reasoning: { effort: "low" },
          stop: ["END", "\u001b[31m"],
          region: "eu",
        },
      },
    },
    indexes: { ...a.indexes, news: { version: "1", kind: "snapshot", digest: digit("3"), embedding: null } },
    tools: { ...tools, calendar: { version: "1.0.0", contract: digit("4"), pinned: "by-service" } },
  };
}

test("changes come by piece and entry, with every field that differs [BUNDLE-DIFF]", () => {
  const diff = diffBundles(a, changed());
  expect(diff.changed).toBe(true);
  expect(diff.pieces).toEqual(["code", "prompts", "models", "indexes", "tools"]);
  expect(
    diff.changes.map(({ piece, entry, kind, fields }) => [
      piece,
      entry,
      kind,
      fields.map(({ path }) => path),
    ]),
  ).toEqual([
    ["code", "code", "changed", ["build", "commit"]],
    ["prompts", "system", "changed", ["digest", "version"]],
    ["models", "planner", "changed", ["retires", "settings.region", "settings.stop", "settings.temperature"]],
    ["indexes", "news", "changed", ["allowFloating", "digest", "kind"]],
    ["tools", "calendar", "added", ["contract", "pinned", "version"]],
    ["tools", "search", "removed", ["contract", "pinned", "version"]],
  ]);
  expect(diff.changes[2]?.fields[3]).toEqual({ path: "settings.temperature", from: 0, to: 0.2 });
  expect(diff.changes[3]?.fields[0]).toEqual({ path: "allowFloating", from: true, to: undefined });
});

test("a change carries the whole entry of both sides", () => {
  const { changes } = diffBundles(a, changed());
  expect(changes[1]).toMatchObject({ before: a.prompts.system, after: changed().prompts.system });
  expect(changes[4]).toMatchObject({ before: null, after: changed().tools.calendar });
  expect(changes[5]).toMatchObject({ before: a.tools.search, after: null });
});

test("the text is aligned, short and safe to print [BUNDLE-DIFF]", () => {
  expect(diffBundles(a, changed()).text).toMatchInlineSnapshot(`
    "docs-42 → docs-43: 6 entries differ
    code     code      changed  build                 sha256:aaaaaaaaaaaa → sha256:111111111111
                                commit                9b1c2f0e5d → 0f0f0f0f0f0f
    prompts  system    changed  digest                sha256:cccccccccccc → sha256:222222222222
                                version               3 → 4
    models   planner   changed  retires               2027-02-28 → (absent)
                                settings.region       (absent) → eu
                                settings.stop         ["END"] → ["END","\\u001b[31m"]
                                settings.temperature  0 → 0.2
    indexes  news      changed  allowFloating         true → (absent)
                                digest                (absent) → sha256:333333333333
                                kind                  live → snapshot
    tools    calendar  added    contract              sha256:444444444444
                                pinned                by-service
                                version               1.0.0
    tools    search    removed  contract              sha256:ffffffffffff
                                pinned                per-call
                                version               1.4.0"
  `);
});

test("bundles that differ only in their id have not changed", () => {
  const diff = diffBundles(a, { ...a, id: "docs-43" });
  expect([diff.changed, diff.pieces, diff.changes]).toEqual([false, [], []]);
  expect(diff.text).toMatchInlineSnapshot(`"docs-42 and docs-43 hold the same five pieces."`);
  expect(diffBundles(a, a).text).toMatchInlineSnapshot(
    `"docs-42 is unchanged: all five pieces are the same."`,
  );
});

test("a single change reads as a sentence and a line", () => {
  const b = { ...a, code: { ...a.code, commit: "5e5e5e5e" } };
  expect(diffBundles(a, b).text).toMatchInlineSnapshot(`
    "docs-42 → docs-42: 1 entry differs
    code  code  changed  commit  9b1c2f0e5d → 5e5e5e5e"
  `);
});

test("going back gives the same changes with the sides swapped", () => {
  const there = diffBundles(a, changed()).changes.flatMap(({ fields }) => fields);
  const back = diffBundles(changed(), a).changes.flatMap(({ fields }) => fields);
  expect(back).toEqual(there.map(({ path, from, to }) => ({ path, from: to, to: from })));
});

test("entries named like members of Object are entries", () => {
  const tool: ToolEntry = { version: "1", contract: digit("1"), pinned: "not" };
  const tools = Object.fromEntries([...Object.entries(a.tools), ["toString", tool]]);
  const b: BundleManifest = { ...a, tools };
  expect(diffBundles(a, b).changes.map(({ entry, kind }) => [entry, kind])).toEqual([["toString", "added"]]);
});

test("long values are cut and names cannot reorder what is read", () => {
  const settings = { "a\u202eb": "x".repeat(200) };
  const b = { ...a, models: { ...a.models, judge: { provider: "p", name: "n", snapshot: "s", settings } } };
  const { text } = diffBundles(a, b);
  expect(text).not.toMatch(/\u202e/);
  expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThan(150);
});

test("a dotted name and a nested one are two paths", () => {
  const withSettings = (settings: JsonObject): BundleManifest => ({
    ...a,
    models: { m: { provider: "p", name: "n", snapshot: "s", settings } },
  });
  const diff = diffBundles(withSettings({ "a.b": 1, "": 0 }), withSettings({ a: { b: 1 }, '""': 0 }));
  expect(diff.changes[0]?.fields.length).toBe(4);
});

test("a diff is frozen", () => {
  const diff = diffBundles(a, changed());
  for (const part of [diff, diff.pieces, diff.changes, diff.changes[0], diff.changes[0]?.fields]) {
    expect(Object.isFrozen(part)).toBe(true);
  }
});

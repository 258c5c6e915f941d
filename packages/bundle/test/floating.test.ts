import type { BundleManifest } from "@verdigris/contracts";
import { expect, test } from "vitest";
import { isFloatingForm } from "../src/floating.ts";
import { parseBundle } from "../src/index.ts";
import { digit, failureOf, floatingNames, fullManifest, issuePaths } from "./samples.ts";

const moving = [
  "latest",
  "LATEST",
  "$LATEST",
  "gpt-5-latest",
  "claude-3-7-sonnet-latest",
  "llama3.2:latest",
  "latest-v2",
  "registry.example/agent@latest",
  "stable",
  "org/model@main",
  "preview",
  "default",
  "main",
  "master",
  "HEAD",
  "refs/heads/main",
  "auto",
  "openrouter/auto",
  "production",
  "prompt:prod",
  "nightly",
  "^1",
  "^1.2.3",
  "~1",
  "*",
  "x",
  "1.x",
  "1.2.*",
  "v1.X",
  "1.x.x",
  ">=1.2",
  "<2",
  "=1.2",
  "1.0 - 2.0",
  "1 || 2",
  "tool@^1",
  "tool@*",
];
const exact = [
  "gpt-5-mini",
  "gpt-4o-2024-11-20",
  "claude-opus-4-1",
  "claude-3-5-sonnet-20241022",
  "gemini-2.5-pro-preview-05-06",
  "o1-preview",
  "stable-diffusion-3",
  "command-a-03-2025",
  "1",
  "v1",
  "1.2.3",
  "1.2.3-rc.1+build.5",
  "2025-10-01",
  "9b1c2f0e",
  "default-deny-v2",
  "mainframe",
  "auto-router-7",
  "contest",
  "greatest",
  "next-gen-2",
  "phi-3-x",
  "model:7b",
  "meta-llama/Llama-3.3-70B",
  digit("a"),
];

test.each(moving)("%s is a form that moves", (text) => expect(isFloatingForm(text)).toBe(true));
test.each(exact)("%s is exact", (text) => expect(isFloatingForm(text)).toBe(false));

type Edit = Partial<{ -readonly [K in keyof BundleManifest]: BundleManifest[K] }>;
const full = fullManifest();
const { planner, judge } = full.models as { planner: object; judge: object };
const without = (entry: object, field: string): object =>
  Object.fromEntries(Object.entries(entry).filter(([name]) => name !== field));

const cases: readonly (readonly [string, object, string])[] = [
  [
    "a prompt version",
    { prompts: { system: { version: "production", digest: digit("c") } } },
    "prompts.system",
  ],
  ["a model without a snapshot", { models: { planner: without(planner, "snapshot") } }, "models.planner"],
  ["a model snapshot", { models: { judge: { ...judge, snapshot: "claude-sonnet-latest" } } }, "models.judge"],
  ["a model name", { models: { judge: { ...judge, name: "gpt-5-latest" } } }, "models.judge"],
  [
    "an index version",
    { indexes: { ...full.indexes, docs: { ...full.indexes.docs, version: "latest" } } },
    "indexes.docs",
  ],
  [
    "an embedding model without a snapshot",
    {
      indexes: {
        ...full.indexes,
        docs: { ...full.indexes.docs, embedding: { provider: "openai", name: "text-embedding-3-small" } },
      },
    },
    "indexes.docs",
  ],
  [
    "a tool version",
    { tools: { search: { version: "^1", contract: digit("f"), pinned: "per-call" } } },
    "tools.search",
  ],
];

test.each(cases)(
  "%s that may move is refused by name, and accepted when listed [BUNDLE-FLOATING]",
  (_, edit, entry) => {
    const manifest = { ...full, ...(edit as Edit) };
    const failure = failureOf(() => parseBundle(manifest));
    expect([failure.code, floatingNames(failure)]).toEqual(["bundle-floating", [entry]]);
    const listed = { ...manifest, allowFloating: [...(full.allowFloating ?? []), entry].sort() };
    expect(parseBundle(listed).allowFloating).toContain(entry);
  },
);

test("a live index has to be listed", () => {
  const failure = failureOf(() => parseBundle(without(full, "allowFloating")));
  expect([failure.code, floatingNames(failure)]).toEqual(["bundle-floating", ["indexes.news"]]);
});

test("every entry that may move is named at once", () => {
  const manifest = {
    ...without(full, "allowFloating"),
    models: { planner: without(planner, "snapshot"), judge: without(judge, "snapshot") },
  };
  expect(floatingNames(failureOf(() => parseBundle(manifest)))).toEqual([
    "models.planner",
    "models.judge",
    "indexes.news",
  ]);
});

test("a digest of weights holds a model still under a moving name", () => {
  const local = { provider: "ollama", name: "llama3.2:latest", snapshot: digit("9") };
  expect(parseBundle({ ...full, models: { local } }).models.local).toEqual(local);
});

test("a tool that nobody pins is accepted, listed or not", () => {
  expect(parseBundle(full).tools.weather?.pinned).toBe("not");
  expect(parseBundle({ ...full, allowFloating: ["indexes.news", "tools.weather"] }).id).toBe("docs-42");
});

test.each([
  "models.planner",
  "models.nobody",
  "indexes",
  "news",
  "code.commit",
  "code",
  "",
  "toString.x",
  "models.toString",
  "__proto__.x",
])("the listing %j is refused as a mistake", (entry) => {
  const allowFloating = ["indexes.news", entry].sort();
  const failure = failureOf(() => parseBundle({ ...full, allowFloating }));
  const place = `allowFloating.${allowFloating.indexOf(entry)}`;
  expect([failure.code, issuePaths(failure)]).toEqual(["bundle-invalid", [place]]);
});

test("a branch is no commit, and no listing makes it one", () => {
  const failure = failureOf(() => parseBundle({ ...full, code: { ...full.code, commit: "main" } }));
  expect([failure.code, floatingNames(failure)]).toEqual(["bundle-floating", ["code.commit"]]);
});

test("entry names may hold dots", () => {
  const models = { "gpt.5": without(judge, "snapshot") };
  expect(parseBundle({ ...full, models, allowFloating: ["indexes.news", "models.gpt.5"] }).id).toBe(
    "docs-42",
  );
});

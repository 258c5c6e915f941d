import { digit } from "./samples.ts";

// biome-ignore lint/suspicious/noExplicitAny: hostile edits go where types would not let them
export type Loose = Record<string, any>;

/** Edits that make a full manifest wrong in one place: what, how, and where. */
export const wrong: readonly (readonly [string, (manifest: Loose) => void, string])[] = [
  ["an unknown field of the code", (m) => (m.code.comit = "x"), "code.comit"],
  ["an unknown field of a prompt", (m) => (m.prompts.system.text = "x"), "prompts.system.text"],
  ["an unknown field of an index", (m) => (m.indexes.docs.snapshot = "x"), "indexes.docs.snapshot"],
  ["an unknown field of a live index", (m) => (m.indexes.news.size = 1), "indexes.news.size"],
  [
    "an unknown field of an embedding",
    (m) => (m.indexes.docs.embedding.snap = "x"),
    "indexes.docs.embedding.snap",
  ],
  ["an unknown field of a tool", (m) => (m.tools.search.pin = "x"), "tools.search.pin"],
  ["a missing piece", (m) => delete m.tools, "tools"],
  ["a piece that is a list", (m) => (m.prompts = []), "prompts"],
  ["an entry that is null", (m) => (m.tools.search = null), "tools.search"],
  ["an unknown format", (m) => (m.v = 0), "v"],
  ["an empty version", (m) => (m.prompts.system.version = ""), "prompts.system.version"],
  ["white space around a version", (m) => (m.prompts.system.version = " 3"), "prompts.system.version"],
  ["an invisible character", (m) => (m.tools.search.version = "1.4\u200b.0"), "tools.search.version"],
  ["a version of 257 characters", (m) => (m.tools.search.version = "1".repeat(257)), "tools.search.version"],
  ["an index version that is no key", (m) => (m.indexes.docs.version = "a/b"), "indexes.docs.version"],
  ["an index without embedding", (m) => delete m.indexes.docs.embedding, "indexes.docs.embedding"],
  ["an index of no kind", (m) => delete m.indexes.docs.kind, "indexes.docs.kind"],
  ["a live index with a digest", (m) => (m.indexes.news.digest = digit("1")), "indexes.news.digest"],
  ["a snapshot without a digest", (m) => delete m.indexes.docs.digest, "indexes.docs.digest"],
  ["a digest in upper case", (m) => (m.prompts.system.digest = digit("A")), "prompts.system.digest"],
  ["settings that are a list", (m) => (m.models.planner.settings = []), "models.planner.settings"],
  ["unsorted listings", (m) => (m.allowFloating = ["tools.weather", "indexes.news"]), "allowFloating"],
  ["a listing given twice", (m) => (m.allowFloating = ["indexes.news", "indexes.news"]), "allowFloating"],
  ["an empty listing", (m) => (m.allowFloating = []), "allowFloating"],
  [
    "an entry name of 129 characters",
    (m) => (m.tools["t".repeat(129)] = m.tools.search),
    `tools."${"t".repeat(40)}"`,
  ],
  ["an empty entry name", (m) => (m.tools[""] = m.tools.search), 'tools.""'],
];

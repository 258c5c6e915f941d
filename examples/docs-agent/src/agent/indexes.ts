import MiniSearch from "minisearch";
import type { Chunk, Corpus } from "./corpus.ts";
import { type Digest, sha256, shortDigest } from "./digest.ts";
import { sliceOf } from "./questions.ts";
import { bothWords, splitWords, type Tokenizer, wholeWords } from "./tokenizers.ts";

/** The versions of the index: they differ in how identifiers become terms, and in nothing else. */
export type IndexKind = "whole" | "split" | "both" | "routed";

/** A page found. */
export interface Hit {
  readonly slug: string;
  readonly title: string;
  readonly score: number;
}

/** One version of the index. */
export interface DocsIndex {
  readonly kind: IndexKind;
  readonly version: string;
  /** Over the contents of the index; asking for it builds the index. */
  readonly digest: Digest;
  /** The best `k` pages, best first; never the page `exclude`. */
  search(query: string, k: number, exclude: string | null): Hit[];
}

const tokenizers: Readonly<Record<Exclude<IndexKind, "routed">, Tokenizer>> = {
  whole: wholeWords,
  split: splitWords,
  both: bothWords,
};

const builtFrom = new WeakMap<Corpus, Map<IndexKind, DocsIndex>>();

/** The index of that kind; contents are built at the first search or digest, once per corpus and process. */
export function buildIndex(kind: IndexKind, corpus: Corpus): DocsIndex {
  const known = builtFrom.get(corpus) ?? new Map<IndexKind, DocsIndex>();
  builtFrom.set(corpus, known);
  const index = known.get(kind) ?? createIndex(kind, corpus);
  known.set(kind, index);
  return index;
}

function createIndex(kind: IndexKind, corpus: Corpus): DocsIndex {
  return kind === "routed" ? routedIndex(corpus) : textIndex(kind, corpus);
}

function textIndex(kind: Exclude<IndexKind, "routed">, corpus: Corpus): DocsIndex {
  const contents = once(() => fill(tokenizers[kind], corpus.chunks));
  const digest = once(() => sha256(JSON.stringify(contents())));
  return {
    kind,
    get version() {
      return versionOf(kind, digest());
    },
    get digest() {
      return digest();
    },
    search: (query, k, exclude) => bestPages(contents(), query, k, exclude),
  };
}

/** Questions that name something from code go to `both`, the others to `whole`. */
function routedIndex(corpus: Corpus): DocsIndex {
  const natural = buildIndex("whole", corpus);
  const code = buildIndex("both", corpus);
  const digest = once(() => sha256(JSON.stringify({ natural: natural.digest, identifier: code.digest })));
  return {
    kind: "routed",
    get version() {
      return versionOf("routed", digest());
    },
    get digest() {
      return digest();
    },
    search: (query, k, exclude) =>
      (sliceOf(query) === "identifier" ? code : natural).search(query, k, exclude),
  };
}

function fill(tokenize: Tokenizer, chunks: readonly Chunk[]): MiniSearch<Chunk> {
  const contents = new MiniSearch<Chunk>({
    fields: ["title", "heading", "plain"],
    storeFields: ["slug", "title"],
    tokenize,
    processTerm: (term) => term,
    searchOptions: { boost: { title: 3, heading: 2 }, combineWith: "OR" },
  });
  contents.addAll(chunks);
  return contents;
}

function bestPages(contents: MiniSearch<Chunk>, query: string, k: number, exclude: string | null): Hit[] {
  const found = new Map<string, Hit>();
  for (const { slug, title, score } of contents.search(query)) {
    if (found.size >= k) break;
    if (slug === exclude || found.has(slug)) continue;
    found.set(slug, { slug, title, score: Math.round(score * 100) / 100 });
  }
  return [...found.values()];
}

function versionOf(kind: IndexKind, digest: Digest): string {
  return `${kind}-${shortDigest(digest)}`;
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

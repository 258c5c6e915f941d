import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, sep } from "node:path";
import { type Digest, sha256 } from "./digest.ts";
import { plainText, sectionsOf, withoutIssue } from "./markdown.ts";

/** A documentation page. */
export interface Page {
  /** The page's address: `/docs/…`. */
  readonly slug: string;
  readonly title: string;
  /** As written by its authors, front matter removed. */
  readonly markdown: string;
  /** What the agent reads: prose, at most 8,000 characters, without the text questions were taken from. */
  readonly text: string;
}

/** One section of a page: the unit that is indexed. */
export interface Chunk {
  readonly id: string;
  readonly slug: string;
  readonly title: string;
  readonly heading: string;
  readonly plain: string;
}

/** The documentation, read once. */
export interface Corpus {
  readonly pages: ReadonlyMap<string, Page>;
  readonly chunks: readonly Chunk[];
  /** Over addresses and contents of all pages. */
  readonly digest: Digest;
}

const pageLimit = 8_000;

/** The documentation that ships inside the installed npm package `ai` (Apache-2.0), read where it lies. */
export function loadCorpus(): Corpus {
  const manifest = createRequire(import.meta.url).resolve("ai/package.json");
  const root = join(dirname(manifest), "docs");
  const files = readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".mdx"))
    .sort();
  const pages = files.map((file) => pageOf(file, readFileSync(join(root, file), "utf8")));
  return {
    pages: new Map(pages.map((page) => [page.slug, page])),
    chunks: pages.flatMap(chunksOf),
    digest: sha256(JSON.stringify(pages.map((page) => [page.slug, page.title, page.markdown]))),
  };
}

function pageOf(file: string, source: string): Page {
  const markdown = source.replace(/^---\n[\s\S]*?\n---/, "");
  const title = /^title:\s*["']?(.*?)["']?\s*$/m.exec(source)?.[1] ?? "";
  const text = plainText(withoutIssue(markdown)).slice(0, pageLimit);
  return { slug: slugOf(file), title, markdown, text };
}

function slugOf(file: string): string {
  const parts = file.replace(/\.mdx$/, "").split(sep);
  const named = parts.map((part) => part.replace(/^\d+-/, "")).filter((part) => part !== "index");
  return `/docs/${named.join("/")}`;
}

function chunksOf({ slug, title, markdown }: Page): Chunk[] {
  return sectionsOf(withoutIssue(markdown), title).map(({ heading, text }, position) => ({
    id: `${slug}#${position}`,
    slug,
    title,
    heading,
    plain: text,
  }));
}

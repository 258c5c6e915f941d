import { type Corpus, loadCorpus, type Page } from "./agent/corpus.ts";
import { buildIndex, type IndexKind } from "./agent/indexes.ts";
import type { Question } from "./agent/questions.ts";
import type { Materials } from "./bundles.ts";
import type { View } from "./progress.ts";

/** What is read before anybody waits for an answer. */
export interface ReadAheadOptions {
  readonly materials: Materials;
  readonly questions: readonly Question[];
  readonly indexes: readonly IndexKind[];
  readonly concurrency: number;
  readonly view: View;
  readonly signal: AbortSignal;
}

/**
 * Lets the model read the pages that will be cited. The vectors of a page are computed once per process, so without
 * this the bundle that serves first would pay for both, and their latencies could not be compared.
 */
export async function readAhead(options: ReadAheadOptions): Promise<void> {
  const { materials, questions, indexes, concurrency, view, signal } = options;
  // A second copy: the serving process shall build its indexes itself, when it loads a bundle.
  const pages = bestPages(loadCorpus(), questions, indexes);
  const reader = materials.reader();
  const bar = view.progress("reading pages", pages.length);
  const waiting = pages.values();
  const read = async (): Promise<void> => {
    for (const page of waiting) {
      signal.throwIfAborted();
      await reader.readAhead(page);
      bar.advance();
    }
  };
  await Promise.all(Array.from({ length: concurrency }, read)).finally(bar.end);
}

function bestPages(
  corpus: Corpus,
  questions: readonly Question[],
  indexes: readonly IndexKind[],
): readonly Page[] {
  const slugs = indexes.flatMap((kind) =>
    questions.flatMap(({ text, exclude }) => buildIndex(kind, corpus).search(text, 1, exclude)),
  );
  const found = [...new Set(slugs.map(({ slug }) => slug))].map((slug) => corpus.pages.get(slug));
  return found.filter((page) => page !== undefined);
}

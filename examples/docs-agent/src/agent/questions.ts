import type { Corpus, Page } from "./corpus.ts";
import { sha256, shortDigest } from "./digest.ts";
import { issueText, plainText, sentencesOf } from "./markdown.ts";

/** Read from the words of a question alone, so it is known in production too. */
export type Slice = "identifier" | "natural";

/** A question whose right page was named by a person: the author of the documentation. */
export interface Question {
  /** Stable while the text is: a digest of it. */
  readonly id: string;
  readonly text: string;
  /** Address of the right page. */
  readonly target: string;
  /** The page the text was taken from: hidden from this question's search results. */
  readonly exclude: string | null;
  readonly slice: Slice;
}

const internalLink = /\[([^\]]+)\]\((\/docs\/[^)#\s]+)(#[^)]*)?\)/g;
const identifier = /AI[ _][A-Z]\w+Error|[a-z]+[A-Z]\w+|\w+_\w+|\w+\(\)/;
const issueLimit = 600;
const fewestWords = 6;

/** `identifier` when the text names something from code (`streamText`, `useChat()`), else `natural`. */
export function sliceOf(text: string): Slice {
  return identifier.test(text) ? "identifier" : "natural";
}

/**
 * All questions, in a fixed order: first every sentence whose only internal link is its author's judgement of the
 * page that explains it, then the "Issue" text of every troubleshooting page, which no index contains.
 */
export function loadQuestions(corpus: Corpus): Question[] {
  const pages = [...corpus.pages.values()];
  const questions = [...pages.flatMap((page) => linkedSentences(page, corpus)), ...pages.flatMap(issues)];
  const firstOfEach = new Map<string, Question>();
  for (const question of questions) {
    if (!firstOfEach.has(question.text)) firstOfEach.set(question.text, question);
  }
  return [...firstOfEach.values()];
}

function linkedSentences(page: Page, corpus: Corpus): Question[] {
  const paragraphs = page.markdown.replace(/```[\s\S]*?```/g, "\n").split(/\n\s*\n/);
  return paragraphs
    .flatMap((paragraph) => sentencesOf(paragraph.replace(/\n/g, " ")))
    .flatMap((sentence) => {
      const links = [...sentence.matchAll(internalLink)];
      const target = links[0]?.[2]?.replace(/\/$/, "");
      const text = plainText(sentence);
      if (links.length !== 1 || target === undefined || target === page.slug) return [];
      if (!corpus.pages.has(target) || text.split(" ").length < fewestWords) return [];
      return [questionOf(text, target, page.slug)];
    });
}

function issues(page: Page): Question[] {
  if (!page.slug.includes("troubleshooting")) return [];
  const issue = issueText(page.markdown);
  return issue === undefined ? [] : [questionOf(plainText(issue).slice(0, issueLimit), page.slug, null)];
}

function questionOf(text: string, target: string, exclude: string | null): Question {
  return { id: `q-${shortDigest(sha256(text))}`, text, target, exclude, slice: sliceOf(text) };
}

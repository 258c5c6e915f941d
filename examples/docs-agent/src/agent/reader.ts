import { type LanguageModel, UnsupportedFunctionalityError } from "ai";
import { type SentenceEncoder, similarity, type Vector } from "./encoder.ts";
import type { Hit } from "./indexes.ts";
import { sentencesOf } from "./markdown.ts";
import { tokensOf } from "./tokens.ts";
import type { ReadOutput } from "./tools.ts";

/** The language model interface of AI SDK 7. */
type ReaderModel = Extract<LanguageModel, { readonly specificationVersion: "v4" }>;

type CallOptions = Parameters<ReaderModel["doGenerate"]>[0];
type GenerateResult = Awaited<ReturnType<ReaderModel["doGenerate"]>>;
type Content = GenerateResult["content"];

interface Candidate {
  readonly line: string;
  readonly vector: Vector;
}

/** How much work the reader does for an answer. */
export interface ReaderSettings {
  /** Sentences compared with the question, from the top of each page. @default 12 */
  readonly sentences: number;
  /** Pages read before answering, best hit first; the best hit is cited. @default 1 */
  readonly pagesRead: number;
  /** Use the vectors of pages already read in this process; `false` computes them every time. @default true */
  readonly rememberPages: boolean;
}

/** What a reader is made from. */
export interface ReaderOptions extends Partial<ReaderSettings> {
  readonly encoder: SentenceEncoder;
}

/** A model that can be pinned: its name, the digest of its weights, and the settings that change its work. */
export interface Reader {
  readonly model: ReaderModel;
  /** As calls report who served them. */
  readonly snapshot: string;
  readonly settings: ReaderSettings;
  /** Computes what it remembers of a page before the first question that needs it. */
  readAhead(page: ReadOutput): Promise<void>;
}

const modelId = "sentence-reader";
const hitsWanted = 5;
const shortestSentence = 30;
const sentenceLimit = 100;
const questionLimit = 240;
const quotes = 2;

/**
 * A small extractive reader that speaks the interface of a language model: it asks for a search, reads the best
 * pages, quotes the two sentences nearest to the question and cites its source. It computes; nothing is scripted.
 */
export function createReader(options: ReaderOptions): Reader {
  const { encoder, sentences = 12, pagesRead = 1, rememberPages = true } = options;
  const embedPage = rememberPages ? encoder.recall : encoder.embed;

  const candidatesIn = async (page: ReadOutput): Promise<readonly Candidate[]> => {
    const lines = sentencesOf(page.text)
      .filter((line) => line.length > shortestSentence)
      .slice(0, sentences);
    const vectors = await embedPage(lines.map((line) => line.slice(0, sentenceLimit)));
    return vectors.map((vector, position) => ({ line: lines[position] ?? "", vector }));
  };

  const quote = async (question: string, pages: readonly ReadOutput[]): Promise<string> => {
    const [asked, ...found] = await Promise.all([
      encoder.embed([question.slice(0, questionLimit)]),
      ...pages.map(candidatesIn),
    ]);
    const nearest = found
      .flat()
      .map(({ line, vector }) => ({ line, near: similarity(asked[0] ?? [], vector) }))
      .sort((left, right) => right.near - left.near)
      .slice(0, quotes);
    return [...nearest.map(({ line }) => line), `Source: ${pages[0]?.slug ?? "none"}`].join(" ");
  };

  const respond = async ({ prompt, abortSignal }: CallOptions): Promise<Content> => {
    abortSignal?.throwIfAborted();
    const question = questionIn(prompt);
    const hits = resultsIn(prompt, "search_docs")[0] as readonly Hit[] | undefined;
    if (hits === undefined) return [call("search", "search_docs", { query: question, k: hitsWanted })];
    const pages = resultsIn(prompt, "read_doc") as readonly ReadOutput[];
    if (pages.length > 0) return [{ type: "text", text: await quote(question, pages) }];
    if (hits.length === 0) return [{ type: "text", text: "Nothing found." }];
    return hits
      .slice(0, pagesRead)
      .map(({ slug }, position) => call(`read-${position}`, "read_doc", { slug }));
  };

  const snapshot = `${modelId}@${encoder.weights}`;
  const model: ReaderModel = {
    specificationVersion: "v4",
    provider: "local",
    modelId,
    supportedUrls: {},
    doGenerate: async (call) => resultOf(await respond(call), call, snapshot),
    doStream: () => Promise.reject(new UnsupportedFunctionalityError({ functionality: "streaming" })),
  };
  return {
    model,
    snapshot,
    settings: { sentences, pagesRead, rememberPages },
    readAhead: async (page) => void (await candidatesIn(page)),
  };
}

function resultOf(content: Content, { prompt }: CallOptions, servedModel: string): GenerateResult {
  const input = prompt.reduce((sum, message) => sum + tokensOf(message.content), 0);
  const output = tokensOf(content);
  const unified = content[0]?.type === "tool-call" ? "tool-calls" : "stop";
  return {
    content,
    finishReason: { unified, raw: undefined },
    usage: {
      inputTokens: { total: input, noCache: input, cacheRead: undefined, cacheWrite: undefined },
      outputTokens: { total: output, text: output, reasoning: undefined },
    },
    response: { modelId: servedModel },
    warnings: [],
  };
}

function call(toolCallId: string, toolName: string, input: unknown): Content[number] {
  return { type: "tool-call", toolCallId, toolName, input: JSON.stringify(input) };
}

function questionIn(prompt: CallOptions["prompt"]): string {
  const last = prompt.findLast((message) => message.role === "user");
  const part = last?.content.find((piece) => piece.type === "text");
  return part?.text ?? "";
}

function resultsIn(prompt: CallOptions["prompt"], toolName: string): unknown[] {
  return prompt
    .flatMap((message) => (message.role === "tool" ? message.content : []))
    .flatMap((part) => (part.type === "tool-result" && part.toolName === toolName ? [part.output] : []))
    .flatMap((output) => (output.type === "json" ? [output.value] : []));
}

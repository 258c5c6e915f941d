import type { RunScope, Verdigris } from "verdigris";
import type { DocsAgent } from "./agent.ts";
import type { Answer } from "./answer.ts";
import { readAndAnswer, search } from "./ask.ts";
import type { Question } from "./questions.ts";

/** One question, answered. */
export interface Served {
  readonly question: Question;
  readonly scope: RunScope;
  readonly answer: Answer;
}

/** How questions are served. */
export interface ServeOptions {
  readonly concurrency: number;
  /** Takes no further question; those under way are answered. */
  readonly signal: AbortSignal;
  readonly onServed: (served: Served) => void;
}

/** Answers one question as a run. The question's id is the sticky key, as a user's id would be. */
export async function serveOne(verdigris: Verdigris<DocsAgent>, question: Question): Promise<Served> {
  const { text, exclude } = question;
  return verdigris.run({ key: question.id }, async (run) => {
    const answer = await readAndAnswer(run, await search(run, { text, exclude }));
    return { question, scope: run.scope, answer };
  });
}

/** Answers all questions, a few at a time. Nothing here knows which bundle is live. */
export async function serveAll(
  verdigris: Verdigris<DocsAgent>,
  questions: readonly Question[],
  { concurrency, signal, onServed }: ServeOptions,
): Promise<void> {
  const waiting = [...questions];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      signal.throwIfAborted();
      onServed(await serveOne(verdigris, next));
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
}

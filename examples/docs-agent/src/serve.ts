import type { ShadowSession, WatchedRun } from "@verdigris/shadow";
import type { RunScope, Verdigris } from "verdigris";
import type { DocsAgent } from "./agent/agent.ts";
import type { Answer } from "./agent/answer.ts";
import type { Question } from "./agent/questions.ts";
import { readAndAnswer, search } from "./ask.ts";
import type { Notebook } from "./notebook.ts";

/** One question, answered. */
export interface Served {
  readonly question: Question;
  readonly scope: RunScope;
  readonly answer: Answer;
}

/** What listens to users' runs while a candidate is tried in their shadow. */
export interface Mirror {
  watch(question: Question, user: string): WatchedRun<Answer>;
}

/** What it takes to serve: the agent, its memory, and whoever listens at the moment. */
export interface Service {
  readonly verdigris: Verdigris<DocsAgent>;
  readonly notebook: Notebook;
  readonly mirror: Mirror | null;
}

/** So many people ask, in turn; a prime, so that everybody comes to ask everything. */
const users = 97;

/** Answers one question of a user as a run. The user is the sticky key. */
async function serveOne(service: Service, question: Question, user: string): Promise<Served> {
  const watched = service.mirror?.watch(question, user);
  try {
    const served = await service.verdigris.run({ key: user }, async (run) => {
      const session = watched?.session;
      const asking = { run, session };
      const { text, exclude } = question;
      const answer = await readAndAnswer(asking, await search(asking, { text, exclude }));
      await takeNote(service.notebook, run.scope, { question, answer, session });
      return { question, scope: run.scope, answer };
    });
    watched?.answered(served.answer);
    return served;
  } catch (error) {
    watched?.failed();
    throw error;
  }
}

/** Notes the page an answer named. It writes, so it is a tool: in a shadow run it never really runs. */
export async function takeNote(
  notebook: Notebook,
  scope: RunScope,
  { question, answer, session }: Omit<Served, "scope"> & { readonly session?: ShadowSession | undefined },
): Promise<void> {
  const page = answer.citation;
  if (page === null) return;
  const remember = (asked: { readonly question: string; readonly page: string }): Promise<void> =>
    notebook.remember(scope, asked.question, { page: asked.page, run: scope.run });
  const tool = session === undefined ? remember : session.tool("remember", remember);
  await tool({ question: question.id, page });
}

/** How questions are served. */
export interface ServeOptions {
  readonly concurrency: number;
  /** Takes no further question; those under way are answered. */
  readonly signal: AbortSignal;
  readonly onServed: (served: Served) => void;
  /** Goes on for as long as it says so, from the first question again after the last. @default each question once */
  readonly more?: () => boolean;
}

/** Answers questions, a few at a time. Nothing here knows which bundle is live. */
export async function serveAll(
  service: Service,
  questions: readonly Question[],
  { concurrency, signal, onServed, more }: ServeOptions,
): Promise<void> {
  let asked = 0;
  const isLeft = (place: number): boolean => (more === undefined ? place < questions.length : more());
  const work = async (): Promise<void> => {
    while (isLeft(asked)) {
      const place = asked;
      asked += 1;
      signal.throwIfAborted();
      const question = questions[place % questions.length];
      if (question !== undefined) onServed(await serveOne(service, question, `user-${place % users}`));
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
}

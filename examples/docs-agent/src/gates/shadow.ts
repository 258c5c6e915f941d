import { setTimeout as pause } from "node:timers/promises";
import type { ReleaseGate } from "@verdigris/release";
import {
  type Comparator,
  createShadow,
  failureDistance,
  type Shadow,
  type ShadowEvidence,
  type ShadowSession,
  toolsDistance,
} from "@verdigris/shadow";
import type { Verdigris } from "verdigris";
import type { DocsAgent } from "../agent/agent.ts";
import type { Answer } from "../agent/answer.ts";
import { type Question, sliceOf } from "../agent/questions.ts";
import { readAndAnswer, search } from "../ask.ts";
import { agentName } from "../bundles.ts";
import type { Notebook } from "../notebook.ts";
import { type Mirror, takeNote } from "../serve.ts";

/** What the gate works with. */
export interface ShadowGateOptions {
  readonly verdigris: Verdigris<DocsAgent>;
  readonly notebook: Notebook;
  /** Users' questions it waits for. */
  readonly enough: number;
  /** Where it listens while it is open, and no longer. */
  readonly listen: (mirror: Mirror | null) => void;
  readonly onEvidence: (evidence: ShadowEvidence) => void;
}

/** Answers to questions of one kind: the same, word for word, or not. */
function answersTo(slice: string, judged: boolean): Comparator {
  return {
    name: slice,
    judged,
    distance: (a, b, context) =>
      context.slice === slice ? Number(JSON.stringify(a.answer) !== JSON.stringify(b.answer)) : null,
  };
}

/**
 * What green3 was announced to do: answer questions that name code otherwise, and leave the others alone. So the others are
 * judged, and those that name code are shown.
 */
const comparators: readonly Comparator[] = [
  answersTo("natural", true),
  toolsDistance,
  failureDistance,
  answersTo("identifier", false),
];

/**
 * The gate of the phase `shadow`: users' questions are asked of the bundle too, after they have been answered. The search
 * and the pages change nothing, so they really run; `remember` writes, and is answered from what blue's run did, or refused.
 */
export function shadowGate(options: ShadowGateOptions): ReleaseGate {
  return async ({ bundle, baseline, signal, keep }) => {
    if (baseline === null) throw new TypeError("there is no bundle to compare with");
    const side = (id: string) => ({ bundle: id, run: shadowRun(options) });
    const shadow = createShadow<Question, Answer>({
      agent: agentName,
      blue: side(baseline.id),
      green: side(bundle.id),
      sample: 1,
      maxQueued: options.enough,
      tools: { search_docs: "pure", read_doc: "pure" },
      comparators,
      // The default of seven points would take half as many questions again.
      rule: { margin: 0.1 },
      baseline: { share: 1 },
      answerOf: ({ text }) => text,
      sliceOf: ({ text }) => sliceOf(text),
    });
    options.listen({ watch: (question, key) => shadow.watch(question, { key }) });
    try {
      await heard(shadow, options.enough, signal);
      options.onEvidence(shadow.evidence());
      const answer = shadow.gate();
      return { ...answer, evidence: await keep(JSON.parse(JSON.stringify(shadow.evidence()))) };
    } finally {
      options.listen(null);
      await shadow.close();
    }
  };
}

/** A question asked once more, as a run of class `shadow` on the bundle that is named. */
function shadowRun({ verdigris, notebook }: ShadowGateOptions) {
  return (question: Question, session: ShadowSession): Promise<Answer> =>
    verdigris.run(session.start ?? {}, async (run) => {
      const { text, exclude } = question;
      const asking = { run, session };
      const answer = await readAndAnswer(asking, await search(asking, { text, exclude }));
      await takeNote(notebook, run.scope, { question, answer, session });
      return answer;
    });
}

async function heard<I, O>(shadow: Shadow<I, O>, enough: number, signal: AbortSignal): Promise<void> {
  while (shadow.status().seen < enough) await pause(50, undefined, { signal });
  // The last ones may be about to end.
  do {
    await pause(50, undefined, { signal });
    await shadow.idle();
  } while (shadow.status().queued + shadow.status().inFlight > 0);
}

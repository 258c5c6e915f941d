import type { ReleaseGate } from "@verdigris/release";
import type { Verdigris } from "verdigris";
import type { DocsAgent } from "../agent/agent.ts";
import type { Question } from "../agent/questions.ts";
import { readAndAnswer, search } from "../ask.ts";

/** The gate of the phase `smoke`: a few questions, each of which has to get an answer that names a page. */
export function smokeGate(verdigris: Verdigris<DocsAgent>, questions: readonly Question[]): ReleaseGate {
  return async ({ bundle, keep }) => {
    const cited: (string | null)[] = [];
    for (const { text, exclude } of questions) {
      const answer = await verdigris.run({ bundle: bundle.id, class: "smoke" }, async (run) =>
        readAndAnswer({ run }, await search({ run }, { text, exclude })),
      );
      cited.push(answer.citation);
    }
    const answered = cited.filter((page) => page !== null).length;
    const summary = `${answered} of ${cited.length} smoke questions got an answer with its page`;
    const verdict = answered === cited.length ? "pass" : "fail";
    return { verdict, summary, evidence: await keep({ summary, cited }) };
  };
}

import { parseArgs } from "node:util";
import { createDocsAgent, type DocsAgent } from "./agent/agent.ts";
import type { Answer, Asked, RunState } from "./agent/answer.ts";
import { loadCorpus } from "./agent/corpus.ts";
import { loadEncoder } from "./agent/encoder.ts";
import { buildIndex, type IndexKind } from "./agent/indexes.ts";
import { answerPrompt } from "./agent/pieces.ts";
import { costOf } from "./agent/pricing.ts";
import { loadQuestions, type Slice } from "./agent/questions.ts";
import { createReader } from "./agent/reader.ts";

const kinds: readonly IndexKind[] = ["whole", "split", "both", "routed"];

const { values } = parseArgs({
  options: {
    index: { type: "string", multiple: true, default: ["whole"] },
    limit: { type: "string", default: "403" },
    sentences: { type: "string", default: "12" },
    pages: { type: "string", default: "1" },
    forget: { type: "boolean", default: false },
    concurrency: { type: "string", default: "1" },
    stepwise: { type: "boolean", default: false },
  },
});

/** Runs the agent one step at a time, through JSON, as another process would take it up. */
async function stepwise(agent: DocsAgent, asked: Asked): Promise<Answer> {
  const stored = (state: RunState): RunState => JSON.parse(JSON.stringify(state)) as RunState;
  const searched = stored(await agent.steps.search(asked));
  return agent.steps.answer(stored(await agent.steps.read(searched)));
}

const corpus = loadCorpus();
const questions = loadQuestions(corpus).slice(0, Number(values.limit));
const reader = createReader({
  encoder: await loadEncoder(),
  sentences: Number(values.sentences),
  pagesRead: Number(values.pages),
  rememberPages: !values.forget,
});

async function measure(kind: IndexKind): Promise<void> {
  const index = buildIndex(kind, corpus);
  const agent = createDocsAgent({ index, corpus, reader, prompt: answerPrompt });

  console.log(`${index.version}: ready after ${Math.round(performance.now())} ms`);
  const outcomes: { readonly slice: Slice; readonly right: boolean; readonly answer: Answer }[] = [];
  const startedAt = performance.now();
  const waiting = [...questions];
  const ask = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const { text, exclude, slice, target } = next;
      const answer = await (values.stepwise
        ? stepwise(agent, { text, exclude })
        : agent.answer({ text, exclude }));
      outcomes.push({ slice, right: answer.citation === target, answer });
    }
  };
  await Promise.all(Array.from({ length: Number(values.concurrency) }, ask));
  const elapsed = performance.now() - startedAt;

  for (const slice of ["all", "identifier", "natural"] as const) {
    const asked = outcomes.filter((outcome) => slice === "all" || outcome.slice === slice);
    const right = asked.filter((outcome) => outcome.right).length;
    console.log(
      `${slice.padEnd(10)} ${right} of ${asked.length} (${((100 * right) / asked.length).toFixed(1)} %)`,
    );
  }
  const inputTokens = outcomes.reduce((sum, { answer }) => sum + answer.inputTokens, 0);
  const outputTokens = outcomes.reduce((sum, { answer }) => sum + answer.outputTokens, 0);
  const cost = costOf({ inputTokens, outputTokens }).toFixed(4);
  const times = outcomes.map(({ answer }) => answer.latencyMs).sort((left, right) => left - right);
  const at = (share: number): string => (times[Math.floor(times.length * share)] ?? 0).toFixed(0);
  console.log(`tokens     ${inputTokens} in, ${outputTokens} out, ${cost} USD`);
  console.log(`ms a run   ${(elapsed / questions.length).toFixed(1)} mean, p50 ${at(0.5)}, p95 ${at(0.95)}`);
}

const asked = kinds.filter((kind) => values.index.includes(kind));
if (asked.length === 0) throw new TypeError(`--index must be one of ${kinds.join(", ")}`);
for (const kind of asked) await measure(kind);
console.log(`all done   ${(performance.now() / 1_000).toFixed(1)} s after the start of the process`);

import { type Bundle, defineBundle } from "verdigris";
import { type Corpus, loadCorpus } from "./corpus.ts";
import { loadEncoder, type SentenceEncoder } from "./encoder.ts";
import { buildIndex, type IndexKind } from "./indexes.ts";
import { describePieces } from "./pieces.ts";
import { createReader, type Reader } from "./reader.ts";

/** The agent's name in the store. */
export const agentName = "docs-agent";

/** What every version of the agent is made from. */
export interface Materials {
  readonly corpus: Corpus;
  readonly encoder: SentenceEncoder;
  readonly reader: Reader;
}

/** Reads the documentation and the model; with no `threads` the model can be described, not asked. */
export async function loadMaterials(threads?: number): Promise<Materials> {
  const encoder = await loadEncoder(threads);
  return { corpus: loadCorpus(), encoder, reader: createReader({ encoder }) };
}

/**
 * The same, for evaluating: a second copy of the pages, since the serving process shall build its indexes itself when it
 * loads a bundle, and a reader that remembers questions too. What the network makes of a text depends on the text alone;
 * only a user waits for it, and nobody compares how long an evaluation took.
 */
export function materialsApart({ encoder }: Materials): Materials {
  const remembering = { ...encoder, embed: encoder.recall };
  return {
    corpus: loadCorpus(),
    encoder: remembering,
    reader: createReader({ encoder: remembering }),
  };
}

/** The bundle of one version of the agent: code, prompt, model, index and tools, each by version and digest. */
export function describeBundle(id: string, index: IndexKind, { corpus, reader }: Materials): Bundle {
  const { code, prompts, models, indexes, tools } = describePieces(buildIndex(index, corpus), reader);
  const { version, text } = prompts.answer;
  return defineBundle({
    id,
    // The digest of the build stands for the commit: an unpacked copy of this folder has no history.
    code: { ...code, commit: code.build.slice("sha256:".length, "sha256:".length + 40) },
    prompts: { answer: { version, text } },
    models,
    indexes,
    tools: Object.fromEntries(
      Object.entries(tools).map(([name, tool]) => [name, { ...tool, pinned: "by-service" }]),
    ),
  });
}

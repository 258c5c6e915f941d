import { type Bundle, defineBundle } from "verdigris";
import { type Corpus, loadCorpus } from "./agent/corpus.ts";
import { loadEncoder, type SentenceEncoder } from "./agent/encoder.ts";
import { buildIndex, type IndexKind } from "./agent/indexes.ts";
import { describePieces } from "./agent/pieces.ts";
import { createReader, type Reader, type ReaderSettings } from "./agent/reader.ts";

/** The agent's name in the store. */
export const agentName = "docs-agent";

/** What every version of the agent is made from. */
export interface Materials {
  readonly corpus: Corpus;
  readonly encoder: SentenceEncoder;
  /** The model, set as a version wants it. */
  readonly reader: (settings?: Partial<ReaderSettings>) => Reader;
}

function materialsOf(encoder: SentenceEncoder): Materials {
  return { corpus: loadCorpus(), encoder, reader: (settings) => createReader({ encoder, ...settings }) };
}

/** Reads the documentation and the model; with no `threads` the model can be described, not asked. */
export async function loadMaterials(threads?: number): Promise<Materials> {
  return materialsOf(await loadEncoder(threads));
}

/**
 * The same, for evaluating: a second copy of the pages, since the serving process shall build its indexes itself when it
 * loads a bundle, and a reader that remembers questions too. What the network makes of a text depends on the text alone;
 * only a user waits for it, and nobody compares how long an evaluation took.
 */
export function materialsApart({ encoder }: Materials): Materials {
  return materialsOf({ ...encoder, embed: encoder.recall });
}

/** What makes one version of the agent another. */
export interface AgentVersion {
  readonly id: string;
  readonly index: IndexKind;
  readonly reader?: Partial<ReaderSettings>;
}

/** The bundle of one version of the agent: code, prompt, model, index and tools, each by version and digest. */
export function describeBundle(version: AgentVersion, { corpus, reader }: Materials): Bundle {
  const index = buildIndex(version.index, corpus);
  const { code, prompts, models, indexes, tools } = describePieces(index, reader(version.reader));
  const { text, version: promptVersion } = prompts.answer;
  return defineBundle({
    id: version.id,
    // The digest of the build stands for the commit: an unpacked copy of this folder has no history.
    code: { ...code, commit: code.build.slice("sha256:".length, "sha256:".length + 40) },
    prompts: { answer: { version: promptVersion, text } },
    models: { reader: { ...models.reader, settings: { ...models.reader.settings } } },
    indexes,
    tools: Object.fromEntries(
      Object.entries(tools).map(([name, tool]) => [name, { ...tool, pinned: "by-service" }]),
    ),
  });
}

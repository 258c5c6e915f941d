import type { Bundle } from "verdigris";
import { z } from "zod";
import { createDocsAgent, type DocsAgent } from "./agent/agent.ts";
import type { Corpus } from "./agent/corpus.ts";
import { sha256 } from "./agent/digest.ts";
import { buildIndex, type DocsIndex, type IndexKind } from "./agent/indexes.ts";
import { answerPrompt } from "./agent/pieces.ts";
import type { ReaderSettings } from "./agent/reader.ts";
import type { Materials } from "./bundles.ts";

const kinds: readonly IndexKind[] = ["whole", "split", "both", "routed"];

const readerSettings: z.ZodType<ReaderSettings> = z.strictObject({
  sentences: z.number().int().positive(),
  pagesRead: z.number().int().positive(),
  rememberPages: z.boolean(),
});

/**
 * Returns the `load` of `createVerdigris`: stands up the agent that a manifest describes, and no other. What this
 * process would put in its place is compared with the manifest, digest by digest; a difference is refused.
 */
export function pipelineLoader(materials: Materials): (bundle: Bundle) => DocsAgent {
  return (bundle) => {
    const { corpus } = materials;
    const reader = materials.reader(readerSettings.parse(bundle.models.reader?.settings));
    requireSame(bundle, "prompts.answer", bundle.prompts.answer?.digest, sha256(answerPrompt));
    requireSame(bundle, "models.reader", bundle.models.reader?.snapshot, reader.snapshot);
    return createDocsAgent({ index: indexOf(bundle, corpus), corpus, reader, prompt: answerPrompt });
  };
}

/** Builds the index that the manifest names, and checks that it came out the same. */
function indexOf(bundle: Bundle, corpus: Corpus): DocsIndex {
  const entry = bundle.indexes.docs;
  const kind = kinds.find((known) => entry?.version.startsWith(`${known}-`));
  if (entry?.kind !== "snapshot" || kind === undefined) {
    throw new Error(`${bundle.id} names no index this process can build: ${entry?.version ?? "none"}`);
  }
  const index = buildIndex(kind, corpus);
  requireSame(bundle, "indexes.docs", entry.digest, index.digest);
  return index;
}

function requireSame(bundle: Bundle, piece: string, wanted: string | undefined, found: string): void {
  if (wanted === found) return;
  throw new Error(`${bundle.id} wants ${piece} ${wanted ?? "(none)"}; this process has ${found}`);
}

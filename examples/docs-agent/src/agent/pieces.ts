import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Digest, sha256 } from "./digest.ts";
import type { DocsIndex } from "./indexes.ts";
import type { Reader } from "./reader.ts";
import { type ToolContract, toolContracts } from "./tools.ts";

/** What a manifest says about one version of the agent; each entry pins what it names. */
export interface AgentPieces {
  readonly code: { readonly build: Digest };
  readonly prompts: {
    readonly answer: { readonly version: string; readonly digest: Digest; readonly text: string };
  };
  readonly models: {
    readonly reader: {
      readonly provider: string;
      readonly name: string;
      readonly snapshot: string;
      readonly settings: Reader["settings"];
    };
  };
  readonly indexes: {
    readonly docs: {
      readonly version: string;
      readonly kind: "snapshot";
      readonly digest: Digest;
      readonly embedding: null;
    };
  };
  /** By name: the contract as plain JSON, for the manifest's digest. */
  readonly tools: Readonly<Record<string, { readonly version: string; readonly contract: ToolContract }>>;
}

/** The instructions of the agent. */
export const answerPrompt: string = [
  "You answer questions about the AI SDK from its documentation.",
  "Search first, read the best page, then answer in at most two sentences taken from it.",
  "End with the address of the page you used.",
].join("\n");

/** Describes one version of the agent piece by piece; asking builds the index. */
export function describePieces(index: DocsIndex, reader: Reader, prompt: string = answerPrompt): AgentPieces {
  return {
    code: { build: buildDigest() },
    prompts: { answer: { version: "1", digest: sha256(prompt), text: prompt } },
    models: {
      reader: {
        provider: reader.model.provider,
        name: reader.model.modelId,
        snapshot: reader.snapshot,
        settings: reader.settings,
      },
    },
    indexes: {
      docs: { version: index.version, kind: "snapshot", digest: index.digest, embedding: null },
    },
    tools: Object.fromEntries(
      toolContracts.map((contract) => [contract.name, { version: "1.0.0", contract }]),
    ),
  };
}

/** The digest of the program that runs: every module beside this one, by name. */
function buildDigest(): Digest {
  const modules = readdirSync(import.meta.dirname)
    .filter((file) => /\.(js|ts)$/.test(file) && !file.endsWith(".d.ts"))
    .sort();
  return sha256(...modules.flatMap((file) => [`${file}\n`, readFileSync(join(import.meta.dirname, file))]));
}

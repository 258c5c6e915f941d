import type { EmbeddingModel, IndexEntry, ModelEntry, ToolEntry } from "@verdigris/contracts";
import type { BundleInput, PromptInput, ToolInput } from "../bundle-input.ts";
import type { McpTools } from "./mcp-tools.ts";

/** A prompt in a file of its own: UTF-8 text, or JSON for examples. */
export interface PromptFile {
  readonly file: string;
  /** @default the first 12 hex digits of the digest */
  readonly version?: string;
  /** @default "text" */
  readonly kind?: "text" | "examples";
}

interface IndexContents {
  readonly version: string;
  readonly embedding: EmbeddingModel | null;
}

/** A frozen index that stands in a file or a directory. */
export type IndexFiles =
  | (IndexContents & { readonly dir: string })
  | (IndexContents & { readonly file: string });

/** A tool that an installed package brings; the version is that of its `package.json`. */
export interface PackageTool {
  readonly package: string;
  readonly contract: ToolInput["contract"];
  /** The installed package answers every call, whatever happens elsewhere. @default "per-call" */
  readonly pinned?: ToolEntry["pinned"];
}

/** What {@link createBundleFrom} gathers from. Relative paths start at `git.cwd`. */
export interface BundleSources<
  P extends string = string,
  M extends string = string,
  I extends string = string,
  T extends string = string,
  N extends string = string,
> extends Pick<BundleInput, "id" | "allowFloating" | "allowDirty"> {
  /** A folder of the repository; the whole of its working tree is judged. */
  readonly git: { readonly cwd: string };
  /** What the commit was built into: a directory, or files, which count by their names as seen from `git.cwd`. */
  readonly build: { readonly dir: string } | { readonly files: readonly string[] };
  /** The file of the guardrail configuration. */
  readonly guardrails?: string;
  /** @default {} */
  readonly prompts?: { readonly [K in P]: PromptFile | PromptInput };
  /** @default {} */
  readonly models?: { readonly [K in M]: ModelEntry };
  /** @default {} */
  readonly indexes?: { readonly [K in I]: IndexFiles | IndexEntry };
  /** @default {} */
  readonly tools?: { readonly [K in T]: PackageTool | ToolInput };
  /** MCP servers whose tools become entries. @default [] */
  readonly mcp?: readonly McpTools<N>[];
  /** Ends the waiting for git and for MCP servers; rejects with its reason. */
  readonly signal?: AbortSignal;
}

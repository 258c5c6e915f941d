import type { JsonObject } from "./json.ts";

/** The release tag people say: one id names all five pieces. */
export type BundleId = string;

/** `sha256:` and 64 lower-case hex digits. */
export type Digest = `sha256:${string}`;

/** The orchestrator, tool definitions and guardrails of a bundle. */
export interface CodePiece {
  /** The version-control commit. */
  readonly commit: string;
  /** Digest of the build that commit produced. */
  readonly build: Digest;
  /** Digest of the guardrail configuration, where there is one. */
  readonly guardrails?: Digest;
  /** True when the working tree held uncommitted changes; refused unless `allowDirty`. */
  readonly dirty?: boolean;
}

/** One prompt, template or set of few-shot examples. */
export interface PromptEntry {
  readonly version: string;
  readonly digest: Digest;
  /** @default "text" */
  readonly kind?: "text" | "examples";
}

/** One model in one role (planner, judge, …). */
export interface ModelEntry {
  readonly provider: string;
  readonly name: string;
  /** What the provider pins: a dated id, the id itself, or a digest of weights. Absent only where `allowFloating` says so. */
  readonly snapshot?: string;
  /** Settings that change answers: temperature, limits, reasoning, region. */
  readonly settings?: JsonObject;
  /** The day (YYYY-MM-DD) after which the provider no longer serves the snapshot. */
  readonly retires?: string;
}

/** The model that embeds both documents and questions. Another one is another index version. */
export interface EmbeddingModel {
  readonly provider: string;
  readonly name: string;
  readonly snapshot?: string;
}

/** One retrieval index: a frozen snapshot, or `live` where contents move (opted in like a floating model). */
export type IndexEntry =
  | {
      readonly version: string;
      readonly kind: "snapshot";
      readonly digest: Digest;
      readonly embedding: EmbeddingModel | null;
    }
  | { readonly version: string; readonly kind: "live"; readonly embedding: EmbeddingModel | null };

/** One tool the agent may call. */
export interface ToolEntry {
  readonly version: string;
  /** Digest of the declared contract: name, description, schemas, annotations. */
  readonly contract: Digest;
  /** Who holds the version still: each call names it, the service does, or nobody. */
  readonly pinned: "per-call" | "by-service" | "not";
}

/** The five pieces under one id, as plain data. */
export interface BundleManifest {
  /** Format of the manifest. */
  readonly v: 1;
  readonly id: BundleId;
  readonly code: CodePiece;
  readonly prompts: Readonly<Record<string, PromptEntry>>;
  readonly models: Readonly<Record<string, ModelEntry>>;
  readonly indexes: Readonly<Record<string, IndexEntry>>;
  readonly tools: Readonly<Record<string, ToolEntry>>;
  /** Entries (`models.planner`, `indexes.docs`) that may move under a fixed name; sorted. */
  readonly allowFloating?: readonly string[];
}

/** A checked, deeply frozen manifest with its digest: SHA-256 over the canonical JSON (RFC 8785) of the manifest. */
export type Bundle<M extends BundleManifest = BundleManifest> = M & { readonly digest: Digest };

/** `{agent}/bundle/{id}` in the store. */
export interface BundleRecord {
  readonly v: number;
  readonly digest: Digest;
  readonly manifest: BundleManifest;
  readonly registeredAt: number;
  /** Generation of the route at which the bundle was last recycled. */
  readonly recycled?: number;
}

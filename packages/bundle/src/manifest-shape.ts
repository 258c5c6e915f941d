import {
  type BundleManifest,
  type CodePiece,
  type EmbeddingModel,
  type IndexEntry,
  isPlainObject,
  type ModelEntry,
  type PromptEntry,
  type ToolEntry,
} from "@verdigris/contracts";
import type { BundleIssue } from "./issues.ts";
import { digestPattern, idPattern, labelLength, labelPattern, namePattern } from "./patterns.ts";
import { flag, members, oneOf, optional, orNull, record, type Shape, shape, text } from "./shape.ts";

const digest = text(digestPattern, "must be sha256: and 64 lower-case hex digits");
const id = text(idPattern, "must be 1 to 128 of A-Z a-z 0-9 . _ : -");
const label = text(
  labelPattern,
  "must be 1 to 256 visible characters without white space around them",
  labelLength,
);
const day = shape(isDay, "must be a day as YYYY-MM-DD");

const entries = (entry: Shape): Shape =>
  record(namePattern, "is no entry name, which is 1 to 128 of A-Z a-z 0-9 . _ : -", entry);

const code = members<CodePiece>({
  commit: label,
  build: digest,
  guardrails: optional(digest),
  dirty: optional(flag),
});

const prompt = members<PromptEntry>({
  version: label,
  digest,
  kind: optional(oneOf("text", "examples")),
});

const model = members<ModelEntry>({
  provider: label,
  name: label,
  snapshot: optional(label),
  // Read as JSON before it comes here; what it holds is the provider's affair.
  settings: optional(shape(isPlainObject, "must be an object")),
  retires: optional(day),
});

const embedding = orNull(
  members<EmbeddingModel>({ provider: label, name: label, snapshot: optional(label) }),
);

// The version stands in a store key.
const snapshotIndex = members<Extract<IndexEntry, { kind: "snapshot" }>>({
  version: id,
  kind: oneOf("snapshot"),
  digest,
  embedding,
});
const liveIndex = members<Extract<IndexEntry, { kind: "live" }>>({
  version: id,
  kind: oneOf("live"),
  embedding,
});
const indexKind = oneOf("snapshot", "live");

const index: Shape = (value, path) => {
  if (!isPlainObject(value)) return [{ path, problem: "must be an object" }];
  if (value.kind === "live") return liveIndex(value, path);
  return value.kind === "snapshot" ? snapshotIndex(value, path) : indexKind(value.kind, `${path}.kind`);
};

const tool = members<ToolEntry>({
  version: label,
  contract: digest,
  pinned: oneOf("per-call", "by-service", "not"),
});

const manifest = members<BundleManifest>({
  v: shape((v) => v === 1, "must be 1: defineBundle makes a manifest"),
  id,
  code,
  prompts: entries(prompt),
  models: entries(model),
  indexes: entries(index),
  tools: entries(tool),
  allowFloating: optional(
    shape(isListing, "must be a sorted list that holds no name twice, left out when it is empty"),
  ),
});

/** Every way in which `data` is not a manifest; none when it is one. */
export function manifestIssues(data: unknown): readonly BundleIssue[] {
  return manifest(data, "");
}

function isListing(names: unknown): boolean {
  if (!Array.isArray(names) || names.length === 0) return false;
  const sorted = [...new Set<unknown>(names)].sort();
  return names.every((name, at) => typeof name === "string" && name === sorted[at]);
}

function isDay(value: unknown): boolean {
  if (typeof value !== "string" || !/^\d{4}-\d{2}-\d{2}$/.test(value)) return false;
  const at = Date.parse(`${value}T00:00:00Z`);
  // The 30th of February reads as a day of March.
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(value);
}

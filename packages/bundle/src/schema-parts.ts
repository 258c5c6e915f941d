import type {
  CodePiece,
  Digest,
  EmbeddingModel,
  IndexEntry,
  JsonObject,
  ModelEntry,
  ToolEntry,
} from "@verdigris/contracts";
import { z } from "zod";
import { digestPattern, idPattern, labelLength, labelPattern, namePattern } from "./patterns.ts";

// What `manifest-shape.ts` holds a manifest to, said once more for the schema that editors read: zod can print itself, and
// loading it would be half of the time that importing the main entry takes. A test holds the two against each other.

/** SHA-256 as text. */
// A pattern narrows no type; this one is the type.
export const digest: z.ZodType<Digest> = z.string().regex(digestPattern) as unknown as z.ZodType<Digest>;

/** Text that may stand in a store key. */
export const id: z.ZodType<string> = z.string().regex(idPattern);

/** Versions, names and snapshots. */
export const label: z.ZodType<string> = z.string().regex(labelPattern).max(labelLength);

/** A piece: named entries of one shape. */
export function entries<T>(entry: z.ZodType<T>): z.ZodType<Record<string, T>> {
  return z.record(z.string().regex(namePattern), entry);
}

export const codePiece: z.ZodType<CodePiece> = z.strictObject({
  commit: label,
  build: digest,
  guardrails: digest.exactOptional(),
  dirty: z.boolean().exactOptional(),
});

export const promptKind: z.ZodType<"text" | "examples"> = z.enum(["text", "examples"]);

export const modelEntry: z.ZodType<ModelEntry> = z.strictObject({
  provider: label,
  name: label,
  snapshot: label.exactOptional(),
  settings: (z.record(z.string(), z.unknown()) as unknown as z.ZodType<JsonObject>).exactOptional(),
  retires: z.iso.date().exactOptional(),
});

const embedding: z.ZodType<EmbeddingModel | null> = z
  .strictObject({ provider: label, name: label, snapshot: label.exactOptional() })
  .nullable();

export const indexEntry: z.ZodType<IndexEntry> = z.discriminatedUnion("kind", [
  z.strictObject({ version: id, kind: z.literal("snapshot"), digest, embedding }),
  z.strictObject({ version: id, kind: z.literal("live"), embedding }),
]);

export const pinned: z.ZodType<ToolEntry["pinned"]> = z.enum(["per-call", "by-service", "not"]);

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

// Patterns instead of functions wherever one can say it: the schema for editors is printed from these parts. They see
// untrusted text, so none may backtrack more than once over it.
const digestPattern = /^sha256:[0-9a-f]{64}$/;
const idPattern = /^[A-Za-z0-9._:-]{1,128}$/;
const namePattern = /^(?!(?:__proto__|constructor|prototype)$)[A-Za-z0-9._:-]{1,128}$/;
// Control and format characters: a version that looks like another on a screen is another version all the same.
const labelPattern = /^(?!\s)[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+(?<!\s)$/u;

const text = (pattern: RegExp, problem: string): z.ZodString => z.string().regex(pattern, problem);

/** SHA-256 as text. */
// A pattern narrows no type; this one is the type.
export const digest: z.ZodType<Digest> = text(
  digestPattern,
  "must be sha256: and 64 lower-case hex digits",
) as unknown as z.ZodType<Digest>;

/** Text that may stand in a store key. */
export const id: z.ZodType<string> = text(idPattern, "must be 1 to 128 of A-Z a-z 0-9 . _ : -");

/** Versions, names and snapshots. */
export const label: z.ZodType<string> = text(
  labelPattern,
  "must be 1 to 256 visible characters without white space around them",
).max(256);

/** A piece: named entries of one shape. */
export function entries<T>(entry: z.ZodType<T>): z.ZodType<Record<string, T>> {
  return z.record(text(namePattern, "is no entry name"), entry);
}

// Unknown members are refused, not kept: a misspelt `snapshot` must not read as an absent one.
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
  // Read as JSON before the schema sees it; what it holds is the provider's affair.
  settings: (
    z.record(z.string(), z.unknown(), "must be an object") as unknown as z.ZodType<JsonObject>
  ).exactOptional(),
  retires: z.iso.date("must be a day as YYYY-MM-DD").exactOptional(),
});

const embedding: z.ZodType<EmbeddingModel | null> = z
  .strictObject({ provider: label, name: label, snapshot: label.exactOptional() })
  .nullable();

export const indexEntry: z.ZodType<IndexEntry> = z.discriminatedUnion("kind", [
  // The version stands in a store key.
  z.strictObject({ version: id, kind: z.literal("snapshot"), digest, embedding }),
  z.strictObject({ version: id, kind: z.literal("live"), embedding }),
]);

export const pinned: z.ZodType<ToolEntry["pinned"]> = z.enum(["per-call", "by-service", "not"]);

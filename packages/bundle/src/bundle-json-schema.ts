import { isPlainObject, type JsonObject, type JsonValue } from "@verdigris/contracts";
import { z } from "zod";
import { describeFields } from "./field-descriptions.ts";
import {
  codePiece,
  digest,
  entries,
  id,
  indexEntry,
  label,
  modelEntry,
  pinned,
  promptKind,
} from "./schema-parts.ts";

const jsonObject = z.record(z.string(), z.unknown());

const promptForms = z.union([
  z.strictObject({ version: label, file: z.string().regex(/^[^/]/), kind: promptKind.exactOptional() }),
  z.strictObject({ version: label, digest, kind: promptKind.exactOptional() }),
  z.strictObject({ version: label, text: z.string(), kind: z.literal("text").exactOptional() }),
  z.strictObject({ version: label, examples: z.unknown(), kind: z.literal("examples") }),
]);

const contractForms = z.union([
  digest,
  z.strictObject({
    name: z.string(),
    description: z.string(),
    inputSchema: jsonObject,
    outputSchema: jsonObject.exactOptional(),
    annotations: jsonObject.exactOptional(),
    serverVersion: z.string().exactOptional(),
  }),
]);

/** The form that bundle files have: the input of `defineBundle`, or a manifest, with prompts by file as well. */
const fileSchema: z.ZodType = z.strictObject({
  $schema: z.string().exactOptional(),
  v: z.literal(1).exactOptional(),
  id,
  digest: digest.exactOptional(),
  code: codePiece,
  prompts: entries(promptForms).exactOptional(),
  models: entries(modelEntry).exactOptional(),
  indexes: entries(indexEntry).exactOptional(),
  tools: entries(z.strictObject({ version: label, contract: contractForms, pinned })).exactOptional(),
  allowFloating: z.array(z.string()).exactOptional(),
  allowDirty: z.boolean().exactOptional(),
});

/**
 * The JSON Schema (draft 7) of a bundle file, the one published as `@verdigris/bundle/schema/bundle-v1.json`, with a
 * description on every field; a fresh object each time. It refuses nothing that `loadBundle` accepts. What a schema
 * cannot say is left to `loadBundle`: files that exist, entries that may not move, a dirty tree, sizes, and a `digest`
 * that matches.
 */
export function bundleJsonSchema(): JsonObject {
  const printed = z.toJSONSchema(fileSchema, { target: "draft-7" });
  const { $schema, ...rest } = describeFields(withoutNoise(printed as JsonObject) as JsonObject);
  return { $schema: $schema ?? "", title: "Verdigris bundle", ...rest };
}

/** Patterns say what these formats say, and validators that do not know a format complain about it. */
function withoutNoise(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(withoutNoise);
  if (!isPlainObject(value)) return value;
  const kept = Object.entries(value).filter(([key, member]) => !(key === "format" && member === "date"));
  return Object.fromEntries(kept.map(([key, member]) => [key, withoutNoise(member as JsonValue)]));
}

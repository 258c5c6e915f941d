import { type BundleManifest, type Digest, isId, type JsonObject } from "@verdigris/contracts";
import { z } from "zod";
import { type BundleIssue, joinPath } from "./issues.ts";
import { isPlainObject } from "./plain-json.ts";

const digestPattern = /^sha256:[0-9a-f]{64}$/;
// Control and format characters: a version that looks like another on a screen is another version all the same.
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

const isDigest = (value: unknown): value is Digest => typeof value === "string" && digestPattern.test(value);
const isLabel = (text: string): boolean => text.trim() === text && text !== "" && !unprintable.test(text);

const digest = z.custom<Digest>(isDigest, "must be sha256: and 64 lower-case hex digits");
const id = z.custom<string>(isId, "must be 1 to 128 of A-Z a-z 0-9 . _ : -");
const label = z
  .string()
  .max(256)
  .refine(isLabel, "must be 1 to 256 visible characters without white space around them");
const settings = z.custom<JsonObject>(isPlainObject, "must be an object");
const entries = <T>(entry: z.ZodType<T>): z.ZodType<Record<string, T>> =>
  z.record(z.string().refine(isId), entry);

const embedding = z
  .strictObject({ provider: label, name: label, snapshot: label.exactOptional() })
  .nullable();

// Unknown members are refused, not kept: a misspelt `snapshot` must not read as an absent one.
const schema: z.ZodType<BundleManifest> = z.strictObject({
  v: z.literal(1, "must be 1: defineBundle makes a manifest"),
  id,
  code: z.strictObject({
    commit: label,
    build: digest,
    guardrails: digest.exactOptional(),
    dirty: z.boolean().exactOptional(),
  }),
  prompts: entries(
    z.strictObject({ version: label, digest, kind: z.enum(["text", "examples"]).exactOptional() }),
  ),
  models: entries(
    z.strictObject({
      provider: label,
      name: label,
      snapshot: label.exactOptional(),
      settings: settings.exactOptional(),
      retires: z.iso.date("must be a day as YYYY-MM-DD").exactOptional(),
    }),
  ),
  indexes: entries(
    z.discriminatedUnion("kind", [
      // The version stands in a store key.
      z.strictObject({ version: id, kind: z.literal("snapshot"), digest, embedding }),
      z.strictObject({ version: id, kind: z.literal("live"), embedding }),
    ]),
  ),
  tools: entries(
    z.strictObject({
      version: label,
      contract: digest,
      pinned: z.enum(["per-call", "by-service", "not"]),
    }),
  ),
  allowFloating: z
    .array(z.string())
    .min(1, "must be left out when it is empty")
    .refine(isSortedSet, "must be sorted and hold no name twice")
    .exactOptional(),
});

/** Every way in which `data` is not a manifest; none when it is one. */
export function manifestIssues(data: unknown): readonly BundleIssue[] {
  const result = schema.safeParse(data);
  return result.success ? [] : result.error.issues.flatMap(toIssues);
}

function isSortedSet(names: readonly string[]): boolean {
  return names.every((name, index) => index === 0 || (names[index - 1] ?? "") < name);
}

function toIssues(issue: z.core.$ZodIssue): BundleIssue[] {
  const path = issue.path.reduce<string>((joined, part) => joinPath(joined, String(part)), "");
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      path: joinPath(path, key),
      problem: "is unknown; check the spelling",
    }));
  }
  if (issue.code === "invalid_key") {
    return [{ path, problem: "is no entry name, which is 1 to 128 of A-Z a-z 0-9 . _ : -" }];
  }
  if (issue.code === "invalid_union") return [{ path, problem: 'must be "snapshot" or "live"' }];
  if (issue.message.endsWith("received undefined")) return [{ path, problem: "is missing" }];
  return [{ path, problem: issue.message.replace(/^Invalid input: /, "is wrong: ") }];
}

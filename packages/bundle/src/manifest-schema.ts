import { type BundleManifest, joinPath } from "@verdigris/contracts";
import { z } from "zod";
import type { BundleIssue } from "./issues.ts";
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

const schema: z.ZodType<BundleManifest> = z.strictObject({
  v: z.literal(1, "must be 1: defineBundle makes a manifest"),
  id,
  code: codePiece,
  prompts: entries(z.strictObject({ version: label, digest, kind: promptKind.exactOptional() })),
  models: entries(modelEntry),
  indexes: entries(indexEntry),
  tools: entries(z.strictObject({ version: label, contract: digest, pinned })),
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

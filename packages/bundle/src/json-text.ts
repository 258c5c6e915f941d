import { VerdigrisError } from "@verdigris/contracts";
import { type BundleIssue, invalidBundle } from "./issues.ts";

/** No text longer than this can hold a manifest that fits, even when every character is escaped. */
export const maxTextLength = 1_000_000;

/**
 * Parses JSON text. Throws `bundle-too-large` before looking at text of more than 1,000,000 characters, and
 * `bundle-invalid` for text that is no JSON or names a member twice: parsers differ in which one wins, so a reviewer
 * and a machine could read two bundles in one file.
 */
export function parseJsonText(name: string, text: string): unknown {
  if (text.length > maxTextLength) {
    throw new VerdigrisError(
      "bundle-too-large",
      `${name} has ${text.length} characters, no manifest needs more than ${maxTextLength}: keep texts out of it and give their digests`,
      { length: text.length, limit: maxTextLength },
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw invalidBundle(name, [{ path: "", problem: "is no JSON text" }], { cause });
  }
  const repeated = repeatedMembers(text);
  if (repeated.length > 0) throw invalidBundle(name, repeated);
  return value;
}

const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g;

/** Member names that stand twice in one object of valid JSON text. */
function repeatedMembers(text: string): BundleIssue[] {
  const issues: BundleIssue[] = [];
  const open: (Set<string> | null)[] = [];
  let last = "";
  for (const [part] of text.matchAll(token)) {
    if (part === "{" || part === "[") open.push(part === "{" ? new Set() : null);
    else if (part === "}" || part === "]") open.pop();
    else if (part === ":") {
      const name = String(JSON.parse(last));
      const names = open.at(-1);
      if (names?.has(name))
        issues.push({ path: JSON.stringify(name.slice(0, 40)), problem: "stands twice in one object" });
      names?.add(name);
    }
    last = part;
  }
  return issues;
}

import { repeatedMembers, VerdigrisError } from "@verdigris/contracts";
import { invalidBundle } from "./issues.ts";

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

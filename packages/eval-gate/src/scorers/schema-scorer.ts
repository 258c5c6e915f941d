import { InvalidArgumentError } from "@verdigris/contracts";
import { identityOf, requireText, type ScorerOptions, selected } from "./custom-scorer.ts";
import type { Scorer } from "./scorer.ts";

/** What this package uses of a zod schema (3 or 4), or of anything that parses as zod does. */
export interface ParsingSchema {
  safeParse(value: unknown): { readonly success: boolean; readonly error?: { readonly message: string } };
}

/** What {@link schemaScorer} is made from. */
export interface SchemaScorerOptions extends ScorerOptions {
  readonly schema: ParsingSchema;
  /** A schema has no digest of its own: name another version when it changes. */
  readonly version: string;
  /** Text is read as JSON first; text that is none scores 0. @default true */
  readonly parseText?: boolean;
}

/** 1 when the output satisfies the schema, else 0 with what was wrong. */
export function schemaScorer(options: SchemaScorerOptions): Scorer {
  const { schema, version, parseText = true } = options;
  if (typeof schema?.safeParse !== "function") {
    throw new InvalidArgumentError("schema", "must have safeParse, as a zod schema has");
  }
  requireText("version", version, 128);
  return Object.freeze({
    identity: identityOf("schema", options, { parseText: options.parseText }),
    score: (request) => {
      const found = selected(request, options);
      const value = parseText && typeof found === "string" ? parsed(found) : { value: found };
      if (value === null) return { score: 0, reason: "the output is not JSON" };
      const { success, error } = schema.safeParse(value.value);
      return success ? 1 : { score: 0, reason: error?.message ?? "the output does not satisfy the schema" };
    },
  } satisfies Scorer);
}

function parsed(text: string): { readonly value: unknown } | null {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return null;
  }
}

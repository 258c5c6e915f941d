import { InvalidArgumentError } from "@verdigris/contracts";
import { expectedOf, identityOf, selected } from "./custom-scorer.ts";
import { alike, type TextOptions } from "./exact-scorer.ts";
import type { ScoreRequest, Scorer } from "./scorer.ts";

/** What {@link containsScorer} is told. */
export interface ContainsOptions extends TextOptions {
  /** Texts looked for. @default the case's `expected`: a text, or a list of texts */
  readonly texts?: readonly string[];
  /** `all`: 1 only when every text is there; `any`: one is enough; `share`: the share that is there. @default "all" */
  readonly need?: "all" | "any" | "share";
}

/** Looks for texts in the output, which must be text; white space and case count unless told otherwise. */
export function containsScorer(options: ContainsOptions = {}): Scorer {
  const { texts, need = "all", ignoreCase, ignoreSpace } = options;
  if (texts !== undefined) requireTexts("texts", texts);
  return Object.freeze({
    identity: identityOf("contains", options, { texts, need: options.need, ignoreCase, ignoreSpace }),
    score: (request) => {
      const found = selected(request, options);
      if (typeof found !== "string") return { score: 0, reason: "the output is not text" };
      const wanted = texts ?? textsOf(request);
      const hay = alike(found, options);
      const missing = wanted.filter((text) => !hay.includes(alike(text, options)));
      const score = scored(wanted.length, missing.length, need);
      return missing.length === 0 ? score : { score, reason: `not found: ${missing.join(", ")}` };
    },
  } satisfies Scorer);
}

function scored(wanted: number, missing: number, need: "all" | "any" | "share"): number {
  if (need === "share") return (wanted - missing) / wanted;
  return (need === "all" ? missing === 0 : missing < wanted) ? 1 : 0;
}

function textsOf(request: ScoreRequest): readonly string[] {
  const expected = expectedOf(request);
  const texts = typeof expected === "string" ? [expected] : expected;
  requireTexts("expected", texts);
  return texts;
}

function requireTexts(argument: string, texts: unknown): asserts texts is readonly string[] {
  const good =
    Array.isArray(texts) &&
    texts.length > 0 &&
    texts.every((text) => typeof text === "string" && text !== "");
  if (!good) throw new InvalidArgumentError(argument, "must be texts, at least one, none of them empty");
}

import { canonicalJson } from "@verdigris/contracts";
import { expectedOf, identityOf, type ScorerOptions, selected } from "./custom-scorer.ts";
import type { Scorer } from "./scorer.ts";

/** How texts are made alike before they are compared. */
export interface TextOptions extends ScorerOptions {
  /** @default false */
  readonly ignoreCase?: boolean;
  /** Runs of white space count as one space, none at the ends. @default false */
  readonly ignoreSpace?: boolean;
}

/**
 * 1 when the output equals the case's `expected`, else 0. Text is compared as text, everything else by its canonical
 * JSON: the order of members does not matter, a missing member does.
 */
export function exactScorer(options: TextOptions = {}): Scorer {
  const { ignoreCase, ignoreSpace } = options;
  return Object.freeze({
    identity: identityOf("exact", options, { ignoreCase, ignoreSpace }),
    score: (request) => {
      const [found, wanted] = [selected(request, options), expectedOf(request)];
      if (typeof wanted === "string") {
        return typeof found === "string" && alike(found, options) === alike(wanted, options);
      }
      return found !== undefined && canonicalJson(found) === canonicalJson(wanted);
    },
  } satisfies Scorer);
}

/** Text as it is compared. */
export function alike(text: string, { ignoreCase = false, ignoreSpace = false }: TextOptions): string {
  const spaced = ignoreSpace ? text.replace(/\s+/g, " ").trim() : text;
  return ignoreCase ? spaced.toLowerCase() : spaced;
}

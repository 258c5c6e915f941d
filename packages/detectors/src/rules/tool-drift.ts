import type { Signal } from "@verdigris/contracts";
import type { Drift, DriftBook } from "../drift/drift-book.ts";
import { checkRule, type Rule } from "./rule.ts";

/**
 * Alarms when a tool or a model is not what the bundle was made with, in a way that breaks who relies on it. Deterministic where a
 * contract is declared, beyond chance where only answers are seen. What is additive or cosmetic is named, and is `clear`.
 */
export function toolDrift(options: { readonly book: DriftBook; readonly name?: string }): Rule {
  const { book, name = "tool-drift" } = options;
  checkRule(name, 0.01);
  return {
    name,
    judge:
      () =>
      (look): Signal => {
        const found = book.of(look.bundle);
        const breaking = found.filter((drift) => drift.class === "breaking");
        const shown = (breaking.length > 0 ? breaking : found).slice(0, 3).map(words).join("; ");
        const more = found.length > 3 ? `, and ${found.length - 3} more` : "";
        const why = breaking.length > 0 ? "alarm" : "clear";
        return {
          ...{ name, status: why, bundle: look.bundle, baseline: { kind: "floor" } },
          ...{ value: breaking.length, reference: 0, ratio: null, limit: 0, unit: "breaking changes" },
          ...{ n: found.length, referenceN: 0, needed: null, interval: null, evidence: null, at: look.at },
          reason:
            found.length === 0
              ? "clear: every tool and model is as the bundle names it"
              : `${why}: ${shown}${more}`,
        };
      },
  };
}

function words({ entry, path, change, class: kind }: Drift): string {
  return `${entry}${path === "" ? "" : ` ${path}`} ${change} (${kind})`;
}

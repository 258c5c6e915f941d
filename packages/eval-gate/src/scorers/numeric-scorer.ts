import { InvalidArgumentError } from "@verdigris/contracts";
import { expectedOf, identityOf, type ScorerOptions, selected } from "./custom-scorer.ts";
import type { Scorer } from "./scorer.ts";

/** What {@link numericScorer} is told. */
export interface NumericOptions extends ScorerOptions {
  /** Distance still right, in the unit of the answer. @default 0 */
  readonly absolute?: number;
  /** Distance still right, as a share of the expected number. @default 0 */
  readonly relative?: number;
}

/**
 * 1 when a number is within `max(absolute, relative · |expected|)` of the case's `expected`, else 0. Text counts when it
 * is one number and nothing else; anything else scores 0.
 */
export function numericScorer(options: NumericOptions = {}): Scorer {
  const { absolute = 0, relative = 0 } = options;
  for (const [name, value] of Object.entries({ absolute, relative })) {
    if (!(Number.isFinite(value) && value >= 0))
      throw new InvalidArgumentError(name, `must be 0 or more, got ${value}`);
  }
  return Object.freeze({
    identity: identityOf("numeric", options, { absolute: options.absolute, relative: options.relative }),
    score: (request) => {
      const wanted = numberIn(expectedOf(request));
      if (wanted === null)
        throw new InvalidArgumentError("expected", `is no number in case ${request.case.id}`);
      const found = numberIn(selected(request, options));
      if (found === null) return { score: 0, reason: "the output is no number" };
      // Rounding of the two decimals must not push an answer at the very edge out.
      const allowed = Math.max(absolute, relative * Math.abs(wanted)) + Number.EPSILON * Math.abs(wanted) * 4;
      const distance = Math.abs(found - wanted);
      return distance <= allowed ? 1 : { score: 0, reason: `${found} is ${distance} away from ${wanted}` };
    },
  } satisfies Scorer);
}

function numberIn(value: unknown): number | null {
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value !== "string" || value.trim() === "") return null;
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}

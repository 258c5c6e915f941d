import { costRegression, hardErrors, latencyRegression, type Rule } from "@verdigris/detectors";
import { type DriftBook, toolDrift } from "@verdigris/detectors/drift";

/** How far behind a process may be with writing what it counted; a detector looks no later than that. */
export const lagMs = 1_000;
export const flushMs = 400;

/**
 * The rules as they are published, but for one number: in a canary of seconds nobody can show that fewer than 1 % of the
 * runs fail, so 3 % are tolerated.
 */
export function watchRules(book: DriftBook): readonly Rule[] {
  return [latencyRegression(), costRegression(), hardErrors({ tolerated: 0.03 }), toolDrift({ book })];
}

import { InvalidArgumentError } from "@verdigris/contracts";

/** What the caller knows and a diff cannot say; everything may be left out. */
export interface RolloutFacts {
  /**
   * The share of a prompt's text that changed, from 0 to 1: one figure for every prompt, or one per entry. From 0.3 on a
   * change counts as a restructure. Unknown, it is taken for an edit, unless the prompt's version makes a major step.
   */
  readonly promptShare?: number | Readonly<Record<string, number>>;
  /** Whether the evals can tell a good bundle from a bad one. Unknown, blue-green is advised on that condition. */
  readonly decisiveEvals?: boolean;
  /** Names of tools that change something outside the run. Unknown, no tool is taken to have effects. */
  readonly toolsWithEffects?: readonly string[];
  /** True when the new bundle reads or writes agent memory under another schema. @default false */
  readonly memorySchemaChanges?: boolean;
  /** The day it is, as YYYY-MM-DD, to compare with the day a model retires. No clock is read. */
  readonly today?: string;
}

/** Returns when `facts` are in range; throws `invalid-argument` naming the one that is not. */
export function checkFacts({ promptShare, today }: RolloutFacts): void {
  const shares = typeof promptShare === "object" ? Object.values(promptShare) : [promptShare ?? 0];
  if (shares.some((share) => typeof share !== "number" || !(share >= 0 && share <= 1))) {
    throw new InvalidArgumentError("promptShare", "must be from 0 to 1, for all prompts or per entry");
  }
  if (today === undefined) return;
  // A day that does not exist comes back as another one.
  const day = new Date(`${today}T00:00:00Z`);
  if (Number.isNaN(day.getTime()) || day.toISOString().slice(0, 10) !== today) {
    throw new InvalidArgumentError("today", "must be a day as YYYY-MM-DD");
  }
}

import type { ProductionSlices } from "./coverage-report.ts";

/** Cheap facts of one run, from its trace or usage record; no text of it. */
export interface RunFeatures {
  /** Tool calls of the run. */
  readonly toolCalls: number;
  /** Turns of the conversation. @default 1 */
  readonly turns?: number;
  /** Characters of the input. */
  readonly inputLength?: number;
  /** As the host detected it, such as `de`. */
  readonly language?: string;
  /** How it ended, such as `answered` or `refused`. */
  readonly outcome?: string;
}

/** A feature that tells slices apart. */
export type SliceFeature = "tools" | "turns" | "length" | "language" | "outcome";

const readers: Readonly<Record<SliceFeature, (run: RunFeatures) => string>> = {
  tools: ({ toolCalls }) => (toolCalls === 0 ? "no-tools" : toolCalls < 3 ? "tools" : "tool-heavy"),
  turns: ({ turns = 1 }) => (turns <= 1 ? "one-turn" : turns < 5 ? "few-turns" : "many-turns"),
  length: ({ inputLength = 0 }) => (inputLength < 200 ? "short" : inputLength < 2_000 ? "medium" : "long"),
  language: ({ language = "unknown-language" }) => language,
  outcome: ({ outcome = "unknown-outcome" }) => outcome,
};

/**
 * The slice of a run by cheap deterministic features, joined by `/` in the order asked for: the same run always falls into
 * the same slice, on any machine and in any release. Use it for production and, when cases are made, for the eval set.
 *
 * `tools`: `no-tools` 0, `tools` 1 or 2, `tool-heavy` 3 calls or more. `turns`: `one-turn`, `few-turns` up to 4, `many-turns`.
 * `length`: `short` below 200 characters, `medium` below 2,000, `long`. @default by ["tools"]
 */
export function sliceOf(run: RunFeatures, by: readonly SliceFeature[] = ["tools"]): string {
  return by.map((feature) => readers[feature](run)).join("/");
}

/** Counts production runs by slice, with {@link sliceOf} or a function of your own. */
export function countSlices<Run>(runs: Iterable<Run>, slice: (run: Run) => string): ProductionSlices {
  const counts = new Map<string, number>();
  for (const run of runs) {
    const name = slice(run);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return { slices: Object.fromEntries(counts) };
}

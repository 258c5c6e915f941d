import type { BundleId, RunOutcome } from "@verdigris/contracts";
import { formatRecord, type RecordEntry } from "./test-record.ts";

/** What a matcher answers; both Vitest and Jest take it. */
export interface MatcherResult {
  readonly pass: boolean;
  message(): string;
}

/** The matchers as an assertion has them, to extend a test runner's own interface with. */
export interface VerdigrisMatchers<R = unknown> {
  /** At least one step ran on the bundle. */
  toHaveRunOn(bundle: BundleId): R;
  /** At least one step ran, and all of them on the bundle. */
  toHaveStayedOn(bundle: BundleId): R;
  /** Steps of these names began, in this order, and no others. */
  toHaveTakenSteps(names: readonly string[]): R;
  /** A run finished, with this outcome where one is named. */
  toHaveFinished(outcome?: RunOutcome): R;
  /** A run passed its deadline. */
  toHaveExpired(): R;
}

type Received = readonly RecordEntry[];

function answer(pass: boolean, expected: string, record: Received): MatcherResult {
  return {
    pass,
    message: () => `expected the record ${pass ? "not " : ""}to show ${expected}:\n${formatRecord(record)}`,
  };
}

const steps = (record: Received): Received => record.filter(({ what }) => what === "step");

/**
 * Matchers over a record, or the part of one that `record.of(run)` gives: pass them to `expect.extend` of Vitest or Jest.
 */
export const verdigrisMatchers: {
  readonly [K in keyof VerdigrisMatchers]: (
    record: Received,
    ...expected: Parameters<VerdigrisMatchers[K]>
  ) => MatcherResult;
} = Object.freeze({
  toHaveRunOn: (record: Received, bundle: BundleId) =>
    answer(
      steps(record).some((entry) => entry.bundle === bundle),
      `a step on ${bundle}`,
      record,
    ),
  toHaveStayedOn: (record: Received, bundle: BundleId) =>
    answer(
      steps(record).length > 0 && steps(record).every((entry) => entry.bundle === bundle),
      `steps on ${bundle} only`,
      record,
    ),
  toHaveTakenSteps: (record: Received, names: readonly string[]) =>
    answer(
      JSON.stringify(steps(record).map(({ step }) => step)) === JSON.stringify(names),
      `the steps ${names.join(", ")}`,
      record,
    ),
  toHaveFinished: (record: Received, outcome?: RunOutcome) =>
    answer(
      record.some((entry) => entry.what === "finish" && (outcome ?? entry.outcome) === entry.outcome),
      `a run that finished${outcome === undefined ? "" : ` as ${outcome}`}`,
      record,
    ),
  toHaveExpired: (record: Received) =>
    answer(
      record.some(({ what }) => what === "expire"),
      "a run that expired",
      record,
    ),
});

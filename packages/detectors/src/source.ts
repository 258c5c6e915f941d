import type { BundleId } from "@verdigris/contracts";
import type { Cohort } from "./windows/cohort.ts";
import type { RunRecorder } from "./windows/recorder.ts";

/** Where cohorts come from: one process, a store that many write to, or a metrics system of the caller's own. */
export interface MetricSource {
  /**
   * The cohorts of a bundle that begin in `[from, to)`, oldest first, of all processes together. `at` is the store time up to
   * which everything that happened is in them (asked alone with an empty span): what a slow process has yet to tell must not look like runs that hang.
   */
  read(query: {
    readonly bundle: BundleId;
    readonly from: number;
    readonly to: number;
  }): Promise<{ readonly cohorts: readonly Cohort[]; readonly at: number }>;
}

/** The runs of this process alone. `now` is store time. */
export function recorderSource(recorder: RunRecorder, now: () => number): MetricSource {
  return {
    read: ({ bundle, from, to }) =>
      Promise.resolve({ cohorts: recorder.between(bundle, from, to), at: Math.floor(now()) }),
  };
}

import type { BundleId, TrafficClass } from "@verdigris/contracts";
import { addEvents, type Cohort } from "./cohort.ts";
import { addTo, bucketOf, type Histogram } from "./histogram.ts";
import { createTimeline, type Timeline } from "./timeline.ts";

/** What decides where a run counts: its bundle, and when it was accepted. */
export interface RunFacts {
  readonly bundle: BundleId;
  readonly class: TrafficClass;
  /** True once the run has moved between bundles: it belongs to neither. */
  readonly mixed: boolean;
  /** Store time at which the run was accepted. */
  readonly startedAt: number;
}

/** How a run ended; `expired` by its deadline. */
export type RunEnding = "completed" | "failed" | "expired";

/**
 * Counts runs into cohorts by their start. Only `live` and `canary` runs on their first bundle are counted; each call is one
 * fact about one run, and nothing of a run is kept.
 */
export interface RunRecorder {
  started(run: RunFacts): void;
  /** `cost` is what all of its model calls cost; null when any is not known, undefined where it is told by {@link RunRecorder.spent}. */
  ended(run: RunFacts, ending: RunEnding, durationMs: number, cost: number | null | undefined): void;
  /** What a run has cost that did not end here: it is borne by those that complete. */
  spent(run: RunFacts, cost: number | null): void;
  /** Takes a run out: cancelled, or moved to another bundle. */
  withdrawn(run: RunFacts): void;
  /** A verdict on one run: a scorer's, or a person's, however late. */
  scored(run: RunFacts, passed: boolean): void;
  /** A yes-or-no event of the caller's own. */
  noted(run: RunFacts, event: string, hit: boolean): void;
  /** The cohorts of a bundle as counted here, oldest first. */
  between(bundle: BundleId, from: number, to: number): readonly Cohort[];
  bundles(): readonly BundleId[];
  /** Lets go of all that began before. */
  forget(before: number): void;
}

/** Costs are added up in billionths, so that their sums are exact in any order. */
const costTick = 1e-9;
const mostTicks = 2 ** 43;

function ticksOf(cost: number): number {
  return Math.min(mostTicks, Math.round(cost / costTick));
}

function isProduction({ class: traffic, mixed }: RunFacts): boolean {
  return !mixed && (traffic === "live" || traffic === "canary");
}

function spend(cohort: Cohort, into: Histogram, cost: number | null): void {
  if (cost === null) {
    cohort.unpriced++;
    return;
  }
  addTo(into, bucketOf(cost));
  cohort.spent = Math.min(Number.MAX_SAFE_INTEGER, cohort.spent + ticksOf(cost));
}

/** Creates a recorder. `onChange` hears which cohort of which bundle was touched. */
export function createRecorder(onChange: (bundle: BundleId, cohort: Cohort) => void = () => {}): RunRecorder {
  const timelines = new Map<BundleId, Timeline>();
  const cohortOf = (run: RunFacts): Cohort | null => {
    if (!isProduction(run)) return null;
    let timeline = timelines.get(run.bundle);
    if (timeline === undefined) {
      timeline = createTimeline();
      timelines.set(run.bundle, timeline);
    }
    const cohort = timeline.cohort(run.startedAt);
    onChange(run.bundle, cohort);
    return cohort;
  };
  return {
    started(run) {
      const cohort = cohortOf(run);
      if (cohort !== null) cohort.started++;
    },
    ended(run, ending, durationMs, cost) {
      const cohort = cohortOf(run);
      if (cohort === null) return;
      cohort[ending]++;
      addTo(cohort.latency, bucketOf(durationMs));
      if (cost !== undefined) spend(cohort, ending === "completed" ? cohort.cost : cohort.waste, cost);
    },
    spent(run, cost) {
      const cohort = cost !== null && ticksOf(cost) === 0 ? null : cohortOf(run);
      if (cohort !== null) spend(cohort, cohort.waste, cost);
    },
    withdrawn(run) {
      const cohort = cohortOf(run);
      if (cohort !== null) cohort.withdrawn++;
    },
    scored(run, passed) {
      const cohort = cohortOf(run);
      if (cohort === null) return;
      cohort.scored++;
      if (passed) cohort.passed++;
    },
    noted(run, event, hit) {
      const cohort = cohortOf(run);
      if (cohort !== null) addEvents(cohort, event, 1, hit ? 1 : 0);
    },
    between: (bundle, from, to) => timelines.get(bundle)?.between(from, to) ?? [],
    bundles: () => [...timelines.keys()],
    forget(before) {
      for (const timeline of timelines.values()) timeline.forget(before);
    },
  };
}

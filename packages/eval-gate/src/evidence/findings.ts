/** How an interval was computed; each is described where the gate chooses it. */
export type IntervalMethod = "tango" | "clustered-t" | "betting" | "wilson";

/** Two one-sided bounds, each at level 1 - α of the look. */
export interface Bounds {
  readonly lower: number;
  readonly upper: number;
  readonly method: IntervalMethod;
}

/** How far the baseline lies from itself. */
export interface NoiseFloor {
  /** `measured`: a second run of the baseline; `split-half`: every second repeat against the others, of half as many. */
  readonly source: "measured" | "split-half";
  /** What the two runs, or the two halves, differed by. */
  readonly difference: number;
  /** An identical bundle with as many repeats as this differs by more than this in one comparison of ten. */
  readonly expected: number;
  /** Cases on which the two runs, or the two halves, disagree. */
  readonly disagree: number;
}

/** One way to get from `inconclusive` to a decision, and its price, if the two bundles are the same. */
export interface Lever {
  readonly lever: "cases" | "repeats" | "margin";
  /** Cases in all, repeats a case, or the margin. */
  readonly value: number;
  /** Further runs of both bundles together. */
  readonly runs: number;
  /** `runs` at the mean cost of a run so far; null where costs are not known. */
  readonly cost: number | null;
}

/** What a set of this size can tell. */
export interface GatePlan {
  /** Smallest margin that an identical bundle passes with `power`; null when the spread is not known. */
  readonly confirms: number | null;
  readonly power: number;
  /**
   * What the set has fewer than ten of, so that its bound is one that holds for any data and is wide: independent clusters, or
   * cases on which the bundles differ.
   */
  readonly lacks: "clusters" | "changes" | null;
  /** Empty unless not decided. */
  readonly levers: readonly Lever[];
}

/** Cases by id, the largest change first, at most 100. */
export interface CaseList {
  readonly count: number;
  readonly cases: readonly string[];
}

/** What was found of one metric, on all cases or on one critical slice. */
export interface ComparedFinding {
  readonly metric: string;
  readonly kind: "pass-rate" | "quality";
  /** Null for all cases. */
  readonly slice: string | null;
  readonly verdict: "pass" | "fail" | "inconclusive";
  /** One line for people. */
  readonly text: string;
  readonly n: number;
  readonly clusters: number;
  readonly candidate: number;
  /** Null, like everything compared, for the first bundle. */
  readonly baseline: number | null;
  readonly difference: number | null;
  readonly interval: Bounds | null;
  /** The margin decided on: the agreed one, times sensitivity + specificity - 1 where a judge gave the scores. */
  readonly margin: number;
  readonly agreedMargin: number;
  /** One-sided p-value of "not worse", and the same after Holm over metrics and slices. */
  readonly p: number | null;
  readonly adjustedP: number | null;
  readonly floor: { readonly floor: number; readonly bounds: Bounds; readonly reached: boolean } | null;
  readonly won: CaseList;
  readonly lost: CaseList;
  readonly tied: number;
  readonly noise: NoiseFloor | null;
  readonly plan: GatePlan | null;
}

/** What was found of an event that must hardly ever happen. */
export interface RareEventFinding {
  readonly metric: string;
  readonly verdict: "pass" | "fail" | "inconclusive";
  readonly text: string;
  /** Clusters with an event in any repeat, of `n`. */
  readonly events: number;
  readonly n: number;
  readonly ceiling: number;
  /** Exact one-sided bounds of the rate (Clopper & Pearson). */
  readonly lower: number;
  readonly upper: number;
  /** Cases, with as many events as now, from which on the bound stays within the ceiling. */
  readonly casesNeeded: number;
  readonly cases: CaseList;
}

/** The screen of one slice on one metric. */
export interface SliceFinding {
  readonly slice: string;
  readonly metric: string;
  readonly n: number;
  readonly candidate: number;
  readonly baseline: number;
  readonly difference: number;
  /** Drawn towards the change over all cases by how little this slice alone can tell. */
  readonly shrunk: number;
  /** 1 where the loss is smaller than the policy screens for. */
  readonly p: number;
  readonly adjustedP: number;
  readonly worse: boolean;
}

/** What was found of the cases that must pass. */
export interface MustPassFinding {
  readonly checked: number;
  readonly failed: readonly { readonly case: string; readonly metric: string; readonly worst: number }[];
}

/** What production was seen to be made of. */
export interface ProductionSlices {
  /** Runs per slice. */
  readonly slices: Readonly<Record<string, number>>;
}

/** One slice in production and in the set. */
export interface SliceCoverage {
  readonly slice: string;
  /** Production runs and their share. */
  readonly runs: number;
  readonly productionShare: number;
  readonly cases: number;
  readonly share: number;
  readonly state: "ok" | "warn" | "fail";
  /** Seen in production, never in the set. */
  readonly isNew: boolean;
  /** Cases to add to this slice alone to bring it into proportion; 0 when it is, or is over-represented. */
  readonly add: number;
  /** One line for people; empty when there is nothing to say. */
  readonly text: string;
}

/** How well an eval set spans what production asks. */
export interface CoverageReport {
  /** `unknown`: fewer production runs than the policy asks for. */
  readonly state: "ok" | "warn" | "fail" | "unknown";
  readonly text: string;
  readonly runs: number;
  /** Share of production that is represented in proportion: 1 - `distance`. */
  readonly overlap: number;
  /** Total variation between production and set. */
  readonly distance: number;
  /** What chance alone makes of it at these numbers; taken off before `distance` is judged. */
  readonly distanceByChance: number;
  /** Production share of slices with too few cases. */
  readonly uncovered: number;
  /** What the set is worth when its cases are weighted to production (Kish). */
  readonly effectiveSize: number;
  /** New slices first, then the largest shortage. */
  readonly slices: readonly SliceCoverage[];
}

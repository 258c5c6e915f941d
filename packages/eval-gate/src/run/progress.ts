import type { Clock } from "@verdigris/contracts";
import type { RecordedLine } from "./recorded-line.ts";

/** How far a run is. */
export interface EvalProgress {
  /** Repeats of cases that are through, those of an earlier run included. */
  readonly done: number;
  readonly total: number;
  /** Of `done`, those taken over from an earlier run. */
  readonly resumed: number;
  /** Of `done`, those without all of their scores. */
  readonly errors: number;
  /** What this call has spent on targets and judges, where every call said so; else null. */
  readonly cost: number | null;
  readonly elapsedMs: number;
  /** Time left at the pace so far; null before the first result of this call. */
  readonly remainingMs: number | null;
  /** What has just ended; null at the start. */
  readonly last: { readonly case: string; readonly repeat: number } | null;
}

/** Counts a run along and tells of it. What a listener throws changes nothing. */
export interface ProgressTeller {
  begin(): void;
  ended(line: RecordedLine): void;
}

export function createProgressTeller(
  onProgress: ((progress: EvalProgress) => void) | undefined,
  clock: Clock,
  { total, resumed, errors: before }: { total: number; resumed: number; errors: number },
): ProgressTeller {
  const startedAt = clock.monotonic();
  let done = resumed;
  let errors = before;
  let cost: number | null = 0;
  const tell = (last: EvalProgress["last"]): void => {
    const elapsedMs = clock.monotonic() - startedAt;
    const mine = done - resumed;
    const remainingMs = mine === 0 ? null : (elapsedMs / mine) * (total - done);
    try {
      onProgress?.({ done, total, resumed, errors, cost, elapsedMs, remainingMs, last });
    } catch {
      // A bar that cannot be drawn is no reason to lose a run.
    }
  };
  return {
    begin: () => tell(null),
    ended: (line) => {
      done += 1;
      if (line.error !== undefined) errors += 1;
      cost = cost === null || line.cost === undefined ? null : cost + line.cost + (line.scoringCost ?? 0);
      tell({ case: line.case, repeat: line.repeat ?? 0 });
    },
  };
}

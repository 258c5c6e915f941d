import type { Clock, RunScope } from "@verdigris/contracts";

/** Judges one answer off the user's path: true or false, or null where it cannot tell. */
export interface LiveScorer {
  readonly name: string;
  readonly score: (output: unknown, scope: RunScope) => boolean | null | Promise<boolean | null>;
}

/** Options of scoring live runs. */
export interface LiveScoring {
  /** Share of runs, 0 to 1, chosen by their id. */
  readonly sample: number;
  /**
   * A run passes when every scorer that can tell says so. One that threw did not pass. One that hung and was swept did not either,
   * where the process that sweeps has scored or let go an answer itself since it began: another one, that only sweeps or has just
   * begun, counts it among expired runs alone. A run whose finish stayed in doubt until its process ended may be told of by both.
   */
  readonly scorers: readonly LiveScorer[];
  /** How many answers are scored a minute at most; the others are counted and let go. @default 60 */
  readonly perMinute?: number;
  /** How many are scored at a time, and how many wait. @default 2 */
  readonly concurrency?: number;
  /** A scorer that has not answered by then cannot tell. @default 30000 */
  readonly timeoutMs?: number;
}

/** What became of the answers that were chosen. */
export interface ScoringCounts {
  readonly scored: number;
  /** Over the budget, or with too many waiting. */
  readonly dropped: number;
  /** No scorer could tell: thrown, late, or null. */
  readonly unscored: number;
}

/** Scores answers in the background. */
export interface LiveScores {
  isSampled(run: string): boolean;
  /** Takes an answer in; returns at once and never throws. */
  take(scope: RunScope, output: unknown, done: (passed: boolean) => void): void;
  /** Takes in that a run gave no answer: within the same budget, or failures would weigh more than answers. */
  fail(done: (passed: false) => void): void;
  /** True once runs gave answers here, or failed to: where none do, one that hangs says nothing about them. */
  hasSeen(): boolean;
  counts(): ScoringCounts;
}

const mostWaiting = 100;
const buckets = 1_000_000;

/** Creates the scoring of one process. */
export function createLiveScores(options: LiveScoring, clock: Clock): LiveScores {
  const { sample, scorers, perMinute = 60, concurrency = 2, timeoutMs = 30_000 } = options;
  const waiting: (() => Promise<void>)[] = [];
  const counts = { scored: 0, dropped: 0, unscored: 0 };
  let running = 0;
  let minuteBegan = Number.NEGATIVE_INFINITY;
  let left = perMinute;

  const hasBudget = (): boolean => {
    const now = clock.monotonic();
    if (now - minuteBegan >= 60_000) [minuteBegan, left] = [now, perMinute];
    return left-- > 0;
  };
  const pump = (): void => {
    while (running < concurrency) {
      const next = waiting.shift();
      if (next === undefined) return;
      running++;
      void next().finally(() => {
        running--;
        pump();
      });
    }
  };
  const isLetGo = (): boolean => {
    const over = !hasBudget() || waiting.length >= mostWaiting;
    if (over) counts.dropped++;
    return over;
  };
  return {
    isSampled: (run) => placeOf(run) < sample * buckets,
    hasSeen: () => counts.scored + counts.dropped + counts.unscored + waiting.length + running > 0,
    fail(done) {
      if (isLetGo()) return;
      counts.scored++;
      done(false);
    },
    take(scope, output, done) {
      if (isLetGo()) return;
      waiting.push(async () => {
        const verdicts = await Promise.all(
          scorers.map((scorer) => ask(scorer, output, scope, clock, timeoutMs)),
        );
        const told = verdicts.filter((verdict) => verdict !== null);
        if (told.length === 0) {
          counts.unscored++;
          return;
        }
        counts.scored++;
        done(told.every(Boolean));
      });
      pump();
    },
    counts: () => ({ ...counts }),
  };
}

/** A scorer's verdict; null when it throws, hangs, or says nothing that is one. */
async function ask(
  { score }: LiveScorer,
  output: unknown,
  scope: RunScope,
  clock: Clock,
  timeoutMs: number,
): Promise<boolean | null> {
  let cancel = (): void => {};
  const late = new Promise<null>((resolve) => {
    cancel = clock.setTimer(() => resolve(null), timeoutMs);
  });
  try {
    const answer: unknown = await Promise.race([(async () => score(output, scope))(), late]);
    return typeof answer === "boolean" ? answer : null;
  } catch {
    return null;
  } finally {
    cancel();
  }
}

/** The same place for the same run in every process (FNV-1a, mixed once more). */
function placeOf(run: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < run.length; i++) hash = Math.imul(hash ^ run.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x21f0aaad);
  hash = Math.imul(hash ^ (hash >>> 15), 0x735a2d97);
  return ((hash ^ (hash >>> 15)) >>> 0) % buckets;
}

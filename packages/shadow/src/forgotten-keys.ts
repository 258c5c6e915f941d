import type { ShadowSettings } from "./shadow-options.ts";

/** Keys that asked to be forgotten, for as long as something of them could still come back. */
export interface ForgottenKeys {
  add(key: string): void;
  has(key: string | null | undefined): boolean;
  /** A user's run that is mirrored began: an erasure marks it, however long it goes on. */
  began(key: string | undefined): OpenMark;
}

/** Whether the key of one open run asked to be forgotten since it began. */
export interface OpenMark {
  readonly erased: boolean;
  ended(): void;
}

/** Runs of one job after it was taken: green, blue again, green again, and the comparators. */
const runsPerJob = 4;

/** None are forgotten yet. */
export function createForgottenKeys<I, O>({ clock, jobMs, maxRunMs }: ShadowSettings<I, O>): ForgottenKeys {
  const until = new Map<string, number>();
  const open = new Map<string, Set<{ erased: boolean }>>();
  return {
    add(key) {
      for (const [other, end] of until) if (end <= clock.now()) until.delete(other);
      until.set(key, clock.now() + jobMs + runsPerJob * maxRunMs);
      for (const mark of open.get(key) ?? []) mark.erased = true;
    },
    began(key) {
      const mark = { erased: false, ended: () => {} };
      if (key === undefined) return mark;
      const marks = open.get(key) ?? new Set();
      open.set(key, marks.add(mark));
      mark.ended = () => {
        if (marks.delete(mark) && marks.size === 0) open.delete(key);
      };
      return mark;
    },
    has: (key) => key != null && (until.get(key) ?? 0) > clock.now(),
  };
}

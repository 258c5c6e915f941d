import type { ShadowSettings } from "./shadow-options.ts";

/** Keys that asked to be forgotten, for as long as something of them could still come back. */
export interface ForgottenKeys {
  add(key: string): void;
  has(key: string | null | undefined): boolean;
}

/** Runs of one job after it was taken: green, blue again, green again, and the comparators. */
const runsPerJob = 4;

/** None are forgotten yet. */
export function createForgottenKeys<I, O>({ clock, jobMs, maxRunMs }: ShadowSettings<I, O>): ForgottenKeys {
  const until = new Map<string, number>();
  return {
    add(key) {
      for (const [other, end] of until) if (end <= clock.now()) until.delete(other);
      until.set(key, clock.now() + jobMs + runsPerJob * maxRunMs);
    },
    has: (key) => key != null && (until.get(key) ?? 0) > clock.now(),
  };
}

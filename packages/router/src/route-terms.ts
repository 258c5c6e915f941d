import type { Audience, Retiring, Route, RoutePolicy, StoreEntry } from "@verdigris/contracts";
import { InvalidArgumentError } from "@verdigris/contracts";

/** What a route starts with unless its first process proposes otherwise: runs pin, for a day at most. */
export const defaultPolicy: RoutePolicy = Object.freeze({
  strategy: "pin",
  maxAgeMs: 24 * 3_600_000,
  maxStepMs: 15 * 60_000,
  placementMs: 5 * 60_000,
  onRollback: "finish",
});

/** Clock error and pauses that deadlines in store time must absorb before anything counts as past them. */
export const timeMarginMs = 2_000;

/** Bundles that may retire at once before no further one is staged: a rollback must always find room in the record. */
export const mostRetiring = 100;

const longestMs = 400 * 24 * 3_600_000;

/** The bound of a policy that nobody knows any more. */
export const longestBoundMs: number = 2 * longestMs;

/** Fills a partial policy from `base` and checks every field; throws `invalid-argument` naming the first bad one. */
export function completePolicy(base: RoutePolicy, patch: Partial<RoutePolicy> = {}): RoutePolicy {
  const stray = Object.keys(patch).find((name) => !(name in defaultPolicy));
  if (stray !== undefined)
    throw new InvalidArgumentError(`policy.${stray}`, "is no part of a policy: see RoutePolicy");
  const policy = { ...base, ...patch };
  for (const name of ["maxAgeMs", "maxStepMs", "placementMs"] as const) {
    const value = policy[name];
    if (!Number.isSafeInteger(value) || value <= 0 || value > longestMs) {
      throw new InvalidArgumentError(
        `policy.${name}`,
        `must be whole milliseconds, 1 to ${longestMs} (400 days), got ${value}`,
      );
    }
  }
  if (policy.strategy !== "drain" && policy.strategy !== "pin") {
    throw new InvalidArgumentError("policy.strategy", 'must be "drain" or "pin"');
  }
  if (!["finish", "migrate", "cancel"].includes(policy.onRollback)) {
    throw new InvalidArgumentError("policy.onRollback", 'must be "finish", "migrate" or "cancel"');
  }
  return policy;
}

/** Checks a percentage: 0 to 100 in steps of 0.01. */
export function requirePercent(argument: string, percent: number): number {
  const hundredths = percent * 100;
  if (
    typeof percent !== "number" ||
    !(percent >= 0 && percent <= 100) ||
    Math.abs(hundredths - Math.round(hundredths)) > 1e-9
  ) {
    throw new InvalidArgumentError(argument, `must be 0 to 100 in steps of 0.01, got ${percent}`);
  }
  return Math.round(hundredths) / 100;
}

/** An audit entry repeats the canary twice and must fit into one value, or a hold could not be written. */
const audienceBytes = 8_000;

/** Checks the shape of an audience; throws `invalid-argument` naming the bad part. */
export function requireAudience(argument: string, audience: Audience): Audience {
  if (typeof audience !== "object" || audience === null) {
    throw new InvalidArgumentError(argument, "must be { keys, labels }");
  }
  const lists = [["keys", audience.keys ?? []], ...Object.entries(audience.labels ?? {})] as const;
  for (const [name, values] of lists) {
    if (!Array.isArray(values) || values.some((value) => typeof value !== "string")) {
      throw new InvalidArgumentError(`${argument}.${name}`, "must be a list of strings");
    }
  }
  const bytes = new TextEncoder().encode(JSON.stringify(audience)).length;
  if (bytes > audienceBytes) {
    throw new InvalidArgumentError(
      argument,
      `takes ${bytes} bytes of JSON and ${audienceBytes} are allowed: aim at a label that these runs share`,
    );
  }
  return audience;
}

/** Longest time from acceptance to the end of the last step under a policy. */
export function boundMsOf(policy: RoutePolicy): number {
  return policy.maxAgeMs + policy.maxStepMs;
}

/**
 * Corrects the times a move could only estimate. A move stamps `since` before its commit; a process that was paused in
 * between would stamp it too early, and a deadline proof built on it would be false. The entry's own store time is exact
 * for everything stamped in its generation, and every later move starts from this corrected form.
 */
export function correctTimes(route: Route, entry: Pick<StoreEntry, "at">): Route {
  const late = (item: { generation: number; since: number }): boolean =>
    item.generation === route.generation && item.since < entry.at;
  const horizonLate =
    route.horizon !== null && route.horizon.generation === route.generation && route.horizon.at < entry.at;
  if (!route.retiring.some(late) && !horizonLate) return route;
  return {
    ...route,
    retiring: route.retiring.map((item) => (late(item) ? { ...item, since: entry.at } : item)),
    horizon: horizonLate && route.horizon !== null ? { ...route.horizon, at: entry.at } : route.horizon,
  };
}

/**
 * Store time after which no pin of a retiring bundle can count and no step of it can run, whatever any process
 * believes: the second of the two proofs that a bundle is drained.
 */
export function drainedBy(route: Route, item: Retiring): number {
  const horizon = route.horizon === null ? 0 : route.horizon.at + route.horizon.boundMs;
  return Math.max(item.since + item.boundMs, horizon) + timeMarginMs;
}

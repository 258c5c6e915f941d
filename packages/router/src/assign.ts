import type { Assignment, Audience, Labels, Route } from "@verdigris/contracts";
import { bucketOf, bucketsFor, seedOf } from "./bucket.ts";

interface Split {
  readonly seed: number;
  readonly buckets: number;
  readonly answer: Assignment;
}

interface AimedSplit extends Split {
  readonly includes: (key: string, labels: Labels | undefined) => boolean;
  readonly excludes: (key: string, labels: Labels | undefined) => boolean;
  readonly included: Assignment;
}

/** Answers where a new run goes, from one frozen route. Pure, synchronous, allocates nothing for ASCII keys. */
export type Assign = (key: string, labels?: Labels) => Assignment;

interface LabelRule {
  readonly name: string;
  readonly values: ReadonlySet<string>;
}

const nobody = (): boolean => false;

/** A loop, because a closure per decision would be the only thing a decision allocates. */
function matches(rules: readonly LabelRule[], labels: Labels): boolean {
  for (const { name, values } of rules) {
    if (Object.hasOwn(labels, name) && values.has(labels[name] ?? "")) return true;
  }
  return false;
}

function matcher(audience: Audience): AimedSplit["includes"] {
  const keys = new Set(audience.keys ?? []);
  const rules = Object.entries(audience.labels ?? {}).map(
    ([name, values]): LabelRule => ({ name, values: new Set(values) }),
  );
  if (keys.size === 0 && rules.length === 0) return nobody;
  return (key, labels) => keys.has(key) || (labels !== undefined && matches(rules, labels));
}

function prepareCanary(route: Route): AimedSplit | null {
  const { candidate, canary, generation } = route;
  if (candidate === null || canary === null) return null;
  const base = { bundle: candidate, role: "candidate", class: "canary", generation } as const;
  return {
    seed: seedOf(canary.salt),
    buckets: bucketsFor(canary.percent),
    includes: matcher(canary.include),
    excludes: matcher(canary.exclude),
    answer: Object.freeze({ ...base, reason: "canary-share" }),
    included: Object.freeze({ ...base, reason: "canary-include" }),
  };
}

function prepareHoldback(route: Route): Split | null {
  const { live, stable, holdback, generation } = route;
  if (holdback === null || live === stable) return null;
  return {
    seed: seedOf(holdback.salt),
    buckets: bucketsFor(holdback.percent),
    answer: Object.freeze({ bundle: stable, role: "stable", class: "live", reason: "holdback", generation }),
  };
}

/**
 * Compiles a route into its decision function. The order is fixed: `include` of the canary (unless `exclude` names the
 * run), then the holdback, then the canary's share, then live. Raising a percentage only adds keys.
 */
export function compileAssign(route: Route): Assign {
  const live: Assignment = Object.freeze({
    bundle: route.live,
    role: "live",
    class: "live",
    reason: "live",
    generation: route.generation,
  });
  const canary = prepareCanary(route);
  const holdback = prepareHoldback(route);
  return (key, labels) => {
    const excluded = canary?.excludes(key, labels);
    if (canary !== null && !excluded && canary.includes(key, labels)) return canary.included;
    if (holdback !== null && bucketOf(key, holdback.seed) < holdback.buckets) return holdback.answer;
    if (canary !== null && !excluded && bucketOf(key, canary.seed) < canary.buckets) return canary.answer;
    return live;
  };
}

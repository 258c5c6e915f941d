import {
  type Assignment,
  type BundleId,
  InvalidArgumentError,
  type Labels,
  type Router,
  type RouteSnapshot,
  type RoutingDecision,
  requireId,
  type TrafficClass,
  VerdigrisError,
} from "@verdigris/contracts";
import type { ParentFacts } from "./parent.ts";
import type { StartOptions } from "./run-types.ts";

/** What a run is started on, and under which name it is counted. */
export interface Choice {
  readonly bundle: BundleId;
  readonly class: TrafficClass;
  /** True when the caller named the bundle: such starts go on record. */
  readonly named: boolean;
  /** The class the route gave; null where it was not asked. */
  readonly assigned: "live" | "canary" | null;
  readonly routing: RoutingDecision;
}

/** Throws unless new runs may be put on `bundle` by name: `bundle-not-on-route` or `bundle-sealed`. */
export function placeable({ route }: RouteSnapshot, bundle: BundleId): void {
  if (route.sealed.includes(bundle)) {
    throw new VerdigrisError("bundle-sealed", `${bundle} is being recycled: it takes no more runs`, {
      bundle,
    });
  }
  if (![route.live, route.stable, route.candidate].includes(bundle)) {
    const retiring = route.retiring.some((item) => item.bundle === bundle);
    const why = retiring ? "it is retiring and takes children only" : "stage it first";
    throw new VerdigrisError("bundle-not-on-route", `${bundle} takes no runs by name: ${why}`, {
      bundle,
      retiring,
    });
  }
}

/** A child goes where its parent is, retiring or not; only a sealed or forgotten bundle cannot take it. */
export function inheritable(snapshot: RouteSnapshot, bundle: BundleId): void {
  const { route } = snapshot;
  if (route.retiring.some((item) => item.bundle === bundle) && !route.sealed.includes(bundle)) return;
  placeable(snapshot, bundle);
}

/**
 * Decides from the route in hand, and once more from a fresh one before a refusal counts: the hand may be behind a
 * bundle that other processes already use.
 */
export async function decideOn<T>(
  router: Router,
  decide: (snapshot: RouteSnapshot) => T,
): Promise<{ readonly snapshot: RouteSnapshot; readonly value: T }> {
  const known = router.snapshot() ?? (await router.refresh());
  if (known === null) {
    const { agent } = router;
    throw new VerdigrisError("no-route", `${agent} has no route yet: open it with its first bundle`, {
      agent,
    });
  }
  try {
    return { snapshot: known, value: decide(known) };
  } catch (error) {
    const fresh = await router.refresh();
    if (fresh === null || fresh.rev === known.rev) throw error;
    return { snapshot: fresh, value: decide(fresh) };
  }
}

/**
 * Decides the bundle of a new run from one snapshot: named, inherited, or assigned. `outside` is the class of a parent
 * on another agent: what begins outside production stays outside.
 */
export function chooseBundle(
  snapshot: RouteSnapshot,
  options: StartOptions<never>,
  inherited: { readonly bundle: BundleId; readonly class: TrafficClass } | null,
  outside: TrafficClass | undefined,
  assign: () => Assignment,
): Choice {
  const { generation } = snapshot.route;
  if (options.bundle !== undefined) {
    placeable(snapshot, options.bundle);
    return {
      bundle: options.bundle,
      class: options.class ?? "preview",
      named: true,
      assigned: null,
      routing: { reason: "named", generation },
    };
  }
  if (inherited !== null) {
    inheritable(snapshot, inherited.bundle);
    return {
      bundle: inherited.bundle,
      class: options.class ?? inherited.class,
      named: false,
      assigned: null,
      routing: { reason: "inherited", generation },
    };
  }
  const assigned = assign();
  const byParent = outside === undefined || isProduction(outside) ? assigned.class : outside;
  return {
    bundle: assigned.bundle,
    class: options.class ?? byParent,
    named: false,
    assigned: assigned.class,
    routing: { reason: assigned.reason, generation: assigned.generation },
  };
}

function checkLabels(labels: Labels): void {
  const entries = Object.entries(labels);
  const bad = entries.find(
    ([name, value]) => typeof value !== "string" || name.length > 128 || value.length > 256,
  );
  if (bad !== undefined)
    throw new InvalidArgumentError(`labels.${bad[0].slice(0, 40)}`, "must be text of at most 256 characters");
  if (entries.length > 16)
    throw new InvalidArgumentError("labels", `may hold 16 entries, got ${entries.length}`);
}

const outsideProduction: readonly string[] = ["preview", "shadow", "smoke", "eval", "drill"];

/** True for the two classes that only the route gives. */
export function isProduction(of: TrafficClass): boolean {
  return !outsideProduction.includes(of);
}

/** Checks the options of a start; throws `invalid-argument` naming the bad one. */
export function checkStart(options: StartOptions<never>): void {
  if (options.id !== undefined) requireId("id", options.id);
  if (options.id?.startsWith("root:") === true)
    throw new InvalidArgumentError("id", 'must not begin with "root:", which is reserved');
  if (options.bundle !== undefined) requireId("bundle", options.bundle);
  const { key, maxAgeMs, parent } = options;
  if (parent !== undefined && typeof parent !== "string" && typeof parent?.step !== "function") {
    throw new InvalidArgumentError("parent", "must be a run or its token");
  }
  if (key !== undefined && (typeof key !== "string" || key === "" || key.length > 1_024)) {
    throw new InvalidArgumentError("key", "must be text of 1 to 1,024 characters");
  }
  if (options.class !== undefined && !outsideProduction.includes(options.class)) {
    throw new InvalidArgumentError(
      "class",
      `must be one of ${outsideProduction.join(", ")}: live and canary are the route's to give`,
    );
  }
  if (maxAgeMs !== undefined && !(Number.isFinite(maxAgeMs) && maxAgeMs > 0)) {
    throw new InvalidArgumentError("maxAgeMs", `must be more than 0, got ${maxAgeMs}`);
  }
  if (options.labels !== undefined) checkLabels(options.labels);
}

/** The facts a child takes over from its parent when it does not say otherwise. */
export function inheritedKey(options: StartOptions<never>, parent: ParentFacts | null, run: string): string {
  return options.key ?? parent?.key ?? run;
}

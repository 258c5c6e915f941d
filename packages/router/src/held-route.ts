import { type Route, type RouterEvents, type RouteSnapshot, VerdigrisError } from "@verdigris/contracts";
import type { EventHub } from "./event-hub.ts";
import { type AppliedRoute, compareRoutes } from "./route-snapshot.ts";

/** The route in force in this process: it only ever goes forward. */
export interface HeldRoute {
  current(): AppliedRoute | null;
  /** What the store was found to say, from a read that proves it went backwards until one that is ahead again; else null. */
  regress(): string | null;
  /**
   * Takes a route over when it is newer. `basis` is what was in force when its read was sent: only a read sent after the
   * current route was in force can prove that the store went backwards (`store-regressed`); any other was merely slow.
   */
  apply(found: AppliedRoute | null, basis: AppliedRoute | null): void;
}

/** Creates the holder of an agent's route; reports a store that went backwards once per state it was found in. */
export function createHeldRoute(agent: string, events: EventHub<RouterEvents>): HeldRoute {
  let applied: AppliedRoute | null = null;
  let reported: string | null = null;

  const regressed = (known: RouteSnapshot, found: Route | null): VerdigrisError => {
    const seen = found === null ? "no route" : `${found.incarnation}, generation ${found.generation}`;
    if (reported !== seen) events.emit("store-regressed", { known, found });
    reported = seen;
    return new VerdigrisError(
      "store-regressed",
      `the store of ${agent} went backwards: this process knows ${known.route.incarnation}, generation ${known.route.generation}, the store answers ${seen}; nothing starts here until an operator decides which is right (reanchor)`,
      { agent, known: known.route.generation, found: found?.generation ?? null },
    );
  };

  return {
    current: () => applied,
    regress: () => reported,
    apply(found, basis) {
      const order = compareRoutes(applied, found);
      if (order === "newer" && found !== null) {
        const known = applied;
        applied = found;
        reported = null;
        events.emit("route", found);
        if (known !== null && known.route.incarnation !== found.route.incarnation)
          events.emit("reanchored", { known, route: found });
      } else if (order === "same" && basis === applied) {
        reported = null;
      } else if (order === "stale" && applied !== null && basis === applied) {
        throw regressed(applied, found?.route ?? null);
      }
    },
  };
}

import type { Audience, Route, RouteMove } from "@verdigris/contracts";

const nobody: Audience = {};

/** Label names are free text: "constructor" must not find what every object inherits. */
function valuesOf(audience: Audience, name: string): readonly string[] | undefined {
  const { labels } = audience;
  return labels !== undefined && Object.hasOwn(labels, name) ? labels[name] : undefined;
}

function within(smaller: Audience, larger: Audience): boolean {
  const covered = (values: readonly string[] = [], by: readonly string[] = []): boolean =>
    values.every((v) => by.includes(v));
  const names = Object.keys(smaller.labels ?? {});
  return (
    covered(smaller.keys, larger.keys) &&
    names.every((name) => covered(valuesOf(smaller, name), valuesOf(larger, name)))
  );
}

function lowersCanary(route: Route, move: RouteMove & { verb: "setCanary" }): boolean {
  const { canary } = route;
  if (canary === null) return move.percent === 0 && within(move.include ?? nobody, nobody);
  return (
    move.percent <= canary.percent &&
    within(move.include ?? canary.include, canary.include) &&
    within(canary.exclude, move.exclude ?? canary.exclude)
  );
}

/**
 * True for a move that exposes more runs to something unproven or takes a way back away. Forward moves need `expect`
 * and are refused by a hold; all others are always open.
 */
export function isForward(route: Route | null, move: RouteMove): boolean {
  switch (move.verb) {
    case "rollback":
    case "drop":
    case "unseal":
    case "hold":
      return false;
    case "flip":
      return route === null || route.live === route.stable || move.bundle !== route.stable;
    case "setCanary":
      return route === null || !lowersCanary(route, move);
    case "open":
    case "stage":
    case "settle":
    case "seal":
    case "recycle":
    case "release":
    case "reanchor":
    case "raiseFormat":
      return true;
  }
}

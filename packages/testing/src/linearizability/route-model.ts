import type { BundleId } from "@verdigris/contracts";
import type { SequentialModel } from "./history.ts";

/** What a sequential route remembers of a history of flips, rollbacks, starts and reads. */
export interface RouteState {
  readonly generation: number;
  readonly live: BundleId;
  readonly stable: BundleId;
}

/** What is asked of a route. Flips are asked for with `supersede`. */
export type RouteInput =
  | { readonly ask: "flip"; readonly to: BundleId; readonly expect: number }
  | { readonly ask: "rollback" }
  | { readonly ask: "start" }
  | { readonly ask: "read" };

/** What it answers: a move's outcome with the generation it made or found, or the bundle that a start or read was given. */
export interface RouteAnswer {
  readonly outcome: "moved" | "unchanged" | "conflict" | "started" | "read" | "nothing";
  readonly generation?: number;
  readonly bundle?: BundleId;
}

function moveTo(state: RouteState, to: BundleId): RouteState {
  return { generation: state.generation + 1, live: to, stable: state.stable };
}

function answers(output: RouteAnswer | null, outcome: RouteAnswer["outcome"], generation: number): boolean {
  if (output === null) return true;
  return output.outcome === outcome && (output.generation === undefined || output.generation === generation);
}

function flip(
  state: RouteState,
  to: BundleId,
  expect: number,
  output: RouteAnswer | null,
): RouteState | null {
  if (expect !== state.generation) {
    // A conflict carries the route as it is by then, which may be later than the one that refused: its number is not compared.
    return output === null || output.outcome === "conflict" ? state : null;
  }
  if (to === state.live) return answers(output, "unchanged", state.generation) ? state : null;
  const next = moveTo(state, to);
  return answers(output, "moved", next.generation) ? next : null;
}

function rollback(state: RouteState, output: RouteAnswer | null): RouteState | null {
  if (state.live === state.stable) return answers(output, "unchanged", state.generation) ? state : null;
  const next = moveTo(state, state.stable);
  return answers(output, "moved", next.generation) ? next : null;
}

/** A look at the route: what it says must be what is. */
function look(state: RouteState, output: RouteAnswer | null): RouteState | null {
  if (output === null || output.outcome === "nothing") return state;
  const sameGeneration = output.generation === undefined || output.generation === state.generation;
  return sameGeneration && output.bundle === state.live ? state : null;
}

/** The promises I3, I4 and I11 as a sequential object: one order of moves, and every start on the bundle live at its moment. */
export function createRouteModel(initial: RouteState): SequentialModel<RouteState, RouteInput, RouteAnswer> {
  return {
    initial,
    step(state, input, output) {
      // Refused without effect, as when the store was away: it tells nothing.
      if (output?.outcome === "nothing") return state;
      switch (input.ask) {
        case "flip":
          return flip(state, input.to, input.expect, output);
        case "rollback":
          return rollback(state, output);
        case "start":
        case "read":
          return look(state, output);
      }
    },
    key: ({ generation, live, stable }) => `${generation}/${live}/${stable}`,
  };
}

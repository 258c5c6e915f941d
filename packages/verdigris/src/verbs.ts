import { recordVersion, requireId } from "@verdigris/contracts";
import type { Move } from "./move.ts";
import type { Verdigris } from "./verdigris.ts";

type Verbs = Pick<
  Verdigris,
  | "stage"
  | "setCanary"
  | "flip"
  | "settle"
  | "rollback"
  | "drop"
  | "hold"
  | "release"
  | "raiseFormat"
  | "reanchor"
>;

/** The verbs of a route as users call them. `moves` readies the process first; `afterLoss` cannot. */
export function createVerbs(moves: () => Promise<Move>, afterLoss: () => Promise<Move>): Verbs {
  return {
    stage: async ({ bundle, supersede = false, policy, ...facts }) =>
      (await moves())(
        { verb: "stage", bundle, supersede, ...(policy === undefined ? {} : { policy }) },
        facts,
      ),
    setCanary: async ({ percent, include, exclude, ...facts }) => {
      const aim = {
        ...(include === undefined ? {} : { include }),
        ...(exclude === undefined ? {} : { exclude }),
      };
      return (await moves())({ verb: "setCanary", percent, ...aim }, facts);
    },
    flip: async ({ to, supersede = false, holdbackPercent = 0, policy, ...facts }) => {
      requireId("to", to);
      const terms = { supersede, holdbackPercent, ...(policy === undefined ? {} : { policy }) };
      return (await moves())({ verb: "flip", bundle: to, ...terms }, facts);
    },
    settle: async (facts) => (await moves())({ verb: "settle" }, facts),
    rollback: async (facts) => (await moves())({ verb: "rollback" }, facts),
    drop: async (facts) => (await moves())({ verb: "drop" }, facts),
    hold: async (facts) => (await moves())({ verb: "hold", why: facts.reason }, facts),
    release: async (facts) => (await moves())({ verb: "release" }, facts),
    raiseFormat: async ({ to = recordVersion, force = false, ...facts }) =>
      (await moves())({ verb: "raiseFormat", to, force }, facts),
    reanchor: async ({ live, stable = live, policy, ...facts }) => {
      requireId("live", live);
      const terms = { bundle: live, stable, ...(policy === undefined ? {} : { policy }) };
      return (await afterLoss())({ verb: "reanchor", incarnation: crypto.randomUUID(), ...terms }, facts);
    },
  };
}

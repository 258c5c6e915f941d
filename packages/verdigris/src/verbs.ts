import { requireId } from "@verdigris/contracts";
import type { Move } from "./move.ts";
import type { Verdigris } from "./verdigris.ts";

type Verbs = Pick<
  Verdigris,
  "stage" | "setCanary" | "flip" | "settle" | "rollback" | "drop" | "hold" | "release"
>;

/** The verbs of a route as users call them. `moves` readies the process first. */
export function createVerbs(moves: () => Promise<Move>): Verbs {
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
  };
}

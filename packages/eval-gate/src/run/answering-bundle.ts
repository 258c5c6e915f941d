import type { Bundle } from "@verdigris/contracts";
import type { AnsweringBundle } from "../results/results.ts";

/** How results name a bundle: id, digest and the snapshots of its models, so that a judge that judges itself is noticed. */
export function answeringBundle({ id, digest, models }: Bundle): AnsweringBundle {
  return { id, digest, models: Object.values(models).map(({ snapshot, name }) => snapshot ?? name) };
}

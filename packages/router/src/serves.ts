import type { BundleId, BundleManifest, NodeView, ServesClaim } from "@verdigris/contracts";

/** Whether a claim covers a bundle; null when the process never said. */
function serves(
  claim: ServesClaim,
  bundle: BundleId,
  code: BundleManifest["code"] | undefined,
): boolean | null {
  switch (claim.kind) {
    case "any":
      return true;
    case "code":
      if (code === undefined) return null;
      return claim.build === undefined ? claim.commit === code.commit : claim.build === code.build;
    case "listed":
      if (claim.yes.includes(bundle)) return true;
      return claim.no.includes(bundle) ? false : null;
    default:
      return null;
  }
}

/** Served by a process that lives, by none of them, or nobody can say. */
export type Serving = "served" | "not-served" | "unverified";

/** What the nodes say together: `served` by one that lives, `not-served` by all that do, or `unverified`. */
export function servedBy(
  nodes: readonly NodeView[],
  bundle: BundleId,
  code: BundleManifest["code"] | undefined,
): Serving {
  const living = nodes.filter(({ expired }) => !expired);
  const answers = living.map((node) => (node.readable ? serves(node.serves, bundle, code) : null));
  if (answers.includes(true)) return "served";
  return answers.length === 0 || answers.includes(null) ? "unverified" : "not-served";
}

import type { Verdict } from "@verdigris/contracts";
import type { GateEvidence, GateReason, LookRecord } from "../evidence/evidence.ts";
import { isSealed } from "../evidence/seal.ts";
import type { GatePolicy } from "../policy/policy.ts";
import type { EvalResults } from "../results/results.ts";
import { reason } from "./remarks.ts";

/** Both looks spend the same part of α, planned or not yet taken (Bonferroni): running again until it passes is no plan. */
export function alphaOf({ alpha, looks }: GatePolicy): number {
  return alpha / looks;
}

/** Why this may not be the second look; none when it is the first, or a planned second one. */
export function checkLook(
  previous: GateEvidence | undefined,
  policy: GatePolicy,
  baseline: EvalResults | null,
  candidate: EvalResults,
): readonly GateReason[] {
  if (previous === undefined) return [];
  const refuse = (why: string): readonly GateReason[] => [
    reason("look-refused", `this is no planned second look: ${why}`),
  ];
  if (!isSealed(previous))
    return refuse("the digest of the first look's evidence does not match its content");
  if (policy.looks !== 2) return refuse("the policy plans one look");
  if (previous.looks.length !== 1) return refuse("both looks were taken");
  if (previous.policy.digest !== policy.digest) return refuse("the first was taken under another policy");
  if (previous.candidate.bundle.digest !== candidate.header.bundle.digest) {
    return refuse("the first judged another candidate");
  }
  if ((previous.baseline?.bundle.digest ?? null) !== (baseline?.header.bundle.digest ?? null)) {
    return refuse("the first compared with another baseline");
  }
  if (previous.verdict !== "inconclusive") return refuse(`the first said ${previous.verdict}, which stands`);
  if (previous.candidate.results === candidate.digest) return refuse("nothing was added since the first");
  return [];
}

/** The looks so far, this one last. */
export function recordLook(
  previous: GateEvidence | undefined,
  look: Omit<LookRecord, "look" | "verdict"> & { readonly verdict: Verdict },
): readonly LookRecord[] {
  const before = previous?.looks.slice(0, 1) ?? [];
  return [...before, { look: before.length === 0 ? 1 : 2, ...look }];
}

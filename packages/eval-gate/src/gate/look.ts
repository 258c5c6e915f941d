import type { Verdict } from "@verdigris/contracts";
import type { EvalSet } from "../eval-set/eval-set.ts";
import type { GateEvidence, GateReason, LookRecord } from "../evidence/evidence.ts";
import { isSealed } from "../evidence/seal.ts";
import type { GatePolicy } from "../policy/policy.ts";
import type { CaseResult, EvalResults } from "../results/results.ts";
import type { FirstLook } from "./gate-options.ts";
import { countCases, reason } from "./remarks.ts";

/** Both looks spend the same part of α, planned or not yet taken (Bonferroni): running again until it passes is no plan. */
export function alphaOf({ alpha, looks }: GatePolicy): number {
  return alpha / looks;
}

/** What wants to be the second look. */
export interface SecondLook {
  readonly previous: FirstLook | undefined;
  readonly set: EvalSet;
  readonly policy: GatePolicy;
  readonly baseline: EvalResults | null;
  readonly candidate: EvalResults;
}

/**
 * Why this may not be the second look; none when it is the first, or a planned second one that adds to the first and
 * changes nothing of it: results that could be replaced between two looks are as many looks as one likes.
 */
export function checkLook(look: SecondLook): readonly GateReason[] {
  const { previous } = look;
  if (previous === undefined) return [];
  const why = whyUnplanned(previous, look);
  if (why !== null) return [refused(why)];
  const arms = [
    ["candidate", previous.candidate, look.candidate],
    ["baseline", previous.baseline, look.baseline],
  ] as const;
  return arms.flatMap(([arm, first, second]) =>
    first === null || second === null ? [] : changedSince(arm, { first, second, set: look.set }),
  );
}

function refused(why: string, cases: readonly string[] = []): GateReason {
  return reason(
    "look-refused",
    `this is no planned second look: ${why}`,
    cases.length === 0 ? {} : { cases },
  );
}

function whyUnplanned(previous: FirstLook, { set, policy, baseline, candidate }: SecondLook): string | null {
  const { evidence } = previous;
  if (!isSealed(evidence)) return "the digest of the first look's evidence does not match its content";
  if (policy.looks !== 2) return "the policy plans one look";
  if (evidence.looks.length !== 1) return "both looks were taken";
  if (evidence.policy.digest !== policy.digest) return "the first was taken under another policy";
  if (evidence.candidate.bundle.digest !== candidate.header.bundle.digest) {
    return "the first judged another candidate";
  }
  if ((evidence.baseline?.bundle.digest ?? null) !== (baseline?.header.bundle.digest ?? null)) {
    return "the first compared with another baseline";
  }
  if (evidence.verdict !== "inconclusive") return `the first said ${evidence.verdict}, which stands`;
  const given = [previous.candidate.digest, previous.baseline?.digest ?? null];
  if (given[0] !== evidence.candidate.results || given[1] !== (evidence.baseline?.results ?? null)) {
    return "the results given as those of the first look are not the ones it judged";
  }
  if (evidence.candidate.results === candidate.digest) return "nothing was added since the first";
  if (set.cases.length < evidence.set.cases) return "cases were taken from the set since the first";
  return null;
}

/** What the first look had seen and the second shows otherwise, or not at all. */
function changedSince(
  arm: "candidate" | "baseline",
  looks: { readonly first: EvalResults; readonly second: EvalResults; readonly set: EvalSet },
): readonly GateReason[] {
  const { first, second, set } = looks;
  const asked = new Map(set.cases.map(({ id, digest }) => [id, digest]));
  const sameSet = first.header.set.digest === set.digest;
  const [otherCases, otherAnswers]: [string[], string[]] = [[], []];
  for (const [id, before] of first.cases) {
    const digest = before.digest ?? (sameSet ? asked.get(id) : undefined);
    if (digest === undefined || asked.get(id) !== digest) otherCases.push(id);
    else if (!isKept(before, second.cases.get(id))) otherAnswers.push(id);
  }
  const found: GateReason[] = [];
  if (otherCases.length > 0) {
    const text = `the set may only grow, and ${countCases(otherCases)} of the first look changed, are gone or came without a digest`;
    found.push(refused(text, otherCases));
  }
  if (otherAnswers.length > 0) {
    const text = `results may only be added, and those of the ${arm} on ${countCases(otherAnswers)} are not what they were`;
    found.push(refused(text, otherAnswers));
  }
  return found;
}

/** Every repeat with a score is still there with that score; a score that was missing may have been measured since. */
function isKept(before: CaseResult, now: CaseResult | undefined): boolean {
  const repeats = new Map(now?.repeats.map((found) => [found.repeat, found.scores]));
  return before.repeats.every(({ repeat, scores }) => {
    const found = repeats.get(repeat);
    return Object.entries(scores).every(([metric, score]) => score === null || found?.[metric] === score);
  });
}

/** The looks so far, this one last. */
export function recordLook(
  previous: GateEvidence | undefined,
  look: Omit<LookRecord, "look" | "verdict"> & { readonly verdict: Verdict },
): readonly LookRecord[] {
  const before = previous?.looks.slice(0, 1) ?? [];
  return [...before, { look: before.length === 0 ? 1 : 2, ...look }];
}

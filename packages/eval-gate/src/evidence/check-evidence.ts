import { type Digest, InvalidArgumentError, isPlainObject, VerdigrisError } from "@verdigris/contracts";
import { isDigest } from "../checks.ts";
import type { GateEvidence } from "./evidence.ts";
import { isSealed } from "./seal.ts";

/** What evidence made elsewhere must be about. */
export interface EvidenceDemand {
  /** Digest of the bundle that wants to go forward. */
  readonly candidate: Digest;
  /** Digest of the live bundle; null for the first. */
  readonly baseline: Digest | null;
  readonly set: Digest;
  readonly policy: Digest;
  /** Milliseconds; counted from when the gate ran. */
  readonly maxAgeMs: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Whether evidence is accepted; its verdict is another matter. */
export type EvidenceCheck =
  | { readonly accepted: true; readonly evidence: GateEvidence }
  /** What does not match: `candidate`, `baseline`, `set`, `policy`, `age`. */
  | {
      readonly accepted: false;
      readonly evidence: GateEvidence;
      readonly mismatches: readonly ("candidate" | "baseline" | "set" | "policy" | "age")[];
    };

/**
 * Accepts evidence that was made elsewhere, in CI for instance, when both bundles, the set and the policy are the ones
 * demanded and it is no older than `maxAgeMs`, nor from the future. The record is digested again; who made it is not known.
 *
 * Throws `evidence-invalid` for what is no evidence or was changed, `record-too-new` for a later format.
 */
export function checkEvidence(value: unknown, demand: EvidenceDemand): EvidenceCheck {
  if (!(demand.maxAgeMs > 0)) throw new InvalidArgumentError("maxAgeMs", "must be above 0");
  const evidence = requireEvidence(value);
  const age = demand.now - evidence.at;
  const facts = {
    candidate: evidence.candidate.bundle.digest === demand.candidate,
    baseline: (evidence.baseline?.bundle.digest ?? null) === demand.baseline,
    set: evidence.set.digest === demand.set,
    policy: evidence.policy.digest === demand.policy,
    age: age >= 0 && age <= demand.maxAgeMs,
  };
  const names = ["candidate", "baseline", "set", "policy", "age"] as const;
  const mismatches = names.filter((name) => !facts[name]);
  return mismatches.length === 0 ? { accepted: true, evidence } : { accepted: false, evidence, mismatches };
}

function requireEvidence(value: unknown): GateEvidence {
  const is = isPlainObject(value) && value.kind === "gate-evidence";
  if (is && typeof value.v === "number" && value.v > 1) {
    throw new VerdigrisError(
      "record-too-new",
      `the evidence has format ${value.v} and this release reads 1: upgrade it`,
      {
        found: value.v,
        supported: 1,
      },
    );
  }
  const record = value as unknown as GateEvidence;
  if (is && isSealed(record) && isWhole(record)) return record;
  throw new VerdigrisError(
    "evidence-invalid",
    "the evidence is none, or its digest does not match its content: take the record the gate wrote",
    {},
  );
}

/** A digest alone can be made by anybody: what is read from here on must be there. */
function isWhole({ verdict, at, candidate, baseline, set, policy, looks }: GateEvidence): boolean {
  const verdicts = ["pass", "fail", "inconclusive", "incomparable", "error"];
  return (
    verdicts.includes(verdict) &&
    typeof at === "number" &&
    isDigest(candidate?.bundle?.digest) &&
    (baseline === null || isDigest(baseline?.bundle?.digest)) &&
    isDigest(set?.digest) &&
    isDigest(policy?.digest) &&
    Array.isArray(looks)
  );
}

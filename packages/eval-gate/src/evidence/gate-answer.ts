import { type GateAnswer, VerdigrisError } from "@verdigris/contracts";
import type { GateEvidence } from "./evidence.ts";
import { isSealed } from "./seal.ts";

/**
 * What a release takes of a gate: the verdict, its one line, and the digest of the evidence it stands on.
 *
 * Throws `evidence-invalid` for a record whose digest does not match its content. Whether evidence made elsewhere is about
 * these bundles is asked of `checkEvidence`.
 */
export function gateAnswer(evidence: GateEvidence): GateAnswer {
  if (!isSealed(evidence)) {
    throw new VerdigrisError(
      "evidence-invalid",
      "the evidence was changed after the gate wrote it: take the record the gate wrote",
      {},
    );
  }
  return Object.freeze({ verdict: evidence.verdict, summary: evidence.summary, evidence: evidence.digest });
}

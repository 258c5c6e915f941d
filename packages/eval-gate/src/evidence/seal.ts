import { isPlainObject } from "@verdigris/contracts";
import { digestOfJson } from "../digest.ts";
import type { GateEvidence } from "./evidence.ts";

/** Adds the digest over everything else and freezes the record. */
export function sealEvidence(evidence: Omit<GateEvidence, "digest">): GateEvidence {
  return deepFreeze({ ...evidence, digest: digestOfJson(evidence) });
}

/** True when the digest of `evidence` is the one of its content. */
export function isSealed(evidence: GateEvidence): boolean {
  const { digest, ...content } = evidence;
  try {
    return digestOfJson(content) === digest;
  } catch {
    return false;
  }
}

function deepFreeze<T>(value: T): T {
  if (!isPlainObject(value) && !Array.isArray(value)) return value;
  if (Object.isFrozen(value)) return value;
  for (const member of Object.values(value)) deepFreeze(member);
  return Object.freeze(value);
}

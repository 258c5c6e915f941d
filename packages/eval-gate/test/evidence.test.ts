import { createHash } from "node:crypto";
import { canonicalJson, isVerdigrisError } from "@verdigris/contracts";
import { describe, expect, it } from "vitest";
import { checkEvidence, type EvidenceDemand, type GateEvidence, gateAnswer } from "../src/index.ts";
import { clock, gate, hex, sampleResults, sampleSet } from "./samples.ts";

const set = sampleSet(200);
const evidence = gate({
  set,
  baseline: sampleResults(set, () => 1),
  candidate: sampleResults(set, () => 1, { bundle: "green" }),
});
const demand: EvidenceDemand = {
  candidate: hex("e"),
  baseline: hex("b"),
  set: set.digest,
  policy: evidence.policy.digest,
  maxAgeMs: 60_000,
  now: clock.now() + 60_000,
};
const fromFile = (): Record<string, unknown> => JSON.parse(JSON.stringify(evidence));

/** Anybody can digest anything. */
function forged(content: Record<string, unknown>): unknown {
  return {
    ...content,
    digest: `sha256:${createHash("sha256").update(canonicalJson(content)).digest("hex")}`,
  };
}

function codeOf(value: unknown): unknown {
  try {
    checkEvidence(value, demand);
  } catch (error) {
    return isVerdigrisError(error) ? error.code : error;
  }
  return null;
}

describe("evidence made elsewhere", () => {
  it("is accepted when bundles, set and policy are the ones demanded and it is young enough [GATE-EVIDENCE]", () => {
    expect(checkEvidence(fromFile(), demand)).toMatchObject({
      accepted: true,
      evidence: { verdict: "pass" },
    });
  });

  it.each<readonly [string, Partial<EvidenceDemand>]>([
    ["candidate", { candidate: hex("1") }],
    ["baseline", { baseline: hex("1") }],
    ["baseline", { baseline: null }],
    ["set", { set: hex("1") }],
    ["policy", { policy: hex("1") }],
    ["age", { now: demand.now + 1 }],
    ["age", { now: clock.now() - 1 }],
  ])("is not accepted with another %s: %j [GATE-EVIDENCE]", (mismatch, change) => {
    expect(checkEvidence(fromFile(), { ...demand, ...change })).toMatchObject({
      accepted: false,
      mismatches: [mismatch],
    });
  });

  it.each<readonly [string, unknown, string]>([
    ["a changed verdict", { ...fromFile(), verdict: "pass", exitCode: 1 }, "evidence-invalid"],
    ["a removed reason", { ...fromFile(), notes: [] }, "evidence-invalid"],
    ["an added member", { ...fromFile(), approved: true }, "evidence-invalid"],
    ["another record", { v: 1, kind: "eval-results" }, "evidence-invalid"],
    [
      "members missing under a digest of its own",
      forged({ v: 1, kind: "gate-evidence", verdict: "pass" }),
      "evidence-invalid",
    ],
    ["nothing", null, "evidence-invalid"],
    ["a later format", { ...fromFile(), v: 2 }, "record-too-new"],
  ])("is refused with %s [GATE-EVIDENCE]", (_, value, code) => {
    expect(codeOf(value)).toBe(code);
  });

  it("needs an age that can be met", () => {
    expect(() => checkEvidence(fromFile(), { ...demand, maxAgeMs: 0 })).toThrow(TypeError);
  });
});

describe("the answer of a gate", () => {
  it("is the verdict, its line and the digest of the evidence, for whoever releases [GATE-EVIDENCE]", () => {
    const { verdict, summary, digest } = evidence;
    expect(gateAnswer(evidence)).toEqual({ verdict, summary, evidence: digest });
    expect(Object.isFrozen(gateAnswer(evidence))).toBe(true);
  });

  it("is not given for a record that was changed [GATE-EVIDENCE]", () => {
    const changed = { ...evidence, verdict: "fail" } satisfies GateEvidence;
    expect(() => gateAnswer(changed)).toThrow(expect.objectContaining({ code: "evidence-invalid" }));
  });
});

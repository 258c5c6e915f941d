import type { Digest } from "./bundle.ts";

/**
 * What a gate answers: `pass`, `fail` (measured, and worse), `inconclusive` (measured, cannot tell), `incomparable` (not
 * the same question) or `error` (could not measure). Only `pass` lets a release forward.
 */
export type Verdict = "pass" | "fail" | "inconclusive" | "incomparable" | "error";

/** What every gate hands on: enough to decide, to show and to bind an approval to. */
export interface GateAnswer {
  readonly verdict: Verdict;
  /** One line for people: what was found, of which bundles. */
  readonly summary: string;
  /** Digest of the evidence the verdict stands on; null when there is none to keep. */
  readonly evidence: Digest | null;
}

const exitCodes: Readonly<Record<Verdict, number>> = {
  pass: 0,
  fail: 1,
  error: 2,
  inconclusive: 3,
  incomparable: 3,
};

/** The exit code of a program that ends with `verdict`: 0 pass, 1 fail, 2 error, 3 inconclusive or incomparable. */
export function verdictExitCode(verdict: Verdict): number {
  return exitCodes[verdict];
}

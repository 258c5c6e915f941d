import { isVerdigrisError, type Verdict, verdictExitCode } from "@verdigris/contracts";

/** What a command ends with; documented, and the same for every command. */
export const exitCode = {
  done: 0,
  /** Asked and answered: no. A gate failed, a check found something, a rollback or a move was refused. */
  no: 1,
  /** Could not be done: unknown option, bad file, unreachable store. */
  error: 2,
  /** Measured, and cannot tell. */
  inconclusive: 3,
  /** Somebody else was first: look again. */
  lostRace: 4,
  /** The actor may not do this, or did not confirm it. */
  notAllowed: 5,
  interrupted: 130,
} as const;

const byErrorCode: Readonly<Record<string, number>> = {
  "route-conflict": exitCode.lostRace,
  "route-contended": exitCode.lostRace,
  "release-contended": exitCode.lostRace,
  "not-authorized": exitCode.notAllowed,
  "move-refused": exitCode.no,
  "route-held": exitCode.no,
  "release-refused": exitCode.no,
  "release-in-progress": exitCode.no,
  "bundle-denied": exitCode.no,
  "bundle-not-served": exitCode.no,
  "drill-required": exitCode.no,
  "too-many-bundles": exitCode.no,
  "rollback-refused": exitCode.no,
  "audit-tampered": exitCode.no,
};

/** The exit code for what was thrown. */
export function exitCodeOf(error: unknown): number {
  return isVerdigrisError(error) ? (byErrorCode[error.code] ?? exitCode.error) : exitCode.error;
}

/** The exit code of a command that ends with a verdict. */
export function exitCodeOfVerdict(verdict: Verdict): number {
  return verdictExitCode(verdict);
}

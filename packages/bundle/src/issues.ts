import { VerdigrisError } from "@verdigris/contracts";

/** One thing wrong with a manifest: where, and what; the two read as one sentence. */
export interface BundleIssue {
  /** Dotted path from the top of the manifest, such as `models.planner.snapshot`; empty for the whole of it. */
  readonly path: string;
  /** Completes the sentence that the path begins: "is missing", "is unknown". */
  readonly problem: string;
}

/** More would bury the first; a hostile manifest can have millions. */
export const maxIssues = 100;

/** A `bundle-invalid` error that carries every problem found, as `details.issues`. */
export function invalidBundle(
  name: string,
  issues: readonly BundleIssue[],
  options?: { cause?: unknown },
): VerdigrisError {
  const first = issues[0];
  const shown = first === undefined ? "" : `${first.path} ${first.problem}`.trim();
  const count = issues.length === 1 ? "one problem" : `${issues.length} problems, first`;
  return new VerdigrisError(
    "bundle-invalid",
    `${name} has ${count}: ${shown}; correct what details.issues lists and try again`,
    { issues: issues.slice(0, maxIssues) },
    options,
  );
}

/** Appends a member name to a path; names that are no plain words are quoted, long ones cut. */
export function joinPath(path: string, name: string | number): string {
  const text = String(name);
  const shown = /^[\w.:-]{1,128}$/.test(text) ? text : JSON.stringify(text.slice(0, 40));
  return path === "" ? shown : `${path}.${shown}`;
}

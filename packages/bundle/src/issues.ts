import { type JsonIssue, maxJsonIssues, VerdigrisError } from "@verdigris/contracts";

/** One thing wrong with a manifest: where, and what; the two read as one sentence. */
export type BundleIssue = JsonIssue;

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
    { issues: issues.slice(0, maxJsonIssues) },
    options,
  );
}

import { type ErrorCode, type JsonIssue, maxJsonIssues, VerdigrisError } from "@verdigris/contracts";

const textPattern = /^[^\p{Cc}\p{Surrogate}]{1,256}$/u;

/** True for 1 to 256 characters without control characters: ids of cases, slices, clusters, metrics. */
export function isName(value: unknown): value is string {
  return typeof value === "string" && value.length <= 256 && textPattern.test(value);
}

/** True for `sha256:` and 64 lower-case hex digits. */
export function isDigest(value: unknown): value is `sha256:${string}` {
  return typeof value === "string" && /^sha256:[0-9a-f]{64}$/.test(value);
}

/** True for a number in [0, 1]. */
export function isShare(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= 1;
}

/** Collects what is wrong with one thing, so that its author sees all of it at once. */
export interface IssueList {
  readonly issues: readonly JsonIssue[];
  add(path: string, problem: string): void;
  /** Adds the problem unless `holds`. */
  need(holds: boolean, path: string, problem: string): void;
  /** Adds every member of `value` that is not in `known`. */
  unknown(value: object, known: ReadonlySet<string>, path: string): void;
  /** Throws `code` with `details.issues` when there is any. */
  settle(code: ErrorCode, name: string): void;
}

/** Makes an empty list. */
export function createIssueList(): IssueList {
  const issues: JsonIssue[] = [];
  const add = (path: string, problem: string): void => {
    if (issues.length < maxJsonIssues) issues.push({ path, problem });
  };
  return {
    issues,
    add,
    need: (holds, path, problem) => {
      if (!holds) add(path, problem);
    },
    unknown: (value, known, path) => {
      for (const member of Object.keys(value)) {
        if (!known.has(member))
          add(path === "" ? member : `${path}.${member}`, "is unknown; check the spelling");
      }
    },
    settle: (code, name) => {
      const [first] = issues;
      if (first === undefined) return;
      const count = issues.length === 1 ? "one problem" : `${issues.length} problems, first`;
      const problem = `${first.path} ${first.problem}`.trim();
      throw new VerdigrisError(
        code,
        `${name} has ${count}: ${problem}; correct what details.issues lists and try again`,
        { issues },
      );
    },
  };
}

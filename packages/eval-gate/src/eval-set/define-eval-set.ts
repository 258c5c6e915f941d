import {
  type Digest,
  isId,
  isPlainObject,
  type JsonObject,
  type JsonValue,
  readPlainJson,
  writeCanonical,
} from "@verdigris/contracts";
import { createIssueList, type IssueList, isName } from "../checks.ts";
import { digestOfText } from "../digest.ts";
import type { EvalCase, EvalSet, EvalSetInput } from "./eval-set.ts";

/** Values and characters of one case; a document that is longer belongs in a file the case names. */
const maxCaseUnits = 1_000_000;
const maxCases = 1_000_000;

const setMembers = new Set(["name", "version", "cases", "digest"]);
const caseMembers = new Set(["id", "input", "expected", "slice", "cluster", "mustPass", "digest"]);

/**
 * A checked, deeply frozen eval set with a digest per case and one for the set. Undefined members count as absent.
 * Adding a case keeps results comparable on the others; changing or removing one does not.
 *
 * A `digest` that comes along, of a case or of the set, must match: a file may lock its cases that way.
 *
 * Throws `eval-set-invalid`; `details.issues` lists `{ path, problem }`: no case, an id that stands twice, an unknown
 * member (a misspelt `expected` must not read as an absent one), what is no JSON.
 */
export function defineEvalSet(input: EvalSetInput): EvalSet {
  const issues = createIssueList();
  if (!isPlainObject(input)) {
    issues.add("", "must be an object");
    issues.settle("eval-set-invalid", "eval set");
  }
  const { name, version, cases } = input as { readonly [member in keyof EvalSetInput]?: unknown };
  issues.unknown(input, setMembers, "");
  issues.need(isId(name), "name", "must be 1 to 128 of A-Z a-z 0-9 . _ : -");
  issues.need(isId(version), "version", "must be 1 to 128 of A-Z a-z 0-9 . _ : -");
  const list: readonly unknown[] = Array.isArray(cases) ? cases : [];
  issues.need(list.length > 0, "cases", "must hold at least one case");
  issues.need(list.length <= maxCases, "cases", `must hold at most ${maxCases} cases`);
  const checked = list.slice(0, maxCases).flatMap((entry, at) => checkCase(entry, `cases.${at}`, issues));
  findRepeatedIds(checked, issues);
  const digest = digestOfSet(checked);
  if (checked.length === list.length)
    checkDigest((input as Partial<EvalSet>).digest, digest, "digest", issues);
  issues.settle("eval-set-invalid", `eval set ${isId(name) ? name : ""}`.trim());
  return Object.freeze({
    name: name as string,
    version: version as string,
    cases: Object.freeze(checked),
    digest,
  });
}

function checkCase(entry: unknown, path: string, issues: IssueList): EvalCase[] {
  if (!isPlainObject(entry)) {
    issues.add(path, "must be an object");
    return [];
  }
  const before = issues.issues.length;
  issues.unknown(entry, caseMembers, path);
  const { id, input, expected, slice, cluster, mustPass } = entry;
  issues.need(isName(id), `${path}.id`, "must be 1 to 256 characters, no control characters");
  issues.need(input !== undefined, `${path}.input`, "is missing");
  issues.need(slice === undefined || isName(slice), `${path}.slice`, "must be 1 to 256 characters");
  issues.need(cluster === undefined || isName(cluster), `${path}.cluster`, "must be 1 to 256 characters");
  issues.need(
    mustPass === undefined || typeof mustPass === "boolean",
    `${path}.mustPass`,
    "must be true or false",
  );
  if (issues.issues.length > before) return [];
  const content = {
    id: id as string,
    input: plain(input, `${path}.input`, issues),
    ...(expected === undefined ? {} : { expected: plain(expected, `${path}.expected`, issues) }),
    slice: (slice ?? "all") as string,
    ...(cluster === undefined ? {} : { cluster: cluster as string }),
  };
  const digest = digestOfCase(content);
  checkDigest(entry.digest, digest, `${path}.digest`, issues);
  return [Object.freeze({ ...content, mustPass: mustPass === true, digest })];
}

function checkDigest(claimed: unknown, digest: Digest, path: string, issues: IssueList): void {
  issues.need(
    claimed === undefined || claimed === digest,
    path,
    `does not match the content, whose digest is ${digest}`,
  );
}

function plain(value: unknown, path: string, issues: IssueList): JsonValue {
  const read = readPlainJson(value, { maxUnits: maxCaseUnits, refusePrototypeKeys: false });
  if (read.tooLarge) issues.add(path, `holds more than ${maxCaseUnits} values and characters`);
  for (const issue of read.issues)
    issues.add(issue.path === "" ? path : `${path}.${issue.path}`, issue.problem);
  return read.value;
}

function findRepeatedIds(cases: readonly EvalCase[], issues: IssueList): void {
  const seen = new Set<string>();
  for (const { id } of cases) {
    if (seen.has(id)) issues.add("cases", `hold the id ${JSON.stringify(id)} twice; give each case its own`);
    seen.add(id);
  }
}

function digestOfCase(content: JsonObject): Digest {
  return digestOfText(writeCanonical(content));
}

function digestOfSet(cases: readonly EvalCase[]): Digest {
  const lines = cases.map(({ id, digest, mustPass }) => writeCanonical([id, digest, mustPass]));
  return digestOfText(lines.sort().join("\n"));
}

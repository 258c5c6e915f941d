import { type Digest, isId, isPlainObject, writeCanonical } from "@verdigris/contracts";
import { createIssueList, type IssueList, isDigest, isName, isShare } from "../checks.ts";
import { digestOfText } from "../digest.ts";
import type {
  AnsweringBundle,
  CaseResult,
  EvalResults,
  RepeatResult,
  ResultError,
  ResultLine,
  ResultsHeader,
  ScorerIdentity,
} from "./results.ts";

/** Takes the lines of one results file one by one; see {@link createResultsBuilder}. */
export interface ResultsBuilder {
  /** Adds one line. `place` names it in errors, such as "line 7". Throws `results-invalid`. */
  add(line: unknown, place: string): void;
  /** The results so far. Throws `results-invalid` when no line was added. */
  finish(): EvalResults;
}

/**
 * Builds results line by line, keeping numbers and dropping outputs, so that memory grows with the scores and not with
 * the file. Throws `results-invalid` for a header that is none, and on a line that is none: a score outside [0, 1], NaN,
 * a repeat that stands twice, a case under two digests.
 */
export function createResultsBuilder(headerLine: unknown): ResultsBuilder {
  const header = checkHeader(headerLine);
  const drafts = new Map<string, { digest: Digest | null; repeats: RepeatResult[] }>();
  const metrics = new Set(header.scorers.map(({ metric }) => metric));
  return {
    add(line, place) {
      const issues = createIssueList();
      const checked = checkLine(line, metrics, issues);
      issues.settle("results-invalid", place);
      if (checked === null) return;
      const { id, digest, repeat } = checked;
      const draft = drafts.get(id) ?? { digest, repeats: [] };
      if (draft.digest !== digest) issues.add("digest", `is not the one case ${id} had before`);
      if (draft.repeats.some((other) => other.repeat === repeat.repeat))
        issues.add("repeat", `${repeat.repeat} of case ${id} stands twice`);
      issues.settle("results-invalid", place);
      draft.repeats.push(repeat);
      drafts.set(id, draft);
    },
    finish() {
      const issues = createIssueList();
      issues.need(drafts.size > 0, "", "holds no result");
      issues.settle("results-invalid", "results");
      const cases = new Map<string, CaseResult>();
      for (const [id, draft] of drafts) {
        const repeats = draft.repeats.sort((a, b) => a.repeat - b.repeat);
        cases.set(id, { case: id, digest: draft.digest, repeats });
      }
      return { header, cases, digest: digestOfResults(header, cases) };
    },
  };
}

/**
 * Checked results from a header and lines at hand, as {@link createResultsBuilder} makes them from a stream.
 * Throws `results-invalid`.
 */
export function defineResults(header: ResultsHeader, lines: Iterable<ResultLine>): EvalResults {
  const builder = createResultsBuilder(header);
  let at = 0;
  for (const line of lines) {
    at += 1;
    builder.add(line, `result ${at}`);
  }
  return builder.finish();
}

function digestOfResults(header: ResultsHeader, cases: ReadonlyMap<string, CaseResult>): Digest {
  const { v, kind, set, bundle, scorers, startedAt, runner } = header;
  const head = { v, kind, set, bundle, scorers, startedAt, ...(runner === undefined ? {} : { runner }) };
  const body = [...cases.values()].map(({ case: id, digest, repeats }) =>
    writeCanonical([
      id,
      digest,
      repeats.map(({ repeat, scores, error, durationMs, cost }) => [
        repeat,
        scores,
        error === null ? null : error.kind,
        durationMs,
        cost,
      ]),
    ]),
  );
  return digestOfText([JSON.stringify(head), ...body.sort()].join("\n"));
}

/** Checks the first line of a results file. Throws `results-invalid`; `record-too-new` is left to readers of records. */
function checkHeader(value: unknown): ResultsHeader {
  const issues = createIssueList();
  if (!isPlainObject(value)) {
    issues.add("", "must be an object with kind eval-results, set, bundle and scorers");
    issues.settle("results-invalid", "header");
  }
  const header = value as Readonly<Record<string, unknown>>;
  issues.need(header.kind === "eval-results", "kind", 'must be "eval-results"');
  issues.need(header.v === 1, "v", "must be 1");
  const startedAt = header.startedAt;
  issues.need(
    typeof startedAt === "number" && Number.isFinite(startedAt),
    "startedAt",
    "must be milliseconds",
  );
  issues.need(header.runner === undefined || isName(header.runner), "runner", "must be 1 to 256 characters");
  checkSetRef(header.set, issues);
  checkBundle(header.bundle, issues);
  const scorers = checkScorers(header.scorers, issues);
  issues.settle("results-invalid", "header");
  const { name, version, digest } = header.set as unknown as ResultsHeader["set"];
  const bundle = header.bundle as unknown as AnsweringBundle;
  return Object.freeze({
    v: 1,
    kind: "eval-results",
    set: Object.freeze({ name, version, digest }),
    bundle: Object.freeze({
      id: bundle.id,
      digest: bundle.digest,
      ...(bundle.models === undefined ? {} : { models: Object.freeze([...bundle.models]) }),
    }),
    scorers,
    startedAt: startedAt as number,
    ...(header.runner === undefined ? {} : { runner: header.runner as string }),
  });
}

function checkSetRef(value: unknown, issues: IssueList): void {
  const set = isPlainObject(value) ? value : {};
  issues.need(isId(set.name), "set.name", "must name the eval set");
  issues.need(isId(set.version), "set.version", "must say its version");
  issues.need(isDigest(set.digest), "set.digest", "must be the digest of the eval set that was run");
}

function checkBundle(value: unknown, issues: IssueList): void {
  const bundle = isPlainObject(value) ? value : {};
  issues.need(isId(bundle.id), "bundle.id", "must name the bundle that answered");
  issues.need(isDigest(bundle.digest), "bundle.digest", "must be the digest of that bundle");
  const { models } = bundle;
  issues.need(
    models === undefined || (Array.isArray(models) && models.every(isName)),
    "bundle.models",
    "must be a list of model names",
  );
}

function checkScorers(value: unknown, issues: IssueList): readonly ScorerIdentity[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  issues.need(list.length > 0, "scorers", "must list at least one scorer");
  const metrics = new Set<unknown>();
  return Object.freeze(
    list.flatMap((entry, at) => {
      const path = `scorers.${at}`;
      const scorer = isPlainObject(entry) ? entry : {};
      for (const field of ["metric", "scorer", "version"] as const)
        issues.need(isName(scorer[field]), `${path}.${field}`, "must be 1 to 256 characters");
      issues.need(!metrics.has(scorer.metric), `${path}.metric`, "stands twice: one scorer a metric");
      metrics.add(scorer.metric);
      if (scorer.judge !== undefined) checkJudge(scorer.judge, `${path}.judge`, issues);
      return [Object.freeze({ ...(scorer as unknown as ScorerIdentity) })];
    }),
  );
}

/** Adds what is wrong with a judge's identity. */
export function checkJudge(value: unknown, path: string, issues: IssueList): void {
  const judge = isPlainObject(value) ? value : {};
  issues.need(isName(judge.model), `${path}.model`, "must name the judge's model");
  const prompt = isPlainObject(judge.prompt) ? judge.prompt : {};
  issues.need(isName(prompt.version), `${path}.prompt.version`, "must say the version of its prompt");
  issues.need(
    prompt.digest === undefined || isDigest(prompt.digest),
    `${path}.prompt.digest`,
    "must be a digest",
  );
}

interface CheckedLine {
  readonly id: string;
  readonly digest: Digest | null;
  readonly repeat: RepeatResult;
}

const errorKinds: ReadonlySet<unknown> = new Set(["target", "infrastructure", "scorer"]);

function checkLine(value: unknown, metrics: ReadonlySet<string>, issues: IssueList): CheckedLine | null {
  if (!isPlainObject(value)) {
    issues.add("", "must be an object with case and scores");
    return null;
  }
  const { case: id, digest, repeat = 0, scores, error, durationMs, cost } = value;
  issues.need(isName(id), "case", "must be 1 to 256 characters");
  issues.need(digest === undefined || isDigest(digest), "digest", "must be a digest");
  issues.need(
    Number.isSafeInteger(repeat) && (repeat as number) >= 0,
    "repeat",
    "must be a whole number from 0",
  );
  issues.need(isAmount(durationMs), "durationMs", "must be a number from 0");
  issues.need(isAmount(cost), "cost", "must be a number from 0");
  const kept = checkScores(scores, metrics, issues);
  if (issues.issues.length > 0) return null;
  return {
    id: id as string,
    digest: (digest ?? null) as Digest | null,
    repeat: {
      repeat: repeat as number,
      scores: kept,
      error: checkError(error, issues),
      durationMs: (durationMs ?? null) as number | null,
      cost: (cost ?? null) as number | null,
    },
  };
}

/** Scores inherit nothing, and unlike members of an object without any prototype they are quick to read. */
const noScores: object = Object.freeze(Object.create(null));

function checkScores(
  scores: unknown,
  metrics: ReadonlySet<string>,
  issues: IssueList,
): Readonly<Record<string, number | null>> {
  const kept: Record<string, number | null> = Object.create(noScores);
  if (!isPlainObject(scores)) {
    issues.add("scores", "must be an object of numbers in [0, 1]");
    return kept;
  }
  for (const [metric, score] of Object.entries(scores)) {
    issues.need(metrics.has(metric), `scores.${metric}`, "is a metric of no scorer in the header");
    issues.need(
      score === null || isShare(score),
      `scores.${metric}`,
      `must be in [0, 1] or null, got ${score}`,
    );
    kept[metric] = score as number | null;
  }
  return kept;
}

function checkError(error: unknown, issues: IssueList): ResultError | null {
  if (error === undefined || error === null) return null;
  if (isPlainObject(error) && errorKinds.has(error.kind) && typeof error.message === "string") {
    return { kind: error.kind as ResultError["kind"], message: error.message.slice(0, 500) };
  }
  issues.add("error", "must be { kind, message } with kind target, infrastructure or scorer");
  return null;
}

function isAmount(value: unknown): boolean {
  return (
    value === undefined || value === null || (typeof value === "number" && value >= 0 && value < Infinity)
  );
}

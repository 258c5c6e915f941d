import { canonicalJson, type JsonValue, repeatedMembers, VerdigrisError } from "@verdigris/contracts";
import type { EvalSet } from "../eval-set/eval-set.ts";
import type { ResultsHeader } from "../results/results.ts";
import { type RecordedLine, withoutExpired } from "./recorded-line.ts";

/** What an earlier, unfinished run has left. */
export interface Earlier {
  /** Its header; null when there is none yet. */
  readonly header: ResultsHeader | null;
  /** Finished repeats, by `taskKey`. Those an infrastructure error kept from being measured are not among them. */
  readonly finished: ReadonlyMap<string, RecordedLine>;
  /** True when what is stored holds more than `header` and `finished`: unmeasured repeats, outputs past their time. */
  readonly stale: boolean;
}

/** Names one repeat of one case. */
export function taskKey(line: { readonly case: string; readonly repeat?: number }): string {
  return `${line.repeat ?? 0}/${line.case}`;
}

/**
 * Reads what an earlier run has written. Throws `record-corrupt` for a line that is none, and `digest-mismatch` when
 * it was another question: another set, bundle or scorer, or a case that has changed since.
 */
export function readEarlier(
  lines: readonly string[],
  header: ResultsHeader,
  set: EvalSet,
  now: number,
): Earlier {
  const [first, ...rest] = lines;
  if (first === undefined) return { header: null, finished: new Map(), stale: false };
  const earlier = parsed(first, 1) as unknown as ResultsHeader;
  requireSame(earlier, header);
  const digests = new Map(set.cases.map(({ id, digest }) => [id, digest]));
  const finished = new Map<string, RecordedLine>();
  let stale = false;
  for (const [at, text] of rest.entries()) {
    const line = parsed(text, at + 2) as unknown as RecordedLine;
    if (typeof line.case !== "string" || digests.get(line.case) !== line.digest)
      throw changed(String(line.case));
    const kept = withoutExpired(line, now);
    if (line.error?.kind === "infrastructure" || finished.has(taskKey(line))) stale = true;
    else finished.set(taskKey(line), kept);
    if (kept !== line) stale = true;
  }
  return { header: earlier, finished, stale };
}

function parsed(text: string, number: number): Readonly<Record<string, JsonValue>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw corrupt(number, cause);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw corrupt(number);
  if (repeatedMembers(text).length > 0) throw corrupt(number);
  return value as Readonly<Record<string, JsonValue>>;
}

function corrupt(line: number, cause?: unknown): VerdigrisError {
  const message = `line ${line} of the results is damaged: mend it, or start again with an empty file`;
  return new VerdigrisError("record-corrupt", message, { line }, { cause });
}

function changed(id: string): VerdigrisError {
  const message = `case ${id} is not in the set as the earlier results have it: start again with an empty file`;
  return new VerdigrisError("digest-mismatch", message, { case: id });
}

/** What makes two runs the same question; `startedAt` and `runner` may differ. */
function requireSame(earlier: ResultsHeader, header: ResultsHeader): void {
  const asked = ({ v, set, bundle, scorers }: ResultsHeader) => ({
    format: v,
    set: set?.digest,
    bundle: bundle?.digest,
    scorers,
  });
  const [was, is] = [asked(earlier), asked(header)];
  for (const part of ["format", "set", "bundle", "scorers"] as const) {
    const [found, wanted] = [was[part] ?? null, is[part] ?? null];
    if (canonicalJson(found) === canonicalJson(wanted)) continue;
    const message = `the results are of another ${part}: take another file, or an empty one`;
    throw new VerdigrisError("digest-mismatch", message, { part, found, wanted });
  }
}

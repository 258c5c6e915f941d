import { type JsonIssue, repeatedMembers, VerdigrisError } from "@verdigris/contracts";
import { createResultsBuilder, type ResultsBuilder } from "./define-results.ts";
import type { EvalResults, ResultLine, ResultsHeader } from "./results.ts";

/** A line longer than this is no line of results, but a file of another kind. */
const maxLineLength = 16_777_216;

/** How {@link readResults} reads. */
export interface ReadResultsOptions {
  /** Stops reading; the promise rejects with its reason. */
  readonly signal?: AbortSignal;
}

/**
 * Reads results from the chunks of a JSONL text: a header line, then a line per case and repeat. One line is in memory
 * at a time and only numbers are kept, so memory grows with the number of scores, never with the size of the outputs.
 * Empty lines are skipped.
 *
 * Throws `results-invalid` naming the line, and the member where one stands twice in an object.
 */
export async function readResults(
  chunks: AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>,
  options: ReadResultsOptions = {},
): Promise<EvalResults> {
  const { signal } = options;
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let builder: ResultsBuilder | null = null;
  let rest = "";
  let at = 0;
  const take = (text: string): void => {
    at += 1;
    if (text.trim() === "") return;
    const line = parseLine(text, at);
    if (builder === null) builder = createResultsBuilder(line);
    else builder.add(line, `line ${at}`);
  };
  for await (const chunk of chunks) {
    signal?.throwIfAborted();
    const lines = (rest + decode(decoder, chunk, at)).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) take(line);
    if (rest.length > maxLineLength) throw invalidLine(at + 1, `is longer than ${maxLineLength} characters`);
  }
  take(rest + decode(decoder, null, at));
  if (builder === null) throw invalidLine(1, "is missing: the file is empty");
  return (builder as ResultsBuilder).finish();
}

function decode(
  decoder: InstanceType<typeof TextDecoder>,
  chunk: string | Uint8Array | null,
  at: number,
): string {
  if (typeof chunk === "string") return chunk;
  try {
    return chunk === null ? decoder.decode() : decoder.decode(chunk, { stream: true });
  } catch (cause) {
    throw invalidLine(at + 1, "is no UTF-8 text", cause);
  }
}

function parseLine(text: string, at: number): unknown {
  let line: unknown;
  try {
    line = JSON.parse(text);
  } catch (cause) {
    throw invalidLine(at, "is no JSON", cause);
  }
  const [repeated] = repeatedMembers(text);
  if (repeated !== undefined) throw invalidLine(at, repeated.problem, undefined, repeated.path);
  return line;
}

function invalidLine(at: number, problem: string, cause?: unknown, path = ""): VerdigrisError {
  const issues: readonly JsonIssue[] = [{ path, problem }];
  return new VerdigrisError(
    "results-invalid",
    `line ${at} ${`${path} ${problem}`.trim()}: correct the results file and try again`,
    { line: at, issues },
    { cause },
  );
}

/** The JSONL text of one line of a results file, the header included; it ends with a line feed. */
export function resultsLine(line: ResultsHeader | ResultLine): string {
  return `${JSON.stringify(line)}\n`;
}

import type { JsonValue } from "@verdigris/contracts";
import type { ResultLine } from "../results/results.ts";

/** One line of a results file as `runEvals` writes it: what the gate reads, and what only people and judges look at. */
export interface RecordedLine extends ResultLine {
  /** Attempts it took. Absent for one. */
  readonly attempts?: number;
  /** What judges of this line cost, in the unit of the caller's price table. */
  readonly scoringCost?: number;
  /** What scorers said of their score, by metric. */
  readonly reasons?: Readonly<Record<string, string>>;
  /** What the target answered, as `redact` left it; only where outputs are kept. */
  readonly output?: JsonValue;
  /** Milliseconds since the epoch after which the output and the reasons are gone. */
  readonly outputUntil?: number;
  /** Why no output is kept, where outputs are: `redact` failed, it was too large, or it was no JSON. */
  readonly outputDropped?: "redact-failed" | "too-large" | "not-json";
}

/** A line without what has outlived its time; the line itself where nothing has. Scores stay. */
export function withoutExpired(line: RecordedLine, now: number): RecordedLine {
  const { output, reasons, outputUntil, ...kept } = line;
  return outputUntil !== undefined && outputUntil <= now ? kept : line;
}

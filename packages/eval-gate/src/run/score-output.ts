import type { EvalCase } from "../eval-set/eval-set.ts";
import type { ResultError } from "../results/results.ts";
import type { Score, ScoreRequest, Scorer } from "../scorers/scorer.ts";
import type { Spending } from "./spending.ts";
import { type RetryLimits, withRetries } from "./with-retries.ts";

/** All scores of one answer. */
export interface Scored {
  readonly scores: Readonly<Record<string, number | null>>;
  readonly reasons: Readonly<Record<string, string>>;
  /** The first failure, where a scorer failed; its metric is in the message. */
  readonly error: ResultError | null;
  readonly abandoned: number;
}

/** An answer to be scored. */
export interface Answered {
  readonly case: EvalCase;
  readonly repeat: number;
  readonly output: unknown;
}

/**
 * Asks every scorer. One that throws, takes too long or answers no number in [0, 1] leaves `null` for its metric, which
 * is an error and never a 0; the others keep their scores.
 */
export async function scoreOutput(
  answered: Answered,
  scorers: readonly Scorer[],
  limits: RetryLimits,
  spending: Spending,
): Promise<Scored> {
  const scores: Record<string, number | null> = {};
  const reasons: Record<string, string> = {};
  let error: ResultError | null = null;
  let abandoned = 0;
  for (const scorer of scorers) {
    const { metric } = scorer.identity;
    const worked = await withRetries(
      async (_, signal) => checked(await scorer.score(requestOf(answered, signal, spending))),
      limits,
    );
    abandoned += worked.abandoned;
    if (worked.kind === "value") {
      scores[metric] = worked.value.score;
      if (worked.value.reason !== undefined) reasons[metric] = worked.value.reason;
      continue;
    }
    scores[metric] = null;
    const kind = worked.kind === "infrastructure" ? "infrastructure" : "scorer";
    error ??= { kind, message: `${metric}: ${messageOf(worked.error)}` };
  }
  return { scores, reasons, error, abandoned };
}

function requestOf(
  { case: asked, repeat, output }: Answered,
  signal: AbortSignal,
  spending: Spending,
): ScoreRequest {
  const { input, expected } = asked;
  return {
    ...{ case: asked, input, output, repeat, signal },
    ...(expected === undefined ? {} : { expected }),
    usage: (used) => spending.add(used),
  };
}

function checked(score: Score): { readonly score: number; readonly reason?: string } {
  const { score: raw, reason } =
    typeof score === "object" && score !== null ? score : { score, reason: undefined };
  const number = typeof raw === "boolean" ? Number(raw) : raw;
  if (typeof number !== "number" || !(number >= 0 && number <= 1)) {
    throw new RangeError(`a score must be a number in [0, 1], got ${String(raw)}`);
  }
  return typeof reason === "string" ? { score: number, reason } : { score: number };
}

/** What an error says, whatever was thrown. */
export function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? error.message || error.name : String(error);
  } catch {
    return "something that cannot be shown was thrown";
  }
}

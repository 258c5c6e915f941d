import { InvalidArgumentError } from "@verdigris/contracts";
import type { JudgeIdentity } from "../policy/judge-card.ts";
import { identityOf, requireText, type ScorerOptions, selected } from "./custom-scorer.ts";
import type { Scorer } from "./scorer.ts";

/** A scorer as autoevals and the tools that copied its shape write it; `Output` is what it can read. */
export type AutoevalsScorer<Output = unknown> = (args: {
  input: unknown;
  output: Output;
  expected?: Output;
}) => AutoevalsScore | Promise<AutoevalsScore>;

/** What such a scorer answers. */
export type AutoevalsScore =
  | number
  | null
  | {
      readonly score: number | null;
      readonly name?: string;
      readonly metadata?: Readonly<Record<string, unknown>>;
      readonly error?: unknown;
    };

/** What {@link fromAutoevals} is told. */
export interface FromAutoevalsOptions extends ScorerOptions {
  readonly metric: string;
  /** Version of the package the scorer came from, and of its own prompt: results of two are not compared. */
  readonly version: string;
  /** For a scorer that asks a model. @default absent */
  readonly judge?: JudgeIdentity;
}

/**
 * A scorer of the autoevals shape as one of ours. Its `null` and its `error` are errors of the metric, never 0; a
 * `metadata.rationale` becomes the reason.
 */
export function fromAutoevals<Output>(
  scorer: AutoevalsScorer<Output>,
  options: FromAutoevalsOptions,
): Scorer {
  if (typeof scorer !== "function") throw new InvalidArgumentError("scorer", "must be a function");
  requireText("metric", options.metric, 128);
  requireText("version", options.version, 128);
  const { judge } = options;
  const identity = Object.freeze({
    ...identityOf("autoevals", options),
    ...(judge === undefined ? {} : { judge }),
  });
  return Object.freeze({
    identity,
    score: async (request) => {
      const { input, expected } = request;
      // What the agent said may be anything; a scorer that cannot read it throws, which is an error of the metric.
      const [output, wanted] = [selected(request, options) as Output, expected as Output | undefined];
      const answer = await scorer({ input, output, ...(wanted === undefined ? {} : { expected: wanted }) });
      if (typeof answer !== "object" || answer === null) return answer;
      const { score, error, metadata } = answer;
      if (error !== undefined && error !== null) throw thrown(error);
      const rationale = metadata?.rationale;
      return typeof rationale === "string" ? { score, reason: rationale } : { score };
    },
  } satisfies Scorer);
}

function thrown(error: unknown): Error {
  return error instanceof Error
    ? error
    : new InvalidArgumentError("scorer", `reported an error: ${String(error)}`);
}

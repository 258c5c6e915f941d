import type { RunScope } from "@verdigris/contracts";
import { attributeNames } from "../attribute-names.ts";
import type { Attributes } from "../otel/otel-port.ts";
import { scopeAttributes } from "../otel/scope-context.ts";
import type { TellContent } from "./failure.ts";

/** One score of one run, as a scorer or a person gave it. */
export interface Evaluation {
  /** What was judged: `answer-quality`. */
  readonly name: string;
  readonly value?: number;
  /** The score in a word: `pass`, `relevant`. */
  readonly label?: string;
  /** Why; content, so told only where `content` is opted in. */
  readonly explanation?: string;
  /** The id of the model's answer that was judged. */
  readonly responseId?: string;
}

/** A score as `gen_ai.evaluation.result`, with the bundle that earned it. */
export function evaluationAttributes(scope: RunScope, evaluation: Evaluation, tell: TellContent): Attributes {
  const { name, value, label, explanation, responseId } = evaluation;
  return {
    ...scopeAttributes(scope),
    [attributeNames.evaluationName]: name,
    ...(value === undefined ? {} : { [attributeNames.evaluationScore]: value }),
    ...(label === undefined ? {} : { [attributeNames.evaluationLabel]: label }),
    ...(responseId === undefined ? {} : { [attributeNames.responseId]: responseId }),
    ...(explanation === undefined || tell === null
      ? {}
      : { [attributeNames.evaluationExplanation]: tell(explanation) }),
  };
}

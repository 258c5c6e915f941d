import type { RunScore, ScoredRun } from "@verdigris/contracts";
import { attributeNames } from "../attribute-names.ts";
import type { Attributes } from "../otel/otel-port.ts";
import { scopeAttributes } from "../otel/scope-context.ts";
import type { TellContent } from "./failure.ts";

function labelOf({ label, passed }: RunScore): string | undefined {
  if (label !== undefined || passed === undefined) return label;
  return passed ? "pass" : "fail";
}

/** A score as `gen_ai.evaluation.result`, with the bundle that earned it. */
export function evaluationAttributes(scope: ScoredRun, score: RunScore, tell: TellContent): Attributes {
  const { name, value, explanation, responseId } = score;
  const label = labelOf(score);
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

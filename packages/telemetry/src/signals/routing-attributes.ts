import type { RoutingDecision, RunScope } from "@verdigris/contracts";
import { attributeNames } from "../attribute-names.ts";
import type { Attributes } from "../otel/otel-port.ts";

/** Our reasons in the vocabulary of `feature_flag.result.reason`; the exact one stands beside it. */
const flagReasons: Readonly<Record<RoutingDecision["reason"], string>> = {
  live: "default",
  "canary-share": "split",
  holdback: "split",
  "canary-include": "targeting_match",
  named: "targeting_match",
  inherited: "static",
  elsewhere: "cached",
  only: "static",
};

/**
 * The routing decision as a `feature_flag.evaluation`: the agent is the flag, the bundle its variant, the generation of the
 * route its version. The key that decided stays out of it.
 */
export function routingAttributes(scope: RunScope, { reason, generation }: RoutingDecision): Attributes {
  return {
    [attributeNames.flagKey]: scope.agent,
    [attributeNames.flagProvider]: "verdigris",
    [attributeNames.flagVariant]: scope.bundle,
    [attributeNames.flagReason]: flagReasons[reason],
    ...(generation === null ? {} : { [attributeNames.flagVersion]: String(generation) }),
    [attributeNames.routingReason]: reason,
  };
}

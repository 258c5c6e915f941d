import type { RunScope, ScoredRun } from "@verdigris/contracts";
import { attributeNames } from "../attribute-names.ts";
import type { Attributes, OtelApi, OtelContext } from "./otel-port.ts";

/** What may leave the process in W3C baggage: ids, and the class that keeps shadow runs out of other people's bills. */
export type BaggageField = "bundle" | "run" | "class";

export const baggageFields: readonly BaggageField[] = Object.freeze(["bundle", "run", "class"]);

const baggageNames: Readonly<Record<BaggageField, string>> = {
  bundle: attributeNames.bundleId,
  run: attributeNames.runId,
  class: attributeNames.trafficClass,
};

/** `Symbol.for`, as OpenTelemetry's own keys are: two installed copies of this package share one place. */
const attributesKey: symbol = Symbol.for("verdigris scope attributes");

/** The attributes that every span and log of a run carries. */
export function scopeAttributes(scope: RunScope | ScoredRun): Attributes {
  const attributes: Attributes = {
    [attributeNames.agentName]: scope.agent,
    [attributeNames.bundleId]: scope.bundle,
    [attributeNames.runId]: scope.run,
    [attributeNames.trafficClass]: scope.class,
  };
  if (scope.digest !== undefined) attributes[attributeNames.bundleDigest] = scope.digest;
  if (scope.mixed) attributes[attributeNames.mixed] = true;
  if (scope.step !== undefined) attributes[attributeNames.step] = scope.step;
  return attributes;
}

/** `context` with the run's attributes in it, and those of `fields` in its baggage for the processes it calls. */
export function contextOf(
  api: Pick<OtelApi, "propagation">,
  context: OtelContext,
  scope: RunScope,
  attributes: Attributes,
  fields: readonly BaggageField[],
): OtelContext {
  const stamped = context.setValue(attributesKey, attributes);
  if (fields.length === 0) return stamped;
  let baggage = api.propagation.getBaggage(stamped) ?? api.propagation.createBaggage();
  for (const field of fields) baggage = baggage.setEntry(baggageNames[field], { value: scope[field] });
  return api.propagation.setBaggage(stamped, baggage);
}

/** The attributes of the run that `context` belongs to, put there by this process; null outside of one. */
export function attributesIn(context: OtelContext): Attributes | null {
  return (context.getValue(attributesKey) as Attributes | undefined) ?? null;
}

const idPattern = /^[A-Za-z0-9._:-]{1,128}$/;

/**
 * The attributes that arrived in the baggage of a request, of `fields` alone: a caller may write anything there, so what
 * is not an id is left out. They say what the caller claims; only a token is checked against the pin.
 */
export function attributesFromBaggage(
  api: Pick<OtelApi, "propagation">,
  context: OtelContext,
  fields: readonly BaggageField[],
): Attributes | null {
  const baggage = api.propagation.getBaggage(context);
  if (baggage === undefined) return null;
  let found: Attributes | null = null;
  for (const field of fields) {
    const value = baggage.getEntry(baggageNames[field])?.value;
    if (value === undefined || !idPattern.test(value)) continue;
    found ??= {};
    found[baggageNames[field]] = value;
  }
  return found;
}

import type { RunScope } from "@verdigris/contracts";
import { attributeNames, signalNames } from "../attribute-names.ts";
import type { Attributes, OtelApi, OtelContext, OtelSpan } from "../otel/otel-port.ts";
import { attributesIn, type BaggageField, contextOf, scopeAttributes } from "../otel/scope-context.ts";
import { errorTypeOf, markFailed, type TellContent } from "./failure.ts";
import { type Metrics, metricAttributes } from "./metrics.ts";
import type { OpenRuns } from "./open-runs.ts";
import { tracerName } from "./tracer-name.ts";

/** A step that is running. */
export interface OpenStep {
  readonly span: OtelSpan;
  /** What the step's function runs in. */
  readonly context: OtelContext;
  readonly began: number;
}

/** Begins and ends the spans of steps. */
export interface StepSpans {
  begin(scope: RunScope): OpenStep;
  end(scope: RunScope, step: OpenStep, failure: { readonly error: unknown } | null): void;
}

interface StepSpansOptions {
  readonly api: OtelApi;
  readonly runs: OpenRuns;
  readonly metrics: Metrics;
  readonly propagate: readonly BaggageField[];
  readonly tell: TellContent;
}

/** Creates the spans of steps, below the span of their run or whatever is active inside that. */
export function createStepSpans({ api, runs, metrics, propagate, tell }: StepSpansOptions): StepSpans {
  /** Inside the run already where its own context is active: then spans in between keep their place. */
  const around = (scope: RunScope): OtelContext => {
    const active = api.context.active();
    if (attributesIn(active)?.[attributeNames.runId] === scope.run) return active;
    return runs.of(scope.run)?.context ?? active;
  };
  return {
    begin(scope) {
      const own = scopeAttributes(scope);
      const role = runs.roleIn(scope);
      const attributes = role === null ? own : { ...own, [attributeNames.role]: role };
      const parent = around(scope);
      const name = `${signalNames.stepSpan} ${scope.step ?? ""}`;
      const span = api.trace.getTracer(tracerName).startSpan(name, { attributes }, parent);
      const context = contextOf(api, api.trace.setSpan(parent, span), scope, own, propagate);
      return { span, context, began: performance.now() };
    },
    end(scope, { span, began }, failure) {
      const attributes: Attributes = {
        ...metricAttributes(scope, runs.roleIn(scope)),
        [attributeNames.step]: scope.step ?? "",
        ...(failure === null ? {} : { [attributeNames.errorType]: errorTypeOf(failure.error) }),
      };
      metrics.stepEnded(performance.now() - began, attributes);
      if (failure !== null) markFailed(span, failure.error, tell);
      span.end();
    },
  };
}

import type { RunScope } from "@verdigris/contracts";
import type { Attributes, OtelApi } from "./otel/otel-port.ts";
import { scopeAttributes } from "./otel/scope-context.ts";

/**
 * Plain fields for any structured logger: pass them to pino's or winston's `child`, or spread them into a line of JSON.
 * They carry the bundle id beside the run id; with the host's `api` also `trace_id` and `span_id` of the active span, so
 * that a log line leads to its trace. Holds no key, no label and no content. Never throws.
 */
export function logFields(scope: RunScope, api?: Pick<OtelApi, "trace" | "context">): Attributes {
  const fields = scopeAttributes(scope);
  if (api === undefined) return fields;
  try {
    const span = api.trace.getSpan(api.context.active())?.spanContext();
    if (span !== undefined) {
      fields.trace_id = span.traceId;
      fields.span_id = span.spanId;
    }
  } catch {
    // The line is worth more than its link.
  }
  return fields;
}

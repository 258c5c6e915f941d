import {
  type Attributes,
  infoSeverity,
  type OtelApi,
  type OtelContext,
  type OtelLogsApi,
  type OtelSpan,
} from "../otel/otel-port.ts";
import { tracerName } from "./tracer-name.ts";

/** Emits an event where OpenTelemetry has a place for it: a log record, or without a logs API a span event. */
export type EmitEvent = (
  name: string,
  attributes: Attributes,
  where: { readonly context: OtelContext; readonly span: OtelSpan | undefined },
) => void;

/** Creates the emitter of events of one process. */
export function createEmitEvent(api: Pick<OtelApi, "logs">, logs: OtelLogsApi | undefined): EmitEvent {
  const logsApi = api.logs ?? logs;
  return (name, attributes, { context, span }) => {
    if (logsApi === undefined) {
      span?.addEvent(name, attributes);
      return;
    }
    // Asked for each time: the host may register its provider later.
    logsApi
      .getLogger(tracerName)
      .emit({ eventName: name, severityNumber: infoSeverity, attributes, context });
  };
}

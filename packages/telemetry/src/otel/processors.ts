import type { RunScope } from "@verdigris/contracts";
import type { Attributes, OtelApi, OtelContext } from "./otel-port.ts";
import {
  attributesFromBaggage,
  attributesIn,
  type BaggageField,
  baggageFields,
  scopeAttributes,
} from "./scope-context.ts";

/** Options of {@link createSpanProcessor} and {@link createLogProcessor}. */
export interface ProcessorOptions {
  /** The host's own `@opentelemetry/api`: reads the baggage of requests from other processes. */
  readonly api: Pick<OtelApi, "propagation" | "context">;
  /** The same place for the scope that `createVerdigris` has: stamps even where OpenTelemetry has lost its context. */
  readonly scopeStorage?: { getStore(): RunScope | undefined };
  /** Which fields of arriving baggage are believed; none with []. @default ["bundle", "run", "class"] */
  readonly accept?: readonly BaggageField[];
}

/** A span processor for any OpenTelemetry SDK from 1.x to 3.x. */
export interface ScopeSpanProcessor {
  onStart(span: { setAttributes(attributes: Attributes): unknown }, parentContext: OtelContext): void;
  onEnd(span: unknown): void;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}

/** A log record processor for any OpenTelemetry SDK that has logs. */
export interface ScopeLogProcessor {
  onEmit(
    record: { setAttribute(name: string, value: string | number | boolean): unknown },
    context?: OtelContext,
  ): void;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}

/** Own context first, then our own scope, and what a caller claims only where this process knows nothing. */
function reader(options: ProcessorOptions): (context: OtelContext) => Attributes | null {
  const { api, scopeStorage, accept = baggageFields } = options;
  return (context) => {
    const own = attributesIn(context);
    if (own !== null) return own;
    const scope = scopeStorage?.getStore();
    return scope === undefined ? attributesFromBaggage(api, context, accept) : scopeAttributes(scope);
  };
}

const done = (): Promise<void> => Promise.resolve();

/**
 * Stamps every span that begins inside a run, whoever makes it, with the run's bundle, run id and class: give it to the
 * host's tracer provider, before the processor that exports. In a process that was called by a run it stamps what the
 * request's baggage says. A plain object that never throws.
 */
export function createSpanProcessor(options: ProcessorOptions): ScopeSpanProcessor {
  const read = reader(options);
  return {
    onStart(span, parentContext) {
      try {
        const attributes = read(parentContext);
        if (attributes !== null) span.setAttributes(attributes);
      } catch {
        // A span without our attributes is better than a run without its span.
      }
    },
    onEnd() {},
    forceFlush: done,
    shutdown: done,
  };
}

/** The same for log records: give it to the host's logger provider, before the processor that exports. Never throws. */
export function createLogProcessor(options: ProcessorOptions): ScopeLogProcessor {
  const read = reader(options);
  return {
    onEmit(record, context) {
      try {
        const attributes = read(context ?? options.api.context.active());
        if (attributes === null) return;
        for (const [name, value] of Object.entries(attributes)) record.setAttribute(name, value);
      } catch {
        // See above.
      }
    },
    forceFlush: done,
    shutdown: done,
  };
}

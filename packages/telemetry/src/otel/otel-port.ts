/**
 * The parts of OpenTelemetry this package calls, typed by the methods used. The host passes its own copy of
 * `@opentelemetry/api`: a library that brings another one is silently dead inside an older host. Releases 1.4 and later fit.
 */
export interface OtelApi {
  readonly trace: {
    getTracer(name: string, version?: string): OtelTracer;
    getTracerProvider(): unknown;
    setSpan(context: OtelContext, span: OtelSpan): OtelContext;
    getSpan(context: OtelContext): OtelSpan | undefined;
  };
  readonly context: {
    active(): OtelContext;
    with<T>(context: OtelContext, fn: () => T): T;
  };
  readonly propagation: {
    getBaggage(context: OtelContext): OtelBaggage | undefined;
    setBaggage(context: OtelContext, baggage: OtelBaggage): OtelContext;
    createBaggage(): OtelBaggage;
  };
  readonly metrics: {
    getMeter(name: string, version?: string): OtelMeter;
    getMeterProvider(): unknown;
  };
  /** From 1.10 on; for older ones pass `logs` of `@opentelemetry/api-logs` as the option `logs`. */
  readonly logs?: OtelLogsApi;
}

/** The logs API: in `@opentelemetry/api` from 1.10 on, in `@opentelemetry/api-logs` before. */
export interface OtelLogsApi {
  getLogger(name: string, version?: string): { emit(record: OtelLogRecord): void };
  getLoggerProvider(): unknown;
}

/** Attributes as every signal takes them. */
export interface Attributes {
  [name: string]: string | number | boolean;
}

/** An immutable bag that travels with the work. */
export interface OtelContext {
  getValue(key: symbol): unknown;
  setValue(key: symbol, value: unknown): OtelContext;
  deleteValue(key: symbol): OtelContext;
}

export interface OtelSpan {
  spanContext(): { readonly traceId: string; readonly spanId: string; readonly traceFlags: number };
  setAttributes(attributes: Attributes): unknown;
  addEvent(name: string, attributes?: Attributes): unknown;
  setStatus(status: { code: number; message?: string }): unknown;
  end(): void;
}

interface OtelTracer {
  startSpan(name: string, options?: { attributes?: Attributes }, context?: OtelContext): OtelSpan;
}

interface OtelBaggage {
  getEntry(key: string): { value: string } | undefined;
  setEntry(key: string, entry: { value: string }): OtelBaggage;
}

interface OtelMeter {
  createHistogram(
    name: string,
    options?: InstrumentFacts,
  ): { record(value: number, attributes?: Attributes): void };
  createCounter(name: string, options?: InstrumentFacts): OtelCounter;
  createUpDownCounter(name: string, options?: InstrumentFacts): OtelCounter;
}

export interface OtelCounter {
  add(value: number, attributes?: Attributes): void;
}

interface InstrumentFacts {
  unit?: string;
  description?: string;
}

interface OtelLogRecord {
  eventName?: string;
  severityNumber?: number;
  attributes?: Attributes;
  context?: OtelContext;
}

/** `SpanStatusCode.ERROR`: fixed by the specification, so that nothing of the API is needed at run time. */
export const errorStatus = 2;

/** `SeverityNumber.INFO`. */
export const infoSeverity = 9;

import { createRequire } from "node:module";
import * as api from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "otel-metrics-3";
import type { ScopeLogProcessor, ScopeSpanProcessor } from "../src/index.ts";

// As Node loads them: the bundler's own conditions find builds of 1.x and 2.x that no ESM loader can read.
const require = createRequire(import.meta.url);
const logs1 = require("otel-logs-1") as typeof import("otel-logs-1");
const logs2 = require("otel-logs-2") as typeof import("otel-logs-2");
const logs3 = require("otel-logs-3") as typeof import("otel-logs-3");
const trace1 = require("otel-trace-1") as typeof import("otel-trace-1");
const trace2 = require("otel-trace-2") as typeof import("otel-trace-2");
const trace3 = require("otel-trace-3") as typeof import("otel-trace-3");

export const sdks = ["1.x", "2.x", "3.x"] as const;
export type Sdk = (typeof sdks)[number];

/** What was exported, in the order it ended, the same for every SDK. */
export interface SeenSpan {
  readonly name: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly traceId: string;
  readonly spanId: string;
  readonly parent: string | undefined;
  readonly status: { readonly code: number; readonly message?: string };
  readonly events: readonly { readonly name: string; readonly attributes?: Record<string, unknown> }[];
}

interface SeenLog {
  readonly name: string | undefined;
  readonly body: unknown;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly spanId: string | undefined;
}

interface Exported {
  readonly name: string;
  readonly attributes: Record<string, unknown>;
  readonly parentSpanId?: string;
  readonly parentSpanContext?: { readonly spanId: string };
  readonly status: SeenSpan["status"];
  readonly events: SeenSpan["events"];
  spanContext(): { readonly traceId: string; readonly spanId: string };
}

function seen(span: Exported): SeenSpan {
  const { name, attributes, status, events } = span;
  const { traceId, spanId } = span.spanContext();
  return {
    name,
    attributes,
    status,
    events,
    traceId,
    spanId,
    parent: span.parentSpanContext?.spanId ?? span.parentSpanId,
  };
}

/** A tracer provider of one SDK with our processor before an exporter in memory. */
export function createTracing(sdk: Sdk, own: ScopeSpanProcessor[]) {
  if (sdk === "1.x") {
    const exporter = new trace1.InMemorySpanExporter();
    const spanProcessors = [...(own as never[]), new trace1.SimpleSpanProcessor(exporter)];
    const provider = new trace1.BasicTracerProvider({ spanProcessors });
    return { provider, spans: async () => (exporter.getFinishedSpans() as unknown as Exported[]).map(seen) };
  }
  if (sdk === "2.x") {
    const exporter = new trace2.InMemorySpanExporter();
    const spanProcessors = [...(own as never[]), new trace2.SimpleSpanProcessor(exporter)];
    const provider = new trace2.BasicTracerProvider({ spanProcessors });
    return { provider, spans: async () => (exporter.getFinishedSpans() as unknown as Exported[]).map(seen) };
  }
  const exporter = new trace3.InMemorySpanExporter();
  const spanProcessors = [...(own as never[]), new trace3.SimpleSpanProcessor({ exporter })];
  const provider = new trace3.TracerProvider({ spanProcessors });
  return {
    provider,
    spans: async () => {
      await provider.forceFlush();
      return (exporter.getFinishedSpans() as unknown as Exported[]).map(seen);
    },
  };
}

interface ExportedLog {
  readonly eventName?: string;
  readonly body?: unknown;
  readonly attributes: Record<string, unknown>;
  readonly spanContext?: { readonly spanId: string };
}

const seenLog = ({ eventName, body, attributes, spanContext }: ExportedLog): SeenLog => ({
  name: eventName,
  body,
  attributes,
  spanId: spanContext?.spanId,
});

/** A logger provider of one SDK with our processor before an exporter in memory. */
export function createLogging(sdk: Sdk, own: ScopeLogProcessor[]) {
  if (sdk === "1.x") {
    const exporter = new logs1.InMemoryLogRecordExporter();
    const provider = new logs1.LoggerProvider();
    for (const processor of own) provider.addLogRecordProcessor(processor as never);
    provider.addLogRecordProcessor(new logs1.SimpleLogRecordProcessor(exporter));
    return { provider, logs: async () => (exporter.getFinishedLogRecords() as ExportedLog[]).map(seenLog) };
  }
  if (sdk === "2.x") {
    const exporter = new logs2.InMemoryLogRecordExporter();
    const processors = [...(own as never[]), new logs2.SimpleLogRecordProcessor({ exporter })];
    const provider = new logs2.LoggerProvider({ processors });
    return { provider, logs: async () => (exporter.getFinishedLogRecords() as ExportedLog[]).map(seenLog) };
  }
  const exporter = new logs3.InMemoryLogRecordExporter();
  const processors = [...(own as never[]), new logs3.SimpleLogRecordProcessor({ exporter })];
  const provider = new logs3.LoggerProvider({ processors });
  return {
    provider,
    logs: async () => {
      await provider.forceFlush();
      return (exporter.getFinishedLogRecords() as ExportedLog[]).map(seenLog);
    },
  };
}

/** A meter provider, read on demand. */
export function createMetering() {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const provider = new MeterProvider({ readers: [reader] });
  return {
    provider,
    async points() {
      exporter.reset();
      await provider.forceFlush();
      return exporter.getMetrics().flatMap(({ scopeMetrics }) =>
        scopeMetrics.flatMap(({ metrics }) =>
          metrics.flatMap(({ descriptor, dataPoints }) =>
            dataPoints.map(({ attributes, value }) => ({
              name: descriptor.name,
              attributes,
              value: typeof value === "number" ? value : (value as { count: number }).count,
            })),
          ),
        ),
      );
    },
    close: () => provider.shutdown(),
  };
}

/** Registers a context manager and what else is given; returns what puts everything back. */
export function register(providers: { trace?: unknown; logs?: unknown; metrics?: unknown }): () => void {
  const manager = new AsyncLocalStorageContextManager().enable();
  api.context.setGlobalContextManager(manager);
  if (providers.trace !== undefined) api.trace.setGlobalTracerProvider(providers.trace as api.TracerProvider);
  if (providers.logs !== undefined) api.logs.setGlobalLoggerProvider(providers.logs as never);
  if (providers.metrics !== undefined) api.metrics.setGlobalMeterProvider(providers.metrics as never);
  return unregister;
}

/** Takes everything off the global registry. */
export function unregister(): void {
  for (const part of [api.trace, api.context, api.metrics, api.logs, api.propagation]) part.disable();
}

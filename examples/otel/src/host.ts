import { Writable } from "node:stream";
import * as api from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { createLogProcessor, createSpanProcessor } from "@verdigris/telemetry";
import { InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } from "otel-logs-3";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "otel-metrics-3";
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from "otel-trace-3";
import { pino } from "pino";

export type Attributes = Readonly<Record<string, unknown>>;

/** What a collector would have received. */
export interface Received {
  spans(): Promise<{ name: string; id: string; parent: string | undefined; attributes: Attributes }[]>;
  records(): Promise<{ name: string | undefined; span: string | undefined; attributes: Attributes }[]>;
  points(name: string): Promise<{ attributes: Attributes; value: number }[]>;
  lines(): Attributes[];
}

/** Sets the host's OpenTelemetry up as a host does, with our processors before its own, and a pino logger. */
export function startHost(): {
  readonly received: Received;
  readonly logger: pino.Logger;
  stop(): Promise<void>;
} {
  api.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());

  const spanExporter = new InMemorySpanExporter();
  const tracing = new TracerProvider({
    spanProcessors: [createSpanProcessor({ api }), new SimpleSpanProcessor({ exporter: spanExporter })],
  });
  api.trace.setGlobalTracerProvider(tracing);

  const recordExporter = new InMemoryLogRecordExporter();
  const logging = new LoggerProvider({
    processors: [createLogProcessor({ api }), new SimpleLogRecordProcessor({ exporter: recordExporter })],
  });
  api.logs.setGlobalLoggerProvider(logging);

  const metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({
    exporter: metricExporter,
    exportIntervalMillis: 3_600_000,
  });
  const metering = new MeterProvider({ readers: [reader] });
  api.metrics.setGlobalMeterProvider(metering);

  const written: string[] = [];
  const sink = new Writable({
    write(chunk, _, done) {
      written.push(String(chunk));
      done();
    },
  });

  return {
    logger: pino({ base: null }, sink),
    received: {
      async spans() {
        await tracing.forceFlush();
        return spanExporter.getFinishedSpans().map((span) => ({
          name: span.name,
          id: span.spanContext().spanId,
          parent: span.parentSpanContext?.spanId,
          attributes: span.attributes,
        }));
      },
      async records() {
        await logging.forceFlush();
        return recordExporter.getFinishedLogRecords().map(({ eventName, spanContext, attributes }) => ({
          name: eventName,
          span: spanContext?.spanId,
          attributes,
        }));
      },
      async points(name) {
        metricExporter.reset();
        await metering.forceFlush();
        const metrics = metricExporter
          .getMetrics()
          .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((s) => s.metrics));
        return metrics
          .filter(({ descriptor }) => descriptor.name === name)
          .flatMap(({ dataPoints }) =>
            dataPoints.map(({ attributes, value }) => ({
              attributes,
              value: typeof value === "number" ? value : (value as { count: number }).count,
            })),
          );
      },
      lines: () =>
        written
          .join("")
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line) as Attributes),
    },
    async stop() {
      await Promise.all([tracing.shutdown(), logging.shutdown(), metering.shutdown()]);
    },
  };
}

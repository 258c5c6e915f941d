import type { ModelUsage, RunScope } from "@verdigris/contracts";
import { attributeNames, signalNames } from "../attribute-names.ts";
import type { Attributes, OtelApi, OtelCounter } from "../otel/otel-port.ts";
import { tracerName } from "./tracer-name.ts";

interface Histogram {
  record(value: number, attributes?: Attributes): void;
}

interface Instruments {
  readonly provider: unknown;
  readonly runDuration: Histogram;
  readonly stepDuration: Histogram;
  readonly runsActive: OtelCounter;
  readonly tokens: readonly (readonly [TokenField, OtelCounter])[];
  readonly cost: OtelCounter;
  readonly unpriced: OtelCounter;
}

type TokenField = "inputTokens" | "outputTokens" | "cacheReadTokens" | "cacheWriteTokens" | "reasoningTokens";

const tokenFields: readonly TokenField[] = [
  "inputTokens",
  "outputTokens",
  "cacheReadTokens",
  "cacheWriteTokens",
  "reasoningTokens",
];

function createInstruments(api: Pick<OtelApi, "metrics">): Instruments {
  const provider = api.metrics.getMeterProvider();
  const meter = api.metrics.getMeter(tracerName);
  const seconds = { unit: "s" };
  return {
    provider,
    runDuration: meter.createHistogram(signalNames.runDuration, seconds),
    stepDuration: meter.createHistogram(signalNames.stepDuration, seconds),
    runsActive: meter.createUpDownCounter(signalNames.runsActive, { unit: "{run}" }),
    tokens: tokenFields.map((field) => [field, meter.createCounter(signalNames[field], { unit: "{token}" })]),
    cost: meter.createCounter(signalNames.cost),
    unpriced: meter.createCounter(signalNames.unpricedCalls, { unit: "{call}" }),
  };
}

/** What is measured of runs, by bundle id and role and never by run id. */
export interface Metrics {
  runsActive(by: 1 | -1, attributes: Attributes): void;
  runEnded(durationMs: number, attributes: Attributes): void;
  stepEnded(durationMs: number, attributes: Attributes): void;
  usage(usage: ModelUsage, attributes: Attributes): void;
}

/** Creates the metrics of one process; a meter provider that is registered later is found. */
export function createMetrics(api: Pick<OtelApi, "metrics">): Metrics {
  let known: Instruments | null = null;
  const instruments = (): Instruments => {
    // Unlike tracers, meters taken before the provider came stay silent.
    if (known?.provider !== api.metrics.getMeterProvider()) known = createInstruments(api);
    return known as Instruments;
  };
  return {
    runsActive: (by, attributes) => instruments().runsActive.add(by, attributes),
    runEnded: (durationMs, attributes) => instruments().runDuration.record(durationMs / 1_000, attributes),
    stepEnded: (durationMs, attributes) => instruments().stepDuration.record(durationMs / 1_000, attributes),
    usage(usage, attributes) {
      const { tokens, cost, unpriced } = instruments();
      const of = { ...attributes, [attributeNames.responseModel]: usage.model };
      for (const [field, counter] of tokens) {
        const count = usage[field];
        if (count !== undefined) counter.add(count, of);
      }
      if (usage.cost === null) unpriced.add(1, of);
      else cost.add(usage.cost, { ...of, [attributeNames.currency]: usage.currency ?? "USD" });
    },
  };
}

/** What a measurement of a scope carries: few values each, so that no series is one run's alone. */
export function metricAttributes(scope: RunScope, role: string | null): Attributes {
  return {
    [attributeNames.agentName]: scope.agent,
    [attributeNames.bundleId]: scope.bundle,
    [attributeNames.trafficClass]: scope.class,
    ...(role === null ? {} : { [attributeNames.role]: role }),
    ...(scope.mixed ? { [attributeNames.mixed]: true } : {}),
  };
}

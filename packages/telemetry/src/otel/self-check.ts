import type { OtelApi, OtelLogsApi } from "./otel-port.ts";

/** Whether one signal reaches the host: `silent` means that a provider is registered and ours never get there. */
export type SignalReach = "ok" | "none-registered" | "silent";

/** What {@link checkTelemetry} found. */
export interface TelemetryCheck {
  readonly traces: SignalReach;
  readonly metrics: SignalReach;
  readonly logs: SignalReach;
  /** Version of the API copy that holds the registered providers; null where none does. */
  readonly registeredApi: string | null;
  /** What to do, in one sentence; null where nothing is silent and something is registered. */
  readonly advice: string | null;
}

interface Registry {
  readonly version?: string;
  readonly trace?: unknown;
  readonly metrics?: unknown;
  readonly logs?: unknown;
  readonly propagation?: unknown;
}

const registryKey: symbol = Symbol.for("opentelemetry.js.api.1");
/** Where `@opentelemetry/api-logs` keeps its provider: a function of its version. */
const oldLogsKey: symbol = Symbol.for("io.opentelemetry.js.api.logs");

type Globals = { readonly [key: symbol]: unknown };

function registry(): Registry | undefined {
  return (globalThis as Globals)[registryKey] as Registry | undefined;
}

/** True while nothing is registered that could be told anything. Costs a few look-ups. */
export function nobodyListens(): boolean {
  const found = registry();
  const none =
    found === undefined ||
    (found.trace === undefined &&
      found.metrics === undefined &&
      found.logs === undefined &&
      found.propagation === undefined);
  return none && (globalThis as Globals)[oldLogsKey] === undefined;
}

function reach(registered: unknown, seen: unknown): SignalReach {
  if (registered === undefined) return "none-registered";
  return registered === seen ? "ok" : "silent";
}

/** A provider of either logs API that is registered; undefined without one. */
function registeredLogs(found: Registry | undefined): unknown {
  if (found?.logs !== undefined) return found.logs;
  const old = (globalThis as Globals)[oldLogsKey];
  return typeof old === "function" ? (old as (version: number) => unknown)(1) : undefined;
}

function adviceOf(check: Omit<TelemetryCheck, "advice">): string | null {
  const { traces, metrics, logs, registeredApi } = check;
  if (traces === "silent" || metrics === "silent") {
    return `spans and metrics do not reach the providers registered through @opentelemetry/api ${registeredApi ?? "of unknown version"}: pass the copy the host's SDK uses`;
  }
  if (logs === "silent")
    return "events do not reach the registered logger provider: pass its own API, which is `logs` of @opentelemetry/api from SDK 3 on and of @opentelemetry/api-logs before";
  if (traces === "ok" || metrics === "ok" || logs === "ok") return null;
  return "no provider is registered: start the host's OpenTelemetry SDK before this check";
}

/**
 * Says whether spans, metrics and events reach the host's providers. OpenTelemetry drops, without a word, what is made
 * through an API copy newer than the one that registered them: call this at start-up, after the host's SDK. Makes no span.
 * Never throws.
 */
export function checkTelemetry(options: {
  readonly api: Pick<OtelApi, "trace" | "metrics" | "logs">;
  readonly logs?: OtelLogsApi;
}): TelemetryCheck {
  const { api } = options;
  const logsApi = api.logs ?? options.logs;
  const found = registry();
  const seen = (ask: () => unknown): unknown => {
    try {
      return ask();
    } catch {
      return null;
    }
  };
  const check = {
    traces: reach(
      found?.trace,
      seen(() => api.trace.getTracerProvider()),
    ),
    metrics: reach(
      found?.metrics,
      seen(() => api.metrics.getMeterProvider()),
    ),
    logs: reach(
      registeredLogs(found),
      seen(() => logsApi?.getLoggerProvider()),
    ),
    registeredApi: found?.version ?? null,
  };
  return Object.freeze({ ...check, advice: adviceOf(check) });
}

import {
  type Instrument,
  type InstrumentedProcess,
  InvalidArgumentError,
  type RunScope,
} from "@verdigris/contracts";
import { signalNames } from "./attribute-names.ts";
import type { OtelApi, OtelLogsApi } from "./otel/otel-port.ts";
import { type BaggageField, baggageFields } from "./otel/scope-context.ts";
import { checkTelemetry, nobodyListens } from "./otel/self-check.ts";
import { createEmitEvent } from "./signals/emit-event.ts";
import { evaluationAttributes } from "./signals/evaluation.ts";
import type { TellContent } from "./signals/failure.ts";
import { createMetrics, metricAttributes } from "./signals/metrics.ts";
import { createOpenRuns } from "./signals/open-runs.ts";
import { quietly } from "./signals/quietly.ts";
import { createStepSpans, type OpenStep } from "./signals/step-spans.ts";

/** Options of {@link createTelemetry}. */
export interface TelemetryOptions {
  /** The host's own `@opentelemetry/api`, 1.4 or later: `import * as api from "@opentelemetry/api"`. */
  readonly api: OtelApi;
  /** `logs` of `@opentelemetry/api-logs`, for hosts on SDK 1.x or 2.x. Without a logs API events go onto spans. @default api.logs */
  readonly logs?: OtelLogsApi;
  /** What of a run goes into W3C baggage, for the processes its steps call; nothing with []. @default ["bundle", "run", "class"] */
  readonly propagate?: readonly BaggageField[];
  /**
   * Lets texts that can hold what users and models said into spans and events: messages of errors, explanations of scores.
   * A function redacts them first. @default false
   */
  readonly content?: boolean | ((text: string) => string);
}

/** Spans, metrics and events of runs: pass it to `createVerdigris` as `instrument`. Nothing in it throws or logs. */
export type Telemetry = Required<Instrument>;

function checkOptions({ api, propagate = [], content = false }: TelemetryOptions): void {
  if (typeof api?.trace?.getTracer !== "function" || typeof api.context?.with !== "function")
    throw new InvalidArgumentError(
      "api",
      'must be the host\'s API: import * as api from "@opentelemetry/api"',
    );
  const unknown = propagate.find((field) => !baggageFields.includes(field));
  if (unknown !== undefined)
    throw new InvalidArgumentError("propagate", `may hold ${baggageFields.join(", ")}, got ${unknown}`);
  if (typeof content !== "boolean" && typeof content !== "function")
    throw new InvalidArgumentError("content", "must be true, false or a function that redacts");
}

/** What may be told of texts: nothing, all of it, or what the host's own function leaves of it. */
function tellOf(content: TelemetryOptions["content"] = false): TellContent {
  if (typeof content === "function") return content;
  return content ? (text) => text : null;
}

/**
 * Creates the telemetry of a process: spans of runs and steps, the routing decision as `feature_flag.evaluation`, metrics
 * by bundle and role. While no provider is registered it is idle and steps are not wrapped. Throws `invalid-argument` for
 * options that cannot work; from then on it never throws.
 */
export function createTelemetry(options: TelemetryOptions): Telemetry {
  checkOptions(options);
  const { api, logs, propagate = baggageFields } = options;
  const idle = nobodyListens;
  const tell = tellOf(options.content);
  const metrics = createMetrics(api);
  const emit = createEmitEvent(api, logs);
  const runs = createOpenRuns({ api, metrics, emit, propagate, idle });
  const steps = createStepSpans({ api, runs, metrics, propagate, tell });
  let checked = false;

  /** Once, when there is somebody to be heard by: says where nothing of ours would arrive. */
  const checkOnce = (process: InstrumentedProcess): void => {
    if (checked || idle()) return;
    checked = true;
    const { traces, metrics: measured, logs: events, advice } = checkTelemetry(options);
    if ([traces, measured, events].includes("silent")) process.warn("telemetry", advice ?? "");
  };

  return {
    idle,
    run<T>(scope: RunScope, next: () => Promise<T>): Promise<T> {
      const open = runs.of(scope.run);
      return open === undefined ? next() : api.context.with(open.context, next);
    },
    async step<T>(scope: RunScope, next: () => Promise<T>): Promise<T> {
      let step: OpenStep;
      try {
        step = steps.begin(scope);
      } catch {
        return next();
      }
      try {
        const value = await api.context.with(step.context, next);
        quietly(() => steps.end(scope, step, null));
        return value;
      } catch (error) {
        quietly(() => steps.end(scope, step, { error }));
        throw error;
      }
    },
    connect(process) {
      const quiet = { ...process };
      quiet.on = (event, fn) => process.on(event, (told) => quietly(() => fn(told)));
      const stops = [
        quiet.on("run-started", () => checkOnce(process)),
        runs.follow(quiet),
        quiet.on("run-scored", ({ scope, score }) => {
          if (idle()) return;
          const context = runs.of(scope.run)?.context ?? api.context.active();
          const attributes = evaluationAttributes(scope, score, tell);
          emit(signalNames.evaluation, attributes, { context, span: api.trace.getSpan(context) });
        }),
        quiet.on("usage", ({ scope, usage }) => {
          if (!idle()) metrics.usage(usage, metricAttributes(scope, runs.roleIn(scope)));
        }),
      ];
      return () => {
        for (const stop of stops) stop();
      };
    },
  };
}

import type { InstrumentedProcess, RunScope, VerdigrisEvents } from "@verdigris/contracts";
import { attributeNames, signalNames } from "../attribute-names.ts";
import {
  type Attributes,
  errorStatus,
  type OtelApi,
  type OtelContext,
  type OtelSpan,
} from "../otel/otel-port.ts";
import { type BaggageField, contextOf, scopeAttributes } from "../otel/scope-context.ts";
import type { EmitEvent } from "./emit-event.ts";
import { type Metrics, metricAttributes } from "./metrics.ts";
import { type Role, roleOf } from "./role-of.ts";
import { routingAttributes } from "./routing-attributes.ts";
import { tracerName } from "./tracer-name.ts";

/** A run of this process that has a span. */
interface OpenRun {
  readonly span: OtelSpan;
  /** Replaced, with the context, when the run moves to another bundle. */
  scope: RunScope;
  /** The run's span, attributes and baggage. */
  context: OtelContext;
  /** What the count of active runs was raised with, so that it is lowered again by exactly that. */
  readonly counted: Attributes;
}

/** The runs of this process that have a span. */
export interface OpenRuns {
  of(run: string): OpenRun | undefined;
  roleIn(scope: RunScope): Role | null;
  /** Subscribes to the runs of a process; returns what ends it. */
  follow(process: InstrumentedProcess): () => void;
}

interface OpenRunsOptions {
  readonly api: OtelApi;
  readonly metrics: Metrics;
  readonly emit: EmitEvent;
  readonly propagate: readonly BaggageField[];
  readonly idle: () => boolean;
}

type Ended = VerdigrisEvents["run-finished"] | VerdigrisEvents["run-released"];

/** A process with more runs than this at once goes on without spans for the newer ones. */
const mostOpen = 100_000;

/** Follows the events that begin a run here, and those on its way. */
function subscribe(
  process: InstrumentedProcess,
  begin: (scope: RunScope, more: Attributes) => OpenRun | null,
  open: ReadonlyMap<string, OpenRun>,
  emit: EmitEvent,
): (() => void)[] {
  return [
    process.on("run-started", ({ scope, routing }) => {
      const run = begin(scope, {});
      if (run === null) return;
      const attributes = { ...scopeAttributes(scope), ...routingAttributes(scope, routing) };
      emit(signalNames.flagEvaluation, attributes, run);
    }),
    process.on("run-resumed", ({ scope }) => void begin(scope, { [attributeNames.resumed]: true })),
    process.on("run-expiring", ({ scope }) => open.get(scope.run)?.span.addEvent(signalNames.expiring)),
  ];
}

/** Notes on a run's span that it went to another bundle; its later steps carry that one. */
function move(
  run: OpenRun | undefined,
  { scope, from }: VerdigrisEvents["run-migrated"],
  api: OtelApi,
  propagate: readonly BaggageField[],
): void {
  if (run === undefined) return;
  const attributes = { [attributeNames.fromBundle]: from, [attributeNames.bundleId]: scope.bundle };
  run.span.addEvent(signalNames.migrated, attributes);
  run.scope = scope;
  run.context = contextOf(api, run.context, scope, scopeAttributes(scope), propagate);
}

/** Creates the spans of runs from the events of their processes. */
export function createOpenRuns({ api, metrics, emit, propagate, idle }: OpenRunsOptions): OpenRuns {
  const open = new Map<string, OpenRun>();
  const processes = new Map<string, InstrumentedProcess>();

  const roleIn = (scope: RunScope): Role | null =>
    roleOf(processes.get(scope.agent)?.route() ?? null, scope.bundle);

  const close = ({ span, counted }: OpenRun, scope: RunScope, outcome: string): void => {
    open.delete(scope.run);
    metrics.runsActive(-1, counted);
    span.setAttributes({ ...scopeAttributes(scope), [attributeNames.outcome]: outcome });
    if (outcome === "failed" || outcome === "run-expired") span.setStatus({ code: errorStatus });
    span.end();
  };

  const begin = (scope: RunScope, more: Attributes): OpenRun | null => {
    if (idle() || open.size >= mostOpen) return null;
    const role = roleIn(scope);
    const own = scopeAttributes(scope);
    const attributes = { ...own, ...(role === null ? {} : { [attributeNames.role]: role }), ...more };
    const parent = api.context.active();
    const span = api.trace.getTracer(tracerName).startSpan(signalNames.runSpan, { attributes }, parent);
    const context = contextOf(api, api.trace.setSpan(parent, span), scope, own, propagate);
    const run = { span, scope, context, counted: metricAttributes(scope, role) };
    // Taken up by a neighbour in this process, whose older handle has not heard of it yet.
    const older = open.get(scope.run);
    if (older !== undefined) close(older, older.scope, "run-superseded");
    open.set(scope.run, run);
    metrics.runsActive(1, run.counted);
    return run;
  };

  const end = (event: Ended): void => {
    const { scope } = event;
    const run = open.get(scope.run);
    // Of an older handle, whose span was ended when the run was taken up.
    if (run === undefined || run.scope !== scope) return;
    const outcome = "outcome" in event ? event.outcome : event.reason;
    if ("outcome" in event) {
      const attributes = metricAttributes(scope, roleIn(scope));
      metrics.runEnded(event.durationMs, { ...attributes, [attributeNames.outcome]: outcome });
    }
    close(run, scope, outcome);
  };

  return {
    of: (run) => open.get(run),
    roleIn,
    follow(process) {
      processes.set(process.agent, process);
      const stops = [
        ...subscribe(process, begin, open, emit),
        process.on("run-finished", end),
        process.on("run-released", end),
        process.on("run-migrated", (told) => move(open.get(told.scope.run), told, api, propagate)),
      ];
      return () => {
        for (const stop of stops) stop();
        if (processes.get(process.agent) === process) processes.delete(process.agent);
      };
    },
  };
}

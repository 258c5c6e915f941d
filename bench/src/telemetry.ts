import * as api from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { createMemoryStore } from "@verdigris/store-memory";
import { createSpanProcessor, createTelemetry } from "@verdigris/telemetry";
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from "otel-trace-3";
import type { Run, StepContext } from "verdigris";
import {
  measureOperations,
  microsecondsEach,
  type Operation,
  pairwise,
  type Rounds,
  ratioOf,
  spreadOf,
} from "./measure.ts";
import { type Bench, type Goal, goal, operationRow, type Row } from "./report.ts";
import { openAgent, type Pipeline } from "./world.ts";

const call = { model: "planner-2026-01-15", inputTokens: 900, outputTokens: 120, cost: 0.004_17 };

async function startRun(more: Parameters<typeof openAgent>[1] = {}): Promise<Run<Pipeline>> {
  const started = await (await openAgent(createMemoryStore(), more)).start({ labels: { tenant: "acme" } });
  if (!started.placed) throw new Error("the run was not placed");
  return started.run;
}

function need(results: ReadonlyMap<string, Rounds>, name: string): Rounds {
  const found = results.get(name);
  if (found === undefined) throw new Error(`${name} was not measured`);
  return found;
}

function rowsOf(group: string, results: ReadonlyMap<string, Rounds>, floor: string, ratioTo: string): Row[] {
  return [...results].map(([name, rounds]) => {
    const ratio = ratioOf(rounds.nanoseconds, need(results, floor).nanoseconds);
    return operationRow(group, name, rounds, { ratio, ratioTo });
  });
}

/** Before anything of OpenTelemetry is registered: what a step pays for telemetry that nobody listens to. */
async function nobodyListens(): Promise<{ rows: Row[]; goals: Goal[] }> {
  const [plain, wrapped] = [await startRun(), await startRun({ instrument: createTelemetry({ api }) })];
  const [without, idle] = ["run.step, no instrument", "run.step, telemetry, no provider"];
  const results = await measureOperations(
    [
      { name: without, run: () => plain.step("plan", async ({ pipeline }) => pipeline.answer) },
      { name: idle, run: () => wrapped.step("plan", async ({ pipeline }) => pipeline.answer) },
    ],
    { rounds: 15 },
  );
  const [a, b] = [need(results, idle).nanoseconds, need(results, without).nanoseconds];
  return {
    rows: rowsOf("nobody listens", results, without, "no instrument"),
    goals: [
      goal(
        "telemetry per step, no provider (ns)",
        pairwise(a, b, (x, y) => x - y),
        "lower",
        200,
      ),
    ],
  };
}

/** An exporter in memory that never holds more than a few thousand spans. */
function tracing(stamp: boolean): TracerProvider {
  const exporter = new InMemorySpanExporter();
  let held = 0;
  const tidy = {
    onStart: () => {},
    onEnd() {
      held = (held + 1) % 2_000;
      if (held === 0) exporter.reset();
    },
    forceFlush: async () => {},
    shutdown: async () => {},
  };
  const own = stamp ? [createSpanProcessor({ api })] : [];
  return new TracerProvider({ spanProcessors: [...own, new SimpleSpanProcessor({ exporter }), tidy] });
}

/** With a provider: a step's span beside the same span made by hand, and what stamping a foreign span costs. */
async function withExporter(): Promise<{ rows: Row[]; goals: Goal[] }> {
  api.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  api.trace.setGlobalTracerProvider(tracing(false));
  const stamped = tracing(true).getTracer("bench");
  const tracer = api.trace.getTracer("bench");
  const plain = await startRun();
  const run = await startRun({ instrument: createTelemetry({ api }) });
  const [bare, byHand, own] = [
    "floor: an active span around an async function",
    "run.step, and such a span by hand inside",
    "run.step, telemetry",
  ];
  const answer = async ({ pipeline }: Pick<StepContext<Pipeline>, "pipeline">): Promise<number> =>
    pipeline.answer;
  const attributes = { "verdigris.bundle.id": "support-41", "verdigris.run.id": run.id };
  const span = (fn: () => Promise<number>, by = tracer): Promise<number> =>
    by.startActiveSpan("plan", { attributes }, async (active) => {
      const value = await fn();
      active.end();
      return value;
    });
  const context = { pipeline: { answer: 42 } };
  const operations: Operation[] = [
    { name: bare, run: () => span(() => answer(context)) },
    { name: byHand, run: () => plain.step("plan", (step) => span(() => answer(step))) },
    { name: own, run: () => run.step("plan", (step) => answer(step)) },
    { name: "a foreign span, stamped by our processor", run: () => span(() => answer(context), stamped) },
  ];
  const results = await measureOperations(operations, { rounds: 9 });
  const ratio = ratioOf(need(results, own).nanoseconds, need(results, byHand).nanoseconds);
  return {
    rows: rowsOf("exporter in memory", results, bare, "bare span"),
    goals: [goal("run.step with telemetry / the same span by hand (ratio)", ratio, "lower", 2)],
  };
}

const callsEach = 9_000;

/** What noting a model call costs its caller, a fresh run for each round; the ledger writes at its own pace. */
async function ledger(): Promise<{ rows: Row[]; goals: Goal[] }> {
  const [without, kept] = ["run.usage, nothing kept", "run.usage, kept in the ledger"];
  const seen: Record<string, number[]> = { [without]: [], [kept]: [] };
  for (let round = 0; round < 8; round++) {
    for (const [name, usage] of [
      [without, false],
      [kept, {}],
    ] as const) {
      const run = await startRun({ usage });
      const each = await microsecondsEach(callsEach, () => void run.usage(call));
      // The first round only warms up.
      if (round > 0) seen[name]?.push(each * 1_000);
    }
  }
  const floor = seen[without] ?? [];
  const rows = Object.entries(seen).map(
    ([name, rounds]): Row => ({
      group: "ledger",
      name,
      unit: "ns",
      ...spreadOf(rounds),
      ratio: ratioOf(rounds, floor),
      ratioTo: "nothing kept",
    }),
  );
  return { rows, goals: [] };
}

export const telemetry: Bench = {
  name: "telemetry",
  sentence:
    "What telemetry adds to a step with and without somebody listening, and what noting a model call costs.",
  async run(progress) {
    const rows: Row[] = [];
    const goals: Goal[] = [];
    for (const part of [nobodyListens, withExporter, ledger]) {
      progress(part.name);
      const found = await part();
      rows.push(...found.rows);
      goals.push(...found.goals);
    }
    return { rows, goals };
  },
};

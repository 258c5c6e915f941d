import assert from "node:assert/strict";
import * as api from "@opentelemetry/api";
import { createMemoryStore } from "@verdigris/store-memory";
import { checkTelemetry, createTelemetry } from "@verdigris/telemetry";
import { createVerdigris, defineBundle } from "verdigris";
import { answer, fail, type Pipeline, secret } from "./agent.ts";
import { type Attributes, startHost } from "./host.ts";

const code = { commit: "9b1c2f0e", build: `sha256:${"0".repeat(64)}` } as const;
const bundleOf = (id: string, model: string) =>
  defineBundle({ id, code, models: { planner: { provider: "acme", name: "planner", snapshot: model } } });
const [blue, green] = [bundleOf("blue", "planner-2026-01-01"), bundleOf("green", "planner-2026-02-01")];
const pipelines: Readonly<Record<string, Pipeline>> = {
  blue: { model: "planner-2026-01-01", perMillion: 0.25 },
  green: { model: "planner-2026-02-01", perMillion: 0.1 },
};

const { received, logger, stop } = startHost();
assert.equal(checkTelemetry({ api }).advice, null, "what we send arrives");

const agent = createVerdigris<Pipeline>({
  agent: "docs",
  store: createMemoryStore(),
  bundle: blue,
  load: ({ id }) => pipelines[id] ?? { model: id, perMillion: null },
  instrument: createTelemetry({ api }),
  actor: "ana",
});

// A canary: half of the users on green, in one process.
await agent.register(green);
await agent.stage({ bundle: "green", reason: "a cheaper planner", expect: 1 });
await agent.setCanary({ percent: 50, reason: "half", expect: 2 });
const users = Array.from({ length: 20 }, (_, n) => `user-${n}`);
const runs = await Promise.all(
  users.map((user, n) => answer(agent, logger, n % 2 === 0 ? "acme" : "zeta", user)),
);
await fail(agent);
for (const run of runs)
  agent.score(run.scope, { name: "quality", value: 1, passed: true, explanation: secret });
const preview = await agent.run({ bundle: "green" }, (run) => {
  run.usage({ model: "unlisted-model", inputTokens: 500, outputTokens: 0, cost: null });
  return run;
});

// Spans: whoever made them, they name the bundle of their run.
const bundleByRun = new Map([...runs, preview].map((run) => [run.id, run.scope.bundle]));
const spans = await received.spans();
const stamp = (attributes: Attributes): string =>
  `${attributes["verdigris.run.id"]} ${attributes["verdigris.bundle.id"]}`;
const foreign = spans.filter(({ name }) => name === "SELECT pages");
assert.equal(foreign.length, runs.length);
for (const { attributes } of foreign) {
  const run = String(attributes["verdigris.run.id"]);
  assert.equal(stamp(attributes), `${run} ${bundleByRun.get(run)}`);
}
const runSpans = spans.filter(({ name }) => name === "verdigris.run");
assert.equal(runSpans.length, runs.length + 2);
const steps = spans.filter(({ name }) => name === "verdigris.step retrieve");
assert.ok(
  steps.every(({ parent }) => runSpans.some(({ id }) => id === parent)),
  "steps hang below their runs",
);

// Records: the database client's, and our decisions and scores.
const records = await received.records();
const named = (name: string | undefined) => records.filter((record) => record.name === name);
assert.deepEqual(
  new Set(named(undefined).map(({ attributes }) => stamp(attributes))),
  new Set(foreign.map(({ attributes }) => stamp(attributes))),
);
const decisions = named("feature_flag.evaluation").map(
  ({ attributes }) => attributes["verdigris.routing.reason"],
);
assert.deepEqual(new Set(decisions), new Set(["live", "canary-share", "named"]));
assert.equal(named("gen_ai.evaluation.result").length, runs.length);

// Lines of a logger: the same fields, and the way to the trace.
const lines = received.lines();
assert.equal(lines.length, runs.length);
assert.ok(lines.every((line) => spans.some(({ id }) => id === line.span_id)));
assert.deepEqual(new Set(lines.map(stamp)), new Set(foreign.map(({ attributes }) => stamp(attributes))));

// Metrics: by bundle and role, and nothing that only one run has.
const durations = await received.points("verdigris.step.duration");
assert.ok(durations.every(({ attributes }) => !("verdigris.run.id" in attributes)));
assert.deepEqual(
  new Set(
    durations.map(({ attributes }) => `${attributes["verdigris.bundle.id"]} ${attributes["verdigris.role"]}`),
  ),
  new Set(["blue live", "green candidate"]),
);

// Nobody's card number is anywhere.
const everything = JSON.stringify([spans, records, lines, durations]);
assert.ok(!everything.includes("4111"), "content stays where it is");
assert.ok(everything.includes("RangeError"), "the kind of failure does not");

// Two bills from one process, exact, and the call without a price beside them.
const range = { from: 0, to: Date.now() + 60_000 };
const bill = await agent.costs({ ...range, by: "bundle" });
const tokens = (bundle: string) =>
  runs
    .filter((run) => run.scope.bundle === bundle)
    .reduce((sum, { scope }) => sum + scope.key.length * 1_000, 0);
const expected = { blue: (tokens("blue") * 25) / 100, green: (tokens("green") * 10) / 100 };
for (const { key, cost } of bill.lines)
  assert.equal(Math.round(Number(cost) * 1_000_000), expected[key as "blue" | "green"]);
assert.equal(bill.lines.length, 2);
assert.deepEqual(
  bill.unpriced.map(({ key, traffic, model }) => [key, traffic, model]),
  [["green", "preview", "unlisted-model"]],
);
const byTenant = await agent.costs({ ...range, by: "label", label: "tenant" });
assert.deepEqual(
  byTenant.lines.map(({ key }) => key),
  ["acme", "zeta"],
);

for (const { key, traffic, cost, currency, calls } of bill.lines)
  console.log(`${key}: ${calls} ${traffic} calls, ${cost} ${currency}`);
console.log(
  `${bill.unpriced.length} call without a price; ${spans.length} spans and ${records.length} records name their bundle`,
);
await agent.close();
await stop();

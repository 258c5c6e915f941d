import { Writable } from "node:stream";
import * as api from "@opentelemetry/api";
import { aBundle } from "@verdigris/testing";
import { pino } from "pino";
import { createVerdigris, defineBundle } from "verdigris";
import { afterEach, expect, it } from "vitest";
import winston from "winston";
import { bundleAttributes, createTelemetry, logFields } from "../src/index.ts";
import { createTracing, register, unregister } from "./otel.ts";

afterEach(unregister);

function sink(): { readonly stream: Writable; lines(): Record<string, unknown>[] } {
  const written: string[] = [];
  const stream = new Writable({
    write(chunk, _, done) {
      written.push(String(chunk));
      done();
    },
  });
  return {
    stream,
    lines: () =>
      written
        .join("")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

const agent = createVerdigris({ agent: "docs", bundle: aBundle("blue") });
const inStep = <T>(fn: (scope: Parameters<typeof logFields>[0]) => T): Promise<T> =>
  agent.run({ key: "user-7", labels: { tenant: "acme" } }, (run) =>
    run.step("answer", ({ scope }) => fn(scope)),
  );

it("pino takes the fields as a child's bindings [TELEMETRY-LOG-FIELDS]", async () => {
  const { stream, lines } = sink();
  const logger = pino({ base: null }, stream);
  const scope = await inStep((s) => {
    logger.child(logFields(s)).info("answered");
    return s;
  });
  expect(lines()).toMatchObject([
    {
      msg: "answered",
      "verdigris.bundle.id": "blue",
      "verdigris.run.id": scope.run,
      "verdigris.step.name": "answer",
    },
  ]);
});

it("winston takes the fields as a child's metadata [TELEMETRY-LOG-FIELDS]", async () => {
  const { stream, lines } = sink();
  const logger = winston.createLogger({ transports: [new winston.transports.Stream({ stream })] });
  const scope = await inStep((s) => {
    logger.child(logFields(s)).info("answered");
    return s;
  });
  expect(lines()).toMatchObject([
    { message: "answered", "verdigris.bundle.id": "blue", "verdigris.run.id": scope.run },
  ]);
});

it("a line of JSON takes them spread, and they hold neither key nor label [TELEMETRY-LOG-FIELDS]", async () => {
  const line = await inStep((scope) => JSON.stringify({ message: "answered", ...logFields(scope) }));
  expect(JSON.parse(line)).toMatchObject({ "verdigris.traffic.class": "live", "gen_ai.agent.name": "docs" });
  expect(line).not.toMatch(/user-7|acme/);
});

it("with the host's API a line leads to its span [TELEMETRY-LOG-FIELDS]", async () => {
  const tracing = createTracing("3.x", []);
  register({ trace: tracing.provider });
  const traced = createVerdigris({
    agent: "docs",
    bundle: aBundle("blue"),
    instrument: createTelemetry({ api }),
  });
  const fields = await traced.run({}, (run) => run.step("s", ({ scope }) => logFields(scope, api)));
  const step = (await tracing.spans()).find(({ name }) => name === "verdigris.step s");
  expect(fields).toMatchObject({ trace_id: step?.traceId, span_id: step?.spanId });
  expect(await inStep((scope) => logFields(scope, api))).not.toHaveProperty("trace_id");
});

it("a span about a piece carries its version, and nothing for a piece the bundle has not [TELEMETRY-PIECES]", async () => {
  const digest = `sha256:${"a".repeat(64)}` as const;
  const bundle = defineBundle({
    id: "v1",
    code: { commit: "c0ffee", build: digest },
    prompts: { system: { version: "7", digest } },
    models: { planner: { provider: "acme", name: "large", snapshot: "large-2026-01-01" } },
    indexes: { docs: { kind: "snapshot", version: "3", digest, embedding: null } },
    tools: { search: { version: "2", contract: digest, pinned: "not" } },
  });
  const scope = await inStep((s) => s);
  const pieces = { prompt: "system", model: "planner", index: "docs", tool: "search" };
  expect(bundleAttributes(scope, bundle, pieces)).toMatchObject({
    "verdigris.bundle.id": "blue",
    "gen_ai.prompt.name": "system",
    "gen_ai.prompt.version": "7",
    "gen_ai.provider.name": "acme",
    "gen_ai.request.model": "large-2026-01-01",
    "verdigris.index.version": "3",
    "verdigris.index.digest": digest,
    "gen_ai.tool.name": "search",
    "verdigris.tool.version": "2",
  });
  expect(bundleAttributes(scope, bundle, { prompt: "constructor", tool: "none" })).toEqual(
    bundleAttributes(scope),
  );
});

import * as api from "@opentelemetry/api";
import { aBundle } from "@verdigris/testing";
import * as older from "otel-api-1-9";
import { createVerdigris } from "verdigris";
import { afterEach, describe, expect, it } from "vitest";
import { checkTelemetry, createSpanProcessor, createTelemetry, logFields } from "../src/index.ts";
import { createLogging, createMetering, createTracing, register, unregister } from "./otel.ts";

const registryKey = Symbol.for("opentelemetry.js.api.1");
const oldLogsKey = Symbol.for("io.opentelemetry.js.api.logs");
const globals = globalThis as unknown as Record<symbol, unknown>;

afterEach(() => {
  unregister();
  delete globals[registryKey];
  delete globals[oldLogsKey];
});

it("says that nothing is registered, and what to do [TELEMETRY-SELF-CHECK]", () => {
  expect(checkTelemetry({ api })).toMatchObject({
    traces: "none-registered",
    metrics: "none-registered",
    logs: "none-registered",
    registeredApi: null,
    advice: expect.stringContaining("SDK"),
  });
});

it("says that everything arrives, and makes no span to find out [TELEMETRY-SELF-CHECK]", async () => {
  const [tracing, metering] = [createTracing("3.x", []), createMetering()];
  register({ trace: tracing.provider, metrics: metering.provider, logs: createLogging("3.x", []).provider });
  expect(checkTelemetry({ api })).toEqual({
    traces: "ok",
    metrics: "ok",
    logs: "ok",
    registeredApi: "1.10.0",
    advice: null,
  });
  expect(await tracing.spans()).toEqual([]);
  await metering.close();
});

describe("a host on an older API than the copy it passes", () => {
  const { provider, spans } = createTracing("2.x", [createSpanProcessor({ api: older })]);
  const host = (): void =>
    void older.trace.setGlobalTracerProvider(provider as unknown as older.TracerProvider);

  it("is told, because OpenTelemetry drops such spans without a word [TELEMETRY-SELF-CHECK]", async () => {
    host();
    api.trace.getTracer("t").startSpan("lost").end();
    expect(await spans()).toEqual([]);
    const check = checkTelemetry({ api });
    expect(check).toMatchObject({ traces: "silent", registeredApi: "1.9.1" });
    expect(check.advice).toContain("1.9.1");
    expect(checkTelemetry({ api: older })).toMatchObject({ traces: "ok", advice: null });
  });

  it("hears of it once, as an event of its own, and every run goes on [TELEMETRY-SELF-CHECK]", async () => {
    host();
    const agent = createVerdigris({
      agent: "docs",
      bundle: aBundle("blue"),
      instrument: createTelemetry({ api }),
    });
    const warned: unknown[] = [];
    agent.on("instrument-warning", (warning) => warned.push(warning));
    for (const value of [1, 2]) expect(await agent.run({}, (run) => run.step("s", () => value))).toBe(value);
    expect(warned).toEqual([{ source: "telemetry", message: checkTelemetry({ api }).advice }]);
  });

  it("gets its spans when it passes its own copy [TELEMETRY-SELF-CHECK]", async () => {
    host();
    const agent = createVerdigris({
      agent: "docs",
      bundle: aBundle("blue"),
      instrument: createTelemetry({ api: older }),
    });
    const warned: unknown[] = [];
    agent.on("instrument-warning", (warning) => warned.push(warning));
    await agent.run({}, (run) => run.step("s", () => 1));
    expect((await spans()).map(({ name }) => name)).toEqual(["verdigris.step s", "verdigris.run"]);
    expect(warned).toEqual([]);
  });
});

it("knows the logs API of older hosts, and that it does not reach a newer provider [TELEMETRY-SELF-CHECK]", () => {
  const { provider } = createLogging("2.x", []);
  globals[oldLogsKey] = (version: number) => (version === 1 ? provider : undefined);
  const { logs: _, ...withoutLogs } = api;
  const logs = { getLogger: () => ({ emit: () => {} }), getLoggerProvider: () => provider };
  expect(checkTelemetry({ api: withoutLogs, logs }).logs).toBe("ok");
  register({ logs: createLogging("3.x", []).provider });
  expect(checkTelemetry({ api: withoutLogs, logs })).toMatchObject({
    logs: "silent",
    advice: expect.stringContaining("logs"),
  });
});

it("never throws, whatever it is given [TELEMETRY-QUIET]", () => {
  register({ trace: createTracing("3.x", []).provider });
  const broken = {
    trace: {
      getTracerProvider: () => {
        throw new Error("broken");
      },
    },
    metrics: {},
  } as never;
  expect(checkTelemetry({ api: broken })).toMatchObject({ traces: "silent", metrics: "none-registered" });
  expect(() => logFields({ agent: "a" } as never, broken)).not.toThrow();
});

import { AsyncLocalStorage } from "node:async_hooks";
import * as api from "@opentelemetry/api";
import type { RunScope } from "@verdigris/contracts";
import { aBundle } from "@verdigris/testing";
import { createVerdigris, type Verdigris } from "verdigris";
import { afterEach, describe, expect, it } from "vitest";
import {
  createLogProcessor,
  createSpanProcessor,
  createTelemetry,
  type ProcessorOptions,
} from "../src/index.ts";
import { createLogging, createTracing, register, type Sdk, sdks, unregister } from "./otel.ts";

afterEach(unregister);

function start(sdk: Sdk, options: Partial<ProcessorOptions> = {}) {
  const tracing = createTracing(sdk, [createSpanProcessor({ api, ...options })]);
  const logging = createLogging(sdk, [createLogProcessor({ api, ...options })]);
  register({ trace: tracing.provider });
  const logger = logging.provider.getLogger("host") as { emit(record: object): void };
  return { ...tracing, ...logging, logger, tracer: tracing.provider.getTracer("host") as api.Tracer };
}

const agentOf = (scopeStorage?: AsyncLocalStorage<RunScope>, instrumented = true): Verdigris =>
  createVerdigris({
    agent: "docs",
    bundle: aBundle("blue"),
    ...(instrumented ? { instrument: createTelemetry({ api }) } : {}),
    ...(scopeStorage === undefined ? {} : { scopeStorage }),
  });

const baggageOf = (entries: Record<string, string>): api.Context =>
  api.propagation.setBaggage(
    api.context.active(),
    api.propagation.createBaggage(
      Object.fromEntries(Object.entries(entries).map(([key, value]) => [key, { value }])),
    ),
  );

describe.each(sdks)("on SDK %s", (sdk) => {
  it("stamps every span and log inside a run, whoever makes it, across awaits, and none outside [TELEMETRY-STAMP]", async () => {
    const { logger, tracer, spans, logs } = start(sdk);
    const outside = () => {
      tracer.startSpan("outside").end();
      logger.emit({ body: "outside", context: api.context.active() });
    };
    outside();
    const scope = await agentOf().run({}, (run) =>
      run.step("answer", async (step) => {
        await new Promise(setImmediate);
        tracer.startActiveSpan("db", (span) => {
          logger.emit({ body: "inside", context: api.context.active() });
          span.end();
        });
        return step.scope;
      }),
    );
    outside();
    const stamp = {
      "verdigris.bundle.id": "blue",
      "verdigris.bundle.digest": scope.digest,
      "verdigris.run.id": scope.run,
      "verdigris.traffic.class": "live",
      "verdigris.step.name": "answer",
      "gen_ai.agent.name": "docs",
    };
    const db = (await spans()).find(({ name }) => name === "db");
    expect(db?.attributes).toMatchObject(stamp);
    const all = await logs();
    expect(all.find(({ body }) => body === "inside")).toMatchObject({
      attributes: stamp,
      spanId: db?.spanId,
    });
    const strays = [...(await spans()), ...all].filter((item) =>
      "body" in item ? item.body === "outside" : item.name === "outside",
    );
    expect(strays).toHaveLength(4);
    for (const { attributes } of strays) expect(attributes).toEqual({});
  });

  it("stamps the spans of twenty runs at once with their own ids [TELEMETRY-STAMP]", async () => {
    const { tracer, spans } = start(sdk);
    const agent = agentOf();
    const ids = await Promise.all(
      Array.from({ length: 20 }, () =>
        agent.run({}, (run) =>
          run.step("s", async () => {
            await new Promise(setImmediate);
            tracer.startSpan(`db ${run.id}`).end();
            return run.id;
          }),
        ),
      ),
    );
    const seen = (await spans()).filter(({ name }) => name.startsWith("db "));
    expect(seen.map(({ name, attributes }) => name === `db ${attributes["verdigris.run.id"]}`)).toEqual(
      Array(20).fill(true),
    );
    expect(new Set(ids).size).toBe(20);
  });

  it("believes of arriving baggage what is on its list and is an id, and its own run before that [TELEMETRY-PROPAGATION]", async () => {
    const { tracer, spans } = start(sdk, { accept: ["bundle", "class"] });
    const claimed = baggageOf({
      "verdigris.bundle.id": "green",
      "verdigris.run.id": "r-1",
      "verdigris.traffic.class": "<script>",
      tenant: "acme",
    });
    await api.context.with(claimed, async () => {
      tracer.startSpan("called").end();
      await agentOf().run({}, (run) => run.step("s", () => tracer.startSpan("own").end()));
    });
    const named = async (name: string) => (await spans()).find((span) => span.name === name)?.attributes;
    expect(await named("called")).toEqual({ "verdigris.bundle.id": "green" });
    expect(await named("own")).toMatchObject({ "verdigris.bundle.id": "blue" });
  });

  it("falls back on our own scope where OpenTelemetry knows of no run [TELEMETRY-STAMP]", async () => {
    const scopeStorage = new AsyncLocalStorage<RunScope>();
    const { tracer, spans } = start(sdk, { scopeStorage });
    await agentOf(scopeStorage, false).run({}, (run) =>
      run.step("s", () => tracer.startSpan("db", {}, api.ROOT_CONTEXT).end()),
    );
    expect((await spans())[0]?.attributes).toMatchObject({
      "verdigris.bundle.id": "blue",
      "verdigris.step.name": "s",
    });
  });

  it("flushes and shuts down with its provider", async () => {
    const { provider } = createTracing(sdk, [createSpanProcessor({ api })]);
    await provider.forceFlush();
    await provider.shutdown();
  });
});

it("a processor never throws, whatever breaks under it [TELEMETRY-QUIET]", () => {
  const broken = {
    propagation: {
      getBaggage: () => {
        throw new Error("broken");
      },
    },
    context: { active: () => api.ROOT_CONTEXT },
  } as never;
  const angry = {
    setAttributes: () => {
      throw new Error("angry");
    },
    setAttribute: () => {
      throw new Error("angry");
    },
  };
  expect(() => createSpanProcessor({ api: broken }).onStart(angry, api.ROOT_CONTEXT)).not.toThrow();
  expect(() => createLogProcessor({ api: broken }).onEmit(angry)).not.toThrow();
  const scopeStorage = { getStore: () => ({ agent: "a", run: "r", bundle: "b" }) as RunScope };
  expect(() => createSpanProcessor({ api, scopeStorage }).onStart(angry, api.ROOT_CONTEXT)).not.toThrow();
  expect(() => createLogProcessor({ api, scopeStorage }).onEmit(angry)).not.toThrow();
});

import * as api from "@opentelemetry/api";
import type { RunScope } from "@verdigris/contracts";
import { createMemoryStore } from "@verdigris/store-memory";
import { aBundle, createFakeClock } from "@verdigris/testing";
import { createVerdigris, type Verdigris } from "verdigris";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { SeenSpan } from "./otel.ts";
import { createTelemetryWorld, type TelemetryWorld } from "./telemetry-world.ts";

let world: TelemetryWorld;
beforeEach(() => {
  world = createTelemetryWorld();
});
afterEach(() => world.close());

const open: TelemetryWorld["open"] = (options, more) => world.open(options, more);
const named = async (name: string): Promise<SeenSpan[]> =>
  (await world.tracing.spans()).filter((span) => span.name === name);

async function started(agent: Verdigris) {
  const result = await agent.start();
  if (!result.placed) throw new Error("not placed");
  return result.run;
}

describe("spans", () => {
  it("show a run with its steps below it and the host's own in between [TELEMETRY-SPANS]", async () => {
    const agent = open();
    const tracer = api.trace.getTracer("host");
    await tracer.startActiveSpan("request", async (request) => {
      await agent.run({}, async (run) => {
        await run.step("plan", () => 1);
        await tracer.startActiveSpan("between", async (between) => {
          await run.step("answer", () => 2);
          between.end();
        });
      });
      request.end();
    });
    const [run] = await named("verdigris.run");
    const [request] = await named("request");
    const [between] = await named("between");
    expect(run).toMatchObject({
      parent: request?.spanId,
      attributes: {
        "verdigris.bundle.id": "blue",
        "verdigris.role": "live",
        "verdigris.traffic.class": "live",
        "verdigris.run.outcome": "completed",
      },
    });
    expect((await named("verdigris.step plan"))[0]).toMatchObject({
      parent: run?.spanId,
      traceId: run?.traceId,
      attributes: { "verdigris.step.name": "plan", "verdigris.role": "live" },
    });
    expect((await named("verdigris.step answer"))[0]?.parent).toBe(between?.spanId);
    expect(between?.parent).toBe(run?.spanId);
  });

  it("hang together for a run that is started, stepped and finished by hand [TELEMETRY-SPANS]", async () => {
    const run = await started(open());
    await api.context.with(api.ROOT_CONTEXT, () => run.step("plan", () => 1));
    expect(await named("verdigris.run")).toEqual([]);
    await run.finish({ outcome: "cancelled" });
    const [span] = await named("verdigris.run");
    expect(span?.attributes["verdigris.run.outcome"]).toBe("cancelled");
    expect((await named("verdigris.step plan"))[0]?.parent).toBe(span?.spanId);
  });

  it("of failures carry the kind of error and nothing it says, unless that is opted in [TELEMETRY-CONTENT]", async () => {
    const secret = "the customer said: my card is 4111";
    const failing = (agent: Verdigris) =>
      agent.run({}, (run) => run.step("s", () => Promise.reject(new RangeError(secret)))).catch(() => {});
    await failing(open());
    const [silent] = await named("verdigris.step s");
    expect(silent).toMatchObject({ status: { code: 2 }, attributes: { "error.type": "RangeError" } });
    expect(
      JSON.stringify([
        await world.tracing.spans(),
        await world.logging.logs(),
        await world.metering.points(),
      ]),
    ).not.toContain("4111");
    expect((await named("verdigris.run"))[0]?.status.code).toBe(2);
    await failing(open({ content: true }));
    expect((await named("verdigris.step s"))[1]?.status).toEqual({ code: 2, message: secret });
    await failing(open({ content: (text) => text.replaceAll(/\d+/g, "…") }));
    expect((await named("verdigris.step s"))[2]?.status.message).toBe("the customer said: my card is …");
  });

  it("end for a run that goes on elsewhere, and begin again where it is taken up [TELEMETRY-SPANS]", async () => {
    const agent = open();
    const run = await started(agent);
    const token = run.park();
    expect((await named("verdigris.run"))[0]?.attributes["verdigris.run.outcome"]).toBe("run-superseded");
    const again = await agent.resume(token);
    const newer = await agent.resume(again.token ?? "");
    expect(await named("verdigris.run")).toHaveLength(2);
    await newer.finish({ outcome: "completed" });
    const spans = await named("verdigris.run");
    expect(spans.map(({ attributes }) => attributes["verdigris.run.resumed"])).toEqual([
      undefined,
      true,
      true,
    ]);
    expect(spans[2]?.attributes["verdigris.run.outcome"]).toBe("completed");
  });

  it("of a run taken up by a neighbour in the same process are not ended by its older handle [TELEMETRY-SPANS]", async () => {
    const clock = createFakeClock();
    const store = createMemoryStore({ clock });
    const agent = open({}, { store, clock });
    const run = await started(agent);
    const neighbour = createVerdigris({
      agent: "docs",
      store,
      clock,
      watch: false,
      sweepMs: "never",
      instrument: world.telemetry,
    });
    const newer = await neighbour.resume(run.token ?? "");
    expect(await run.finish({ outcome: "completed" })).toBe("superseded");
    await newer.step("after", () => 1);
    const [older, ...more] = await named("verdigris.run");
    expect(more).toEqual([]);
    expect(older?.attributes["verdigris.run.outcome"]).toBe("run-superseded");
    await newer.finish({ outcome: "completed" });
    const [, span] = await named("verdigris.run");
    const active = (await world.metering.points()).filter(({ name }) => name === "verdigris.run.active");
    expect(active.map(({ value }) => value)).toEqual([0]);
    expect(span?.attributes).toMatchObject({
      "verdigris.run.resumed": true,
      "verdigris.run.outcome": "completed",
    });
    expect((await named("verdigris.step after"))[0]?.parent).toBe(span?.spanId);
  });

  it("follow a run that moves to another bundle [TELEMETRY-SPANS]", async () => {
    const agent = open();
    await agent.register(aBundle("green"));
    const run = await started(agent);
    await agent.flip({ to: "green", reason: "r", expect: 1 });
    await run.migrate({ to: "green", reason: "r" });
    await run.step("after", () => 1);
    await run.finish({ outcome: "completed" });
    const [span] = await named("verdigris.run");
    expect(span?.events).toMatchObject([
      {
        name: "verdigris.run.migrated",
        attributes: { "verdigris.migrated.from_bundle": "blue", "verdigris.bundle.id": "green" },
      },
    ]);
    expect(span?.attributes).toMatchObject({ "verdigris.bundle.id": "green", "verdigris.run.mixed": true });
    const [step] = await named("verdigris.step after");
    expect(step).toMatchObject({
      parent: span?.spanId,
      attributes: { "verdigris.bundle.id": "green", "verdigris.role": "live" },
    });
  });
});

describe("the routing decision", () => {
  const decisions = async () =>
    (await world.logging.logs())
      .filter(({ name }) => name === "feature_flag.evaluation")
      .map(({ attributes }) => attributes);

  it("is an event on the run's span, with the reason and never the key [TELEMETRY-ROUTING]", async () => {
    const agent = open();
    await agent.register(aBundle("green"));
    await agent.run({ key: "user-7" }, () => {});
    await agent.stage({ bundle: "green", reason: "r", expect: 1 });
    await agent.setCanary({ percent: 0, include: { keys: ["vip"] }, reason: "r", expect: 2 });
    await agent.run({ key: "vip" }, (run) => agent.run({ parent: run }, () => {}));
    await agent.run({ bundle: "green" }, () => {});
    const keyless = { "feature_flag.key": "docs", "feature_flag.provider.name": "verdigris" };
    expect(await decisions()).toMatchObject([
      {
        ...keyless,
        "feature_flag.result.variant": "blue",
        "feature_flag.result.reason": "default",
        "feature_flag.version": "1",
        "verdigris.routing.reason": "live",
      },
      {
        "feature_flag.result.variant": "green",
        "feature_flag.result.reason": "targeting_match",
        "feature_flag.version": "3",
        "verdigris.routing.reason": "canary-include",
      },
      {
        "feature_flag.result.variant": "green",
        "feature_flag.result.reason": "static",
        "verdigris.routing.reason": "inherited",
      },
      {
        "feature_flag.result.reason": "targeting_match",
        "verdigris.routing.reason": "named",
        "verdigris.traffic.class": "preview",
      },
    ]);
    expect(JSON.stringify(await decisions())).not.toMatch(/user-7|vip/);
    const [first] = await named("verdigris.run");
    expect((await world.logging.logs())[0]?.spanId).toBe(first?.spanId);
  });

  it("is an event of the span itself where the host has no logs API [TELEMETRY-ROUTING]", async () => {
    const { logs: _, ...older } = api;
    await open({ api: older }).run({}, () => {});
    const [run] = await named("verdigris.run");
    expect(run?.events).toMatchObject([
      { name: "feature_flag.evaluation", attributes: { "feature_flag.key": "docs" } },
    ]);
    expect(await decisions()).toEqual([]);
  });
});

describe("metrics", () => {
  it("are by bundle, role and class, and hold no run id [TELEMETRY-METRICS]", async () => {
    const agent = open();
    await agent.run({ labels: { tenant: "acme" } }, async (run) => {
      await run.step("plan", (step) =>
        step.usage({ model: "m-1", inputTokens: 10, outputTokens: 5, cacheReadTokens: 4, cost: 0.25 }),
      );
      run.usage({ model: "m-1", inputTokens: 1, outputTokens: 1, cost: null });
    });
    const points = await world.metering.points();
    const value = (name: string) => points.filter((point) => point.name === name).map((point) => point.value);
    expect(value("verdigris.run.duration")).toEqual([1]);
    expect(value("verdigris.step.duration")).toEqual([1]);
    expect(value("verdigris.run.active")).toEqual([0]);
    expect(value("gen_ai.client.inference.usage.input_tokens")).toEqual([11]);
    expect(value("gen_ai.client.inference.usage.output_tokens")).toEqual([6]);
    expect(value("gen_ai.client.inference.usage.cache_read.input_tokens")).toEqual([4]);
    expect(value("verdigris.cost")).toEqual([0.25]);
    expect(value("verdigris.cost.unpriced_calls")).toEqual([1]);
    for (const { attributes } of points) {
      expect(attributes).toMatchObject({
        "verdigris.bundle.id": "blue",
        "verdigris.role": "live",
        "verdigris.traffic.class": "live",
      });
      expect(Object.keys(attributes)).not.toContain("verdigris.run.id");
      expect(JSON.stringify(attributes)).not.toContain("acme");
    }
  });

  it("take the role a bundle has at that moment [TELEMETRY-METRICS]", async () => {
    const agent = open();
    await agent.register(aBundle("green"));
    const run = await started(agent);
    await agent.flip({ to: "green", reason: "r", expect: 1 });
    await run.step("late", () => 1);
    await run.finish({ outcome: "completed" });
    const points = await world.metering.points();
    const role = (name: string) => points.find((point) => point.name === name)?.attributes["verdigris.role"];
    expect([role("verdigris.step.duration"), role("verdigris.run.duration")]).toEqual(["stable", "stable"]);
    expect(points.filter(({ name }) => name === "verdigris.run.active").map(({ value }) => value)).toEqual([
      0,
    ]);
  });

  it("reach a meter provider that comes after the first runs [TELEMETRY-METRICS]", async () => {
    api.metrics.disable();
    const agent = open();
    await agent.run({}, (run) => run.step("s", () => 1));
    api.metrics.setGlobalMeterProvider(world.metering.provider);
    await agent.run({}, (run) => run.step("s", () => 1));
    const points = await world.metering.points();
    expect(points.find(({ name }) => name === "verdigris.step.duration")?.value).toBe(1);
  });
});

describe("a score", () => {
  it("is told under the run's bundle, its explanation only where content is opted in [TELEMETRY-SCORES]", async () => {
    const score = {
      name: "quality",
      value: 0.5,
      label: "pass",
      explanation: "it said 4111",
      responseId: "r1",
    };
    const scopes: RunScope[] = [];
    for (const content of [false, true]) {
      const agent = open({ content });
      await agent.run({}, (run) => {
        scopes.push(run.scope);
        agent.score(run.scope, score);
      });
    }
    const told = (await world.logging.logs()).filter(({ name }) => name === "gen_ai.evaluation.result");
    expect(told[0]?.attributes).toEqual({
      "gen_ai.agent.name": "docs",
      "verdigris.bundle.id": "blue",
      "verdigris.bundle.digest": scopes[0]?.digest,
      "verdigris.run.id": scopes[0]?.run,
      "verdigris.traffic.class": "live",
      "gen_ai.evaluation.name": "quality",
      "gen_ai.evaluation.score.value": 0.5,
      "gen_ai.evaluation.score.label": "pass",
      "gen_ai.response.id": "r1",
    });
    expect(told[1]?.attributes["gen_ai.evaluation.explanation"]).toBe("it said 4111");
    const runs = await named("verdigris.run");
    expect(told.map(({ spanId }) => spanId)).toEqual(runs.map(({ spanId }) => spanId));
  });

  it("can come after the run has ended [TELEMETRY-SCORES]", async () => {
    const agent = open();
    const scope = await agent.run({}, (run) => run.scope);
    agent.score(scope, { name: "thumbs", passed: true });
    const told = (await world.logging.logs()).find(({ name }) => name === "gen_ai.evaluation.result");
    expect(told).toMatchObject({
      attributes: { "verdigris.bundle.id": "blue", "gen_ai.evaluation.score.label": "pass" },
    });
  });
});

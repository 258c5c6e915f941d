import * as api from "@opentelemetry/api";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createTelemetry } from "../src/index.ts";
import { register, unregister } from "./otel.ts";
import { createTelemetryWorld, type TelemetryWorld } from "./telemetry-world.ts";

let world: TelemetryWorld;
beforeEach(() => {
  world = createTelemetryWorld();
});
afterEach(() => world.close());

const open: TelemetryWorld["open"] = (options, more) => world.open(options, more);

describe("telemetry that breaks", () => {
  const broken = (part: string): typeof api =>
    new Proxy(api, {
      get(target, name) {
        if (name !== part) return Reflect.get(target, name) as unknown;
        return new Proxy(Reflect.get(target, name) as object, {
          get() {
            return () => {
              throw new Error("broken");
            };
          },
        });
      },
    });

  it.each(["trace", "context", "metrics", "propagation", "logs"])(
    "in %s fails no run and no step, and is told to nobody as their failure [TELEMETRY-QUIET]",
    async (part) => {
      const agent = open({ api: broken(part) });
      const failed: unknown[] = [];
      agent.on("listener-failed", (event) => failed.push(event));
      const value = await agent.run({}, async (run) => {
        run.usage({ model: "m", inputTokens: 1, outputTokens: 1, cost: 1 });
        agent.score(run.scope, { name: "q", value: 1 });
        await expect(run.step("no", () => Promise.reject(new Error("mine")))).rejects.toThrow("mine");
        return run.step("yes", () => 7);
      });
      expect(value).toBe(7);
      await agent.close();
      expect(failed).toEqual([]);
    },
  );

  it("is told by name when its options cannot work", () => {
    const wrong: [object, string][] = [
      [{ api: {} }, "api"],
      [{ api, propagate: ["tenant"] }, "propagate"],
      [{ api, content: "yes" }, "content"],
    ];
    for (const [options, argument] of wrong) {
      expect(() => createTelemetry(options as never)).toThrow(
        expect.objectContaining({ code: "invalid-argument", details: { argument } }),
      );
    }
  });
});

describe("while nobody listens", () => {
  it("telemetry is idle: nothing of OpenTelemetry is called [TELEMETRY-IDLE]", async () => {
    unregister();
    const calls: string[] = [];
    const watched = new Proxy(api, {
      get(target, name) {
        calls.push(String(name));
        return Reflect.get(target, name) as unknown;
      },
    });
    const agent = open({ api: watched });
    calls.length = 0;
    await agent.run({}, async (run) => {
      await run.step("s", (step) => step.usage({ model: "m", inputTokens: 1, outputTokens: 1, cost: 1 }));
      agent.score(run.scope, { name: "q" });
    });
    expect(calls).toEqual([]);
    expect(world.telemetry.idle()).toBe(true);
  });

  it.each(["trace", "metrics", "logs"] as const)(
    "and until a provider of %s is registered [TELEMETRY-IDLE]",
    (part) => {
      unregister();
      const providers = {
        trace: world.tracing.provider,
        metrics: world.metering.provider,
        logs: world.logging.provider,
      };
      const { idle } = createTelemetry({ api });
      expect(idle()).toBe(true);
      register({ [part]: providers[part] });
      expect(idle()).toBe(false);
    },
  );
});

import * as api from "@opentelemetry/api";
import { createLiveDetectors, passRateFloor } from "@verdigris/detectors";
import { createMemoryStore } from "@verdigris/store-memory";
import { createFakeClock } from "@verdigris/testing";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { logFields } from "../src/index.ts";
import { createLogging, createMetering, createTracing, register, unregister } from "./otel.ts";
import { createTelemetryWorld, type TelemetryWorld } from "./telemetry-world.ts";

/** What only users and models know, by where it goes through. */
interface Content {
  readonly input: string;
  readonly output: string;
  readonly stepError: string;
  readonly runError: string;
  readonly explanation: string;
  readonly key: string;
  readonly label: string;
}

/** Named, so that no two of one run can be alike. */
const secret = (name: keyof Content): fc.Arbitrary<string> =>
  fc.string({ minLength: 3, maxLength: 40, unit: "grapheme" }).map((text) => `§${name} ${text}§`);

const contents: fc.Arbitrary<Content> = fc.record({
  input: secret("input"),
  output: secret("output"),
  stepError: secret("stepError"),
  runError: secret("runError"),
  explanation: secret("explanation"),
  key: secret("key"),
  label: secret("label"),
});

/** One run that answers and one that fails, with everything that can be told of them; resolves with all that was recorded anywhere. */
async function recordAll(world: TelemetryWorld, said: Content, content: boolean): Promise<string> {
  const clock = createFakeClock();
  const store = createMemoryStore({ clock });
  const detectors = createLiveDetectors({
    rules: [passRateFloor()],
    scoring: { sample: 1, scorers: [{ name: "asks", score: (answer) => answer === said.output }] },
  });
  const agent = world.open({ content }, { store, clock, detectors });
  const lines: unknown[] = [];
  const { key, label } = said;
  await agent.run({ key, labels: { tenant: label } }, async (run) => {
    lines.push(logFields(run.scope, api));
    agent.score(run.scope, { name: "quality", passed: true, explanation: said.explanation });
    await run.step("answer", () => Promise.reject(new RangeError(said.stepError))).catch(() => {});
    return run.step("again", (step) => {
      lines.push(logFields(step.scope, api));
      step.usage({ model: "m", inputTokens: said.input.length, outputTokens: 1, cost: 0.1 });
      return said.output;
    });
  });
  await agent.run({}, () => Promise.reject(new Error(said.runError))).catch(() => {});
  await clock.advance(10_000);
  await agent.close();
  const records = (await store.list("docs/", { limit: 1_000 })).entries;
  const spans = await world.tracing.spans();
  const logs = await world.logging.logs();
  return JSON.stringify([spans, logs, await world.metering.points(), lines, records]);
}

describe("what users and models said", () => {
  let world: TelemetryWorld;
  beforeEach(() => {
    world = createTelemetryWorld();
  });
  afterEach(() => world.close());

  it("is in no span, event, metric, log field, ledger or window, whatever it is [TELEMETRY-CONTENT]", async () => {
    await fc.assert(
      fc.asyncProperty(contents, async (said) => {
        const recorded = await recordAll(world, said, false);
        expect(recorded).toContain("RangeError");
        expect(recorded).toContain("gen_ai.evaluation.result");
        const { label, ...hidden } = said;
        for (const [name, text] of Object.entries(hidden))
          expect(recorded.includes(JSON.stringify(text).slice(1, -1)), name).toBe(false);
        // A label is in the ledger, for bills by it, and nowhere else.
        const asText = JSON.stringify(JSON.stringify({ tenant: label })).slice(1, -1);
        expect(recorded.split(asText).join("").includes(label)).toBe(false);
      }),
      { numRuns: 40 },
    );
  });

  it("is told of errors and scores where that is opted in, and of nothing else [TELEMETRY-CONTENT]", async () => {
    const said: Content = {
      ...{ input: "§in§", output: "§out§", stepError: "§step§", runError: "§run§" },
      ...{ explanation: "§why§", key: "§key§", label: "§label§" },
    };
    const recorded = await recordAll(world, said, true);
    for (const text of [said.stepError, said.explanation]) expect(recorded).toContain(text);
    for (const text of [said.input, said.output, said.key]) expect(recorded).not.toContain(text);
  });
});

describe("exporters that throw", () => {
  const angry = (): never => {
    throw new Error("angry");
  };
  afterEach(() => {
    vi.restoreAllMocks();
    unregister();
  });

  it.each([
    ["when spans begin", { onStart: angry }],
    ["when spans end", { onEnd: angry }],
    [
      "when an attribute is set",
      { onStart: (span: object) => void Object.assign(span, { setAttributes: angry }) },
    ],
  ] as const)(
    "%s fail no run and no step, and nothing of ours is logged [TELEMETRY-QUIET]",
    async (_, how) => {
      const spoken = [
        ...(["log", "info", "warn", "error", "debug"] as const).map((name) => vi.spyOn(console, name)),
        vi.spyOn(process.stdout, "write"),
        vi.spyOn(process.stderr, "write"),
      ];
      const world = createTelemetryWorld();
      unregister();
      const quiet = { onStart() {}, onEnd() {}, forceFlush: async () => {}, shutdown: async () => {} };
      const spans = { ...quiet, ...how };
      const logs = { onEmit: angry, forceFlush: async () => {}, shutdown: async () => {} };
      const metering = createMetering();
      register({
        trace: createTracing("3.x", [spans as never]).provider,
        logs: createLogging("3.x", [logs as never]).provider,
        metrics: { getMeter: angry },
      });
      for (const content of [false, true]) {
        const agent = world.open({ content });
        const failed: unknown[] = [];
        agent.on("listener-failed", (event) => failed.push(event));
        const value = await agent.run({}, async (run) => {
          run.usage({ model: "m", inputTokens: 1, outputTokens: 1, cost: 1 });
          agent.score(run.scope, { name: "q", passed: false, explanation: "why" });
          await expect(run.step("no", () => Promise.reject(new Error("mine")))).rejects.toThrow("mine");
          return run.step("yes", () => 7);
        });
        expect(value).toBe(7);
        await expect(agent.run({}, () => Promise.reject(new Error("mine")))).rejects.toThrow("mine");
        await agent.close();
        expect(failed).toEqual([]);
      }
      for (const spy of spoken) expect(spy).not.toHaveBeenCalled();
      await metering.close();
      await world.close();
    },
  );
});

import * as api from "@opentelemetry/api";
import { logFields } from "@verdigris/telemetry";
import type { pino } from "pino";
import type { ModelUsage, Run, Verdigris } from "verdigris";

/** What this agent's two bundles differ in. */
export interface Pipeline {
  readonly model: string;
  /** US dollars for a million tokens; null where the price is not published. */
  readonly perMillion: number | null;
}

export const secret = "my card is 4111 1111 1111 1111";

const database = api.trace.getTracer("some-database-client");

/** A library that knows nothing of Verdigris: its span and its log record are stamped all the same. */
async function lookUp(): Promise<string> {
  return database.startActiveSpan("SELECT pages", async (span) => {
    await new Promise(setImmediate);
    api.logs.getLogger("some-database-client").emit({ body: "one slow query" });
    span.end();
    return "a page";
  });
}

function callOf({ model, perMillion }: Pipeline, tokens: number): ModelUsage {
  const cost = perMillion === null ? null : (tokens * perMillion) / 1_000_000;
  return { model, inputTokens: tokens, outputTokens: 0, cost, priceTable: "prices@2026-01-01" };
}

/** One question: looked up, then answered. */
export function answer(
  agent: Verdigris<Pipeline>,
  logger: pino.Logger,
  tenant: string,
  key: string,
): Promise<Run<Pipeline>> {
  return agent.run({ key, labels: { tenant } }, async (run) => {
    await run.step("retrieve", lookUp);
    await run.step("answer", (step) => {
      logger.child(logFields(step.scope, api)).info("answering");
      step.usage(callOf(step.pipeline, key.length * 1_000));
    });
    return run;
  });
}

/** A step that fails with a message full of what a user said. */
export async function fail(agent: Verdigris<Pipeline>): Promise<void> {
  await agent
    .run({ key: "unlucky" }, (run) => run.step("answer", () => Promise.reject(new RangeError(secret))))
    .catch(() => {});
}

import * as api from "@opentelemetry/api";
import { createMemoryStore } from "@verdigris/store-memory";
import { aBundle, createFakeClock } from "@verdigris/testing";
import { createVerdigris, type Verdigris, type VerdigrisOptions } from "verdigris";
import { createTelemetry, type Telemetry, type TelemetryOptions } from "../src/index.ts";
import { createLogging, createMetering, createTracing, register, unregister } from "./otel.ts";

/** A host with SDK 3.x registered, and agents whose telemetry goes there. */
export interface TelemetryWorld {
  readonly tracing: ReturnType<typeof createTracing>;
  readonly logging: ReturnType<typeof createLogging>;
  readonly metering: ReturnType<typeof createMetering>;
  /** The telemetry of the agent opened last. */
  readonly telemetry: Telemetry;
  open(options?: Partial<TelemetryOptions>, more?: Partial<VerdigrisOptions<undefined>>): Verdigris;
  close(): Promise<void>;
}

export function createTelemetryWorld(): TelemetryWorld {
  const tracing = createTracing("3.x", []);
  const logging = createLogging("3.x", []);
  const metering = createMetering();
  register({ trace: tracing.provider, logs: logging.provider, metrics: metering.provider });
  let telemetry = createTelemetry({ api });
  return {
    tracing,
    logging,
    metering,
    get telemetry() {
      return telemetry;
    },
    open(options = {}, more = {}) {
      telemetry = createTelemetry({ api, ...options });
      const clock = createFakeClock();
      return createVerdigris({
        agent: "docs",
        store: createMemoryStore({ clock }),
        clock,
        bundle: aBundle("blue"),
        watch: false,
        sweepMs: "never",
        actor: "ana",
        instrument: telemetry,
        ...more,
      });
    },
    async close() {
      unregister();
      await metering.close();
    },
  };
}

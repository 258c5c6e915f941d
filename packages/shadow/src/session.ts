import type { BundleId, Labels, ModelUsage } from "@verdigris/contracts";
import type { ToolWrapper } from "./wrap-tools.ts";

/** What `verdigris.run` is to be started with, so that a run is known for what it is in the store, in telemetry and in bills. */
export interface ShadowStart {
  readonly bundle: BundleId;
  readonly class: "shadow";
  readonly key?: string;
  readonly labels: Labels;
}

/** What a run is given: its tools go through it, and what its model calls use is told to it. */
export interface ShadowSession extends ToolWrapper {
  /** `live`: a user waits for this run. `shadow`: nobody does, and nothing it does may be seen. */
  readonly mode: "live" | "shadow";
  readonly bundle: BundleId;
  /** Pass it to `verdigris.run(session.start, …)` in a shadow run; null in a live one, which is started as ever. */
  readonly start: ShadowStart | null;
  /** Aborts a shadow run that took too long, spent too much or has to make way. Never aborts in a live one. */
  readonly signal: AbortSignal;
  /** Tells what one model call used. */
  usage(usage: ModelUsage): void;
}

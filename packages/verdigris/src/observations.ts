import {
  InvalidArgumentError,
  type RunScore,
  requireId,
  type ScoredRun,
  type Store,
  VerdigrisError,
} from "@verdigris/contracts";
import type {
  CostReport,
  CostsOptions,
  EraseUsageRequest,
  UsageRange,
  UsageRecord,
} from "@verdigris/telemetry";
import type { BlameLine } from "./blame.ts";
import type { Parts } from "./parts.ts";

/** What is known of an agent's runs: what they cost, how they did, and which bundle they were on. */
export interface Observations {
  /**
   * What model calls cost, exactly as the ledger holds it, with what this process has noted so far: by bundle, model, day or
   * label; production, shadow, eval and preview apart; calls without a price listed and never counted as 0.
   */
  costs(options: CostsOptions): Promise<CostReport>;
  /** Every model call on record in a stretch of time. */
  usage(range: UsageRange): AsyncIterable<UsageRecord>;
  /**
   * Which bundle change did it: pass rates, p95, cost for each completed run and errors of every bundle with production runs in
   * a stretch of time, each with what changed since the bundle before it.
   */
  blame(range: UsageRange): Promise<readonly BlameLine[]>;
  /**
   * Deletes what the ledger holds of the time before `before` (ms or a date); resolves with how many batches. The ledger keeps everything
   * otherwise, or what `usage: { keepMs }` says.
   */
  forgetUsage(before: number | Date): Promise<number>;
  /**
   * Removes a subject from the labels of the ledger, where a label's value is the subject; calls and costs stay. Resolves with how many
   * records held it. An erasure of the agent's memory reaches it as `erasables: [{ name: "usage", erase: agent.eraseUsage }]`.
   */
  eraseUsage(request: EraseUsageRequest): Promise<number>;
  /** Tells what a scorer or a person says of a run, at any time after it began; it counts for the bundle of `scope`. */
  score(scope: ScoredRun, score: RunScore): void;
}

function checkScore(scope: ScoredRun, { name, value, passed }: RunScore): void {
  requireId("scope.run", scope?.run);
  requireId("scope.bundle", scope.bundle);
  const { acceptedAt = 0 } = scope;
  if (!(Number.isFinite(acceptedAt) && acceptedAt >= 0))
    throw new InvalidArgumentError("scope.acceptedAt", "must be a time in milliseconds where it is given");
  if (typeof name !== "string" || name === "" || name.length > 128)
    throw new InvalidArgumentError("score.name", "must be text of 1 to 128 characters");
  if (value !== undefined && !Number.isFinite(value))
    throw new InvalidArgumentError("score.value", "must be a finite number where it is given");
  if (passed !== undefined && typeof passed !== "boolean")
    throw new InvalidArgumentError("score.passed", "must be true or false where it is given");
}

// Loaded by whoever reads a bill: most processes only write one, and everybody pays for what an import loads.
const readers = (): Promise<typeof import("@verdigris/telemetry")> => import("@verdigris/telemetry");

/** Reads the ledger of an agent; without a store there is none (`store-lacks-capability`). */
export function createObservations<P>({ agent, store, ledger, registry, events }: Parts<P>): Observations {
  /** The store, once it holds what this process has noted; what cannot be written now says so to the reader itself. */
  const upToDate = async (): Promise<Store> => {
    if (store === null)
      throw new VerdigrisError("store-lacks-capability", `${agent} keeps no ledger: pass a store`, { agent });
    await ledger?.flush().catch(() => {});
    return store;
  };
  return {
    costs: async (options) => (await readers()).readCosts(await upToDate(), agent, options),
    async *usage(range) {
      yield* (await readers()).readUsage(await upToDate(), agent, range);
    },
    async blame(range) {
      const { blame } = await import("./blame.ts");
      return blame(await upToDate(), agent, registry.get, range);
    },
    forgetUsage: async (before) => (await readers()).forgetUsage(await upToDate(), agent, before),
    eraseUsage: async (request) => (await readers()).eraseUsage(await upToDate(), agent, request),
    score(scope, score) {
      checkScore(scope, score);
      if (events.has("run-scored"))
        events.emit("run-scored", Object.freeze({ scope, score: Object.freeze({ ...score }) }));
    },
  };
}

import type { CostSource, Labels, ModelUsage, RunScope, TrafficClass } from "@verdigris/contracts";
import { decimalOf } from "./decimal.ts";
import type { RunTally } from "./run-tally.ts";

/** One model call as it is billed: to the bundle that made it. */
export interface UsageRecord {
  /** Store time (ms) at which it was noted. */
  readonly at: number;
  readonly run: string;
  readonly bundle: string;
  /** The step that made the call; absent where the run noted it. */
  readonly step?: string;
  readonly class: TrafficClass;
  /** True where the run has been on several bundles; the call is this one's all the same. */
  readonly mixed?: true;
  readonly model: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheReadTokens?: number;
  readonly cacheWriteTokens?: number;
  readonly reasoningTokens?: number;
  /** Decimal text with at most 12 decimals, in `currency`; null where the price is not known. */
  readonly cost: string | null;
  /** Where a cost is given. */
  readonly currency?: string;
  readonly priceTable?: string;
  readonly costSource?: CostSource;
  readonly labels?: Labels;
}

/** `{agent}/usage/{time}/{node}-{seq}`: what one node noted within a minute. */
export interface UsageBatch {
  readonly v: number;
  readonly records: readonly UsageRecord[];
  /** Runs that ended, and scores that were given, by bundle and class. */
  readonly runs?: readonly RunTally[];
  /** Records this node had to drop since its batch before this one. */
  readonly lost?: number;
}

function optionalTokens(usage: ModelUsage): Pick<UsageRecord, "cacheReadTokens"> {
  const names = ["cacheReadTokens", "cacheWriteTokens", "reasoningTokens"] as const;
  return Object.fromEntries(names.filter((n) => usage[n] !== undefined).map((n) => [n, usage[n]]));
}

function priceOf({ cost, currency = "USD", priceTable, costSource }: ModelUsage): Partial<UsageRecord> {
  if (cost === null) return {};
  return {
    currency,
    ...(priceTable === undefined ? {} : { priceTable }),
    costSource: costSource ?? "price-table",
  };
}

/** The record of a call; holds no key and no content. */
export function usageRecord(scope: RunScope, usage: ModelUsage, at: number): UsageRecord {
  return {
    at,
    run: scope.run,
    bundle: scope.bundle,
    ...(scope.step === undefined ? {} : { step: scope.step.slice(0, 128) }),
    class: scope.class,
    ...(scope.mixed ? { mixed: true as const } : {}),
    model: usage.model,
    inputTokens: usage.inputTokens,
    outputTokens: usage.outputTokens,
    ...optionalTokens(usage),
    cost: usage.cost === null ? null : decimalOf(usage.cost),
    ...priceOf(usage),
    ...(Object.keys(scope.labels).length === 0 ? {} : { labels: scope.labels }),
  };
}

import { decimalText } from "./decimal.ts";
import type { UsageRecord } from "./usage-record.ts";

/** Traffic as bills keep it apart: `production` is live and canary. */
export type CostTraffic = "production" | "shadow" | "eval" | "preview" | "smoke" | "drill";

/** One sum of a bill. */
export interface CostLine {
  /** The bundle, model, day or value of the label; null for calls without that label. */
  readonly key: string | null;
  readonly traffic: CostTraffic;
  readonly currency: string;
  /** The exact sum of the priced calls, as decimal text. */
  readonly cost: string;
  /** Calls with a price; the others are in `unpriced`. */
  readonly calls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** Calls whose price is not known: they are in no sum of costs. */
export interface UnpricedLine {
  readonly key: string | null;
  readonly traffic: CostTraffic;
  readonly model: string;
  readonly calls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

interface Sum {
  units: bigint;
  calls: number;
  inputTokens: number;
  outputTokens: number;
}

/** Sums by a list of names, kept under their JSON text. */
export class Sums {
  readonly #sums = new Map<string, Sum>();

  add(names: readonly (string | null)[], { inputTokens, outputTokens }: UsageRecord, units: bigint): void {
    const key = JSON.stringify(names);
    const sum = this.#sums.get(key) ?? { units: 0n, calls: 0, inputTokens: 0, outputTokens: 0 };
    sum.units += units;
    sum.calls += 1;
    sum.inputTokens += inputTokens;
    sum.outputTokens += outputTokens;
    this.#sums.set(key, sum);
  }

  /** One line per list of names, sorted. */
  lines<T>(line: (names: readonly (string | null)[], sum: Sum) => T): T[] {
    const sorted = [...this.#sums].sort(([a], [b]) => (a < b ? -1 : 1));
    return sorted.map(([key, sum]) => line(JSON.parse(key) as (string | null)[], sum));
  }
}

/** A line of priced calls, from key, traffic and currency. */
export function costLine([key = null, traffic, currency]: readonly (string | null)[], sum: Sum): CostLine {
  const { units, ...counts } = sum;
  return {
    key,
    traffic: traffic as CostTraffic,
    currency: currency ?? "",
    cost: decimalText(units),
    ...counts,
  };
}

/** A line of unpriced calls, from key, traffic and model. */
export function unpricedLine(
  [key = null, traffic, model]: readonly (string | null)[],
  sum: Sum,
): UnpricedLine {
  const { units: _, ...counts } = sum;
  return { key, traffic: traffic as CostTraffic, model: model ?? "", ...counts };
}

import { InvalidArgumentError, type Store } from "@verdigris/contracts";
import {
  type CostLine,
  type CostTraffic,
  costLine,
  Sums,
  type UnpricedLine,
  unpricedLine,
} from "./cost-sums.ts";
import { unitsOf } from "./decimal.ts";
import { batchesOf, checkRange, type UsageRange } from "./read-usage.ts";
import type { UsageRecord } from "./usage-record.ts";

/** What a bill is split by; a day is one of UTC, as `2026-01-31`. */
export type CostsBy = "bundle" | "model" | "day" | "label";

/** Options of {@link readCosts}. */
export interface CostsOptions extends UsageRange {
  /** @default "bundle" */
  readonly by?: CostsBy;
  /** Which label to split by; required with `by: "label"`. */
  readonly label?: string;
}

/** What model calls cost, exactly as the ledger holds it. */
export interface CostReport {
  readonly from: number;
  readonly to: number;
  readonly by: CostsBy;
  /** By key, traffic and currency, in that order. */
  readonly lines: readonly CostLine[];
  readonly unpriced: readonly UnpricedLine[];
  /** Sums over all keys, by traffic and currency; their key is null. */
  readonly totals: readonly CostLine[];
  /** Records that processes had to drop near this time. The bill is too low by those. */
  readonly lost: number;
  /** Batches that this release cannot read. The bill is too low by those. */
  readonly unreadable: number;
}

const trafficOf: Readonly<Record<UsageRecord["class"], CostTraffic>> = {
  live: "production",
  canary: "production",
  preview: "preview",
  shadow: "shadow",
  smoke: "smoke",
  eval: "eval",
  drill: "drill",
};

function keyOf(record: UsageRecord, { by, label }: CostsOptions): string | null {
  switch (by) {
    case "model":
      return record.model;
    case "day":
      return new Date(record.at).toISOString().slice(0, 10);
    case "label":
      return record.labels?.[label ?? ""] ?? null;
    default:
      return record.bundle;
  }
}

function checkSplit({ by = "bundle", label }: CostsOptions): CostsBy {
  if (!["bundle", "model", "day", "label"].includes(by))
    throw new InvalidArgumentError("by", 'must be "bundle", "model", "day" or "label"');
  if (by === "label" && (typeof label !== "string" || label === ""))
    throw new InvalidArgumentError("label", 'must name the label, with by: "label"');
  return by;
}

/** What a report is summed up in. */
class Bill {
  readonly lines = new Sums();
  readonly totals = new Sums();
  readonly unpriced = new Sums();
  lost = 0;
  unreadable = 0;

  add(record: UsageRecord, options: CostsOptions): void {
    const key = keyOf(record, options);
    const traffic = trafficOf[record.class] ?? record.class;
    const units = unitsOf(record.cost);
    if (units === null) {
      this.unpriced.add([key, traffic, record.model], record, 0n);
      return;
    }
    const currency = record.currency ?? "USD";
    this.lines.add([key, traffic, currency], record, units);
    this.totals.add([null, traffic, currency], record, units);
  }
}

/**
 * What the model calls of an agent cost, from the ledger in its store: each call billed to the bundle that made it;
 * production, shadow, eval and preview apart; calls without a price listed and never counted as 0. Sums are exact.
 * Rejects with `invalid-argument` and `store-unavailable`.
 */
export async function readCosts(store: Store, agent: string, options: CostsOptions): Promise<CostReport> {
  const { from, to } = checkRange(options);
  const by = checkSplit(options);
  const bill = new Bill();
  for await (const { batch } of batchesOf(store, agent, from, to)) {
    if (batch === null) bill.unreadable += 1;
    bill.lost += batch?.lost ?? 0;
    const records = batch?.records ?? [];
    for (const record of records) if (record.at >= from && record.at < to) bill.add(record, options);
  }
  return {
    from,
    to,
    by,
    lines: bill.lines.lines(costLine),
    unpriced: bill.unpriced.lines(unpricedLine),
    totals: bill.totals.lines(costLine),
    lost: bill.lost,
    unreadable: bill.unreadable,
  };
}

import type { BundleId, Store } from "@verdigris/contracts";
import { decimalText, unitsOf } from "./decimal.ts";
import { quantileOf } from "./durations.ts";
import { batchesOf, checkRange, type UsageRange } from "./read-usage.ts";
import type { RunTally } from "./run-tally.ts";
import type { UsageBatch, UsageRecord } from "./usage-record.ts";

/** What one bundle's production runs came to: live and canary, without those that had been on several bundles. */
export interface BundleFigures {
  readonly bundle: BundleId;
  /** Runs that ended: completed, failed or expired. */
  readonly runs: number;
  readonly completed: number;
  readonly failed: number;
  /** By their deadline, with nobody to finish them: they hung, or their process died. */
  readonly expired: number;
  /** Not among `runs`. */
  readonly cancelled: number;
  /** (failed + expired) / runs; null without runs. */
  readonly errorRate: number | null;
  /** In milliseconds, within 1 %; failed and expired runs count. */
  readonly p95Ms: number | null;
  /** Of all verdicts on its runs, whoever gave them and under whatever name; null without one. A run with two counts twice. */
  readonly passRate: number | null;
  /** By name of the score; of the scores that say whether a run passed. */
  readonly scores: Readonly<Record<string, { readonly scored: number; readonly passRate: number }>>;
  /** What all calls cost, failed runs' too, and what that is for each run that completed. */
  readonly costs: readonly {
    readonly currency: string;
    readonly cost: string;
    readonly perCompletedRun: number | null;
  }[];
  /** Calls without a price: `costs` are too low by those. */
  readonly unpricedCalls: number;
}

class Counts {
  readonly endings = { completed: 0, failed: 0, cancelled: 0, expired: 0 };
  readonly durations = new Map<number, number>();
  readonly scores = new Map<string, { scored: number; passed: number }>();
  readonly costs = new Map<string, bigint>();
  unpriced = 0;

  addRuns(tally: RunTally): void {
    for (const ending of ["completed", "failed", "cancelled", "expired"] as const)
      this.endings[ending] += tally[ending];
    for (const [bucket, count] of Object.entries(tally.durations))
      this.durations.set(Number(bucket), (this.durations.get(Number(bucket)) ?? 0) + count);
    for (const [name, { scored, passed }] of Object.entries(tally.scores ?? {})) {
      const sum = this.scores.get(name) ?? { scored: 0, passed: 0 };
      this.scores.set(name, { scored: sum.scored + scored, passed: sum.passed + passed });
    }
  }

  addCall({ cost, currency = "USD" }: UsageRecord): void {
    const units = unitsOf(cost);
    if (units === null) this.unpriced += 1;
    else this.costs.set(currency, (this.costs.get(currency) ?? 0n) + units);
  }

  figures(bundle: BundleId): BundleFigures {
    const { completed, failed, cancelled, expired } = this.endings;
    const runs = completed + failed + expired;
    const scores = [...this.scores].sort(([a], [b]) => (a < b ? -1 : 1));
    const costs = [...this.costs].sort(([a], [b]) => (a < b ? -1 : 1));
    return {
      bundle,
      runs,
      completed,
      failed,
      expired,
      cancelled,
      errorRate: runs === 0 ? null : (failed + expired) / runs,
      p95Ms: quantileOf(this.durations, 0.95),
      passRate: passRateOf(scores.map(([, counts]) => counts)),
      scores: Object.fromEntries(
        scores.map(([name, { scored, passed }]) => [name, { scored, passRate: passed / scored }]),
      ),
      costs: costs.map(([currency, units]) => {
        const cost = decimalText(units);
        return { currency, cost, perCompletedRun: completed === 0 ? null : Number(cost) / completed };
      }),
      unpricedCalls: this.unpriced,
    };
  }
}

function passRateOf(counts: readonly { readonly scored: number; readonly passed: number }[]): number | null {
  const sum = (of: "scored" | "passed"): number => counts.reduce((total, each) => total + each[of], 0);
  return sum("scored") === 0 ? null : sum("passed") / sum("scored");
}

function compares(of: Pick<RunTally | UsageRecord, "class" | "mixed">): boolean {
  return of.mixed !== true && (of.class === "live" || of.class === "canary");
}

/**
 * What each bundle's production runs came to: pass rates, p95, cost for each completed run, errors. Calls count from `from` on
 * and before `to`; runs and scores by the minute they were noted in. In order of the bundles' ids. Rejects with
 * `invalid-argument` and `store-unavailable`.
 */
export async function readFigures(
  store: Store,
  agent: string,
  range: UsageRange,
): Promise<readonly BundleFigures[]> {
  const { from, to } = checkRange(range);
  const bundles = new Map<BundleId, Counts>();
  const counts = (bundle: BundleId): Counts => {
    const found = bundles.get(bundle) ?? new Counts();
    bundles.set(bundle, found);
    return found;
  };
  const add = (batch: UsageBatch, at: number): void => {
    for (const record of batch.records)
      if (compares(record) && record.at >= from && record.at < to) counts(record.bundle).addCall(record);
    if (at < from) return;
    for (const tally of batch.runs ?? []) if (compares(tally)) counts(tally.bundle).addRuns(tally);
  };
  for await (const { batch, at } of batchesOf(store, agent, from, to)) if (batch !== null) add(batch, at);
  const sorted = [...bundles].sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.map(([bundle, found]) => found.figures(bundle));
}

import { InvalidArgumentError, type Strategy } from "@verdigris/contracts";

/** How long a release may wait for runs in flight, where that is not ten minutes. */
export interface StrategyFacts {
  /** @default 600_000 */
  readonly releaseMayWaitMs?: number;
}

/** A strategy with the figures it rests on. Percentiles are durations that occurred (nearest rank); null without any. */
export interface StrategyAdvice {
  /** `null` where there are too few durations to tell. */
  readonly strategy: Strategy | null;
  readonly reason: string;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly max: number | null;
  /** How many durations there were. */
  readonly n: number;
}

/** With fewer, the 95th percentile is the longest run. */
const leastRuns = 20;
const minuteMs = 60_000;
const hourMs = 3_600_000;

/**
 * The strategy that fits runs of these durations (milliseconds): `drain` when 95 of 100 end within a minute, `pin` when
 * more than 5 of 100 take over an hour; between, `drain` when 95 of 100 end within `releaseMayWaitMs`, `pin` otherwise.
 * `null` for fewer than 20 durations. The order of the durations does not matter.
 *
 * Throws `invalid-argument` for a duration that is no finite number from 0 on, and for a wait that is not above 0.
 */
export function adviseStrategy(runDurationsMs: readonly number[], facts: StrategyFacts = {}): StrategyAdvice {
  const waitMs = facts.releaseMayWaitMs ?? 10 * minuteMs;
  if (!Number.isFinite(waitMs) || waitMs <= 0) {
    throw new InvalidArgumentError("releaseMayWaitMs", "must be a number of milliseconds above 0");
  }
  if (!Array.isArray(runDurationsMs) || !runDurationsMs.every((ms) => Number.isFinite(ms) && ms >= 0)) {
    throw new InvalidArgumentError("runDurationsMs", "must be a list of milliseconds from 0 on");
  }
  const sorted = [...runDurationsMs].sort((a, b) => a - b);
  const n = sorted.length;
  const [p50, p95, max] = [rank(sorted, 0.5), rank(sorted, 0.95), rank(sorted, 1)];
  const figures = { p50, p95, max, n };
  if (n < leastRuns || p95 === null || max === null) {
    const reason = `${n} runs are too few: give the durations of at least ${leastRuns} finished ones`;
    return Object.freeze({ strategy: null, reason, ...figures });
  }
  return Object.freeze({ ...choose(p95, max, waitMs), ...figures });
}

function choose(p95: number, max: number, waitMs: number): Pick<StrategyAdvice, "strategy" | "reason"> {
  const most = `95 of 100 runs end within ${spell(p95)}`;
  if (p95 > hourMs) {
    const reason = `more than 5 of 100 runs take over an hour (p95 is ${spell(p95)}): no release should wait for them`;
    return { strategy: "pin", reason };
  }
  if (p95 > minuteMs && p95 > waitMs) {
    return { strategy: "pin", reason: `${most}, and a release may wait ${spell(waitMs)}` };
  }
  const short =
    p95 <= minuteMs ? "runs are short and waiting for them is simplest" : "a release may wait that";
  // The average run says nothing about a drain: it ends with its last run.
  const tail =
    max > waitMs ? `; the longest took ${spell(max)}, so cap what a drain waits for with maxAgeMs` : "";
  return { strategy: "drain", reason: `${most}: ${short}${tail}` };
}

function rank(sorted: readonly number[], share: number): number | null {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? null;
}

function spell(ms: number): string {
  if (ms < minuteMs) return `${round(ms / 1_000)} s`;
  return ms < hourMs ? `${round(ms / minuteMs)} min` : `${round(ms / hourMs)} h`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

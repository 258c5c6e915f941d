import { type Histogram, histogramFromJson, histogramToJson, mergeInto } from "./histogram.ts";

/** The runs of one bundle that started within one bucket of ten seconds of store time, as far as they have come. */
export interface Cohort {
  /** Store time at which the bucket begins. */
  readonly at: number;
  started: number;
  completed: number;
  failed: number;
  /** Ended by their deadline: hung, or left by a process that died. */
  expired: number;
  /** Taken out again: cancelled, or moved to another bundle. */
  withdrawn: number;
  /** Milliseconds from start to end of runs that completed, failed or expired. */
  readonly latency: Histogram;
  /** What completed runs cost, and what all others did: both are paid for. */
  readonly cost: Histogram;
  readonly waste: Histogram;
  /** Ended runs whose cost is not known; they are in neither. */
  unpriced: number;
  /** All that was spent, in billionths, so that sums are exact. */
  spent: number;
  scored: number;
  passed: number;
  /** Yes-or-no events of the caller's own: how often asked, how often yes. */
  events: ReadonlyMap<string, { readonly n: number; readonly hits: number }>;
}

/** The width of a bucket of time. */
export const cohortMs = 10_000;

/** The bucket of time that `at` falls into. */
export function cohortTime(at: number): number {
  return Math.floor(at / cohortMs) * cohortMs;
}

/** Shared by all cohorts that have none: most have none, and a map each would be a third of their memory. */
const noEvents: Cohort["events"] = new Map();

/** A cohort without a run. */
export function emptyCohort(at: number): Cohort {
  return {
    at,
    started: 0,
    completed: 0,
    failed: 0,
    expired: 0,
    withdrawn: 0,
    latency: new Map(),
    cost: new Map(),
    waste: new Map(),
    unpriced: 0,
    spent: 0,
    scored: 0,
    passed: 0,
    events: noEvents,
  };
}

const counts = [
  "started",
  "completed",
  "failed",
  "expired",
  "withdrawn",
  "unpriced",
  "spent",
  "scored",
  "passed",
] as const;
const histograms = ["latency", "cost", "waste"] as const;

/** Adds the runs of one cohort to another of the same time: whole numbers only, so exact and in any order. */
export function addCohort(into: Cohort, from: Cohort): void {
  for (const name of counts) into[name] = Math.min(Number.MAX_SAFE_INTEGER, into[name] + from[name]);
  for (const name of histograms) mergeInto(into[name], from[name]);
  for (const [name, { n, hits }] of from.events) addEvents(into, name, n, hits);
}

export function addEvents(cohort: Cohort, name: string, n: number, hits: number): void {
  const known = cohort.events.get(name);
  const sum = { n: n + (known?.n ?? 0), hits: hits + (known?.hits ?? 0) };
  cohort.events = new Map(cohort.events).set(name, sum);
}

/** How many verdicts and events a cohort holds. */
export function judgedOf({ scored, events }: Cohort): number {
  if (events === noEvents) return scored;
  let sum = scored;
  for (const { n } of events.values()) sum += n;
  return sum;
}

/** Runs that came to an end of their own or by their deadline. */
export function endedOf(cohort: Cohort): number {
  return cohort.completed + cohort.failed + cohort.expired;
}

/** Runs that count: all that started but those taken out. */
export function membersOf(cohort: Cohort): number {
  return Math.max(cohort.started - cohort.withdrawn, endedOf(cohort));
}

/** Runs that have not ended. */
export function openOf(cohort: Cohort): number {
  return membersOf(cohort) - endedOf(cohort);
}

/** A cohort as JSON: zeros are left out, everything is in order, so the same runs are the same text. */
export interface CohortRecord {
  readonly at: number;
  readonly [count: string]: unknown;
}

export function cohortToJson(cohort: Cohort): CohortRecord {
  const record: Record<string, unknown> = { at: cohort.at };
  for (const name of counts) if (cohort[name] !== 0) record[name] = cohort[name];
  for (const name of histograms) if (cohort[name].size > 0) record[name] = histogramToJson(cohort[name]);
  if (cohort.events.size > 0)
    record.events = Object.fromEntries(
      [...cohort.events].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, { n, hits }]) => [name, [n, hits]]),
    );
  return record as unknown as CohortRecord;
}

/** Reads a cohort back; null for what is none. Members that a later release added are left out. */
export function cohortFromJson(value: unknown): Cohort | null {
  if (typeof value !== "object" || value === null) return null;
  const record = value as Record<string, unknown>;
  if (!isTime(record.at)) return null;
  const cohort = emptyCohort(record.at);
  for (const name of counts) {
    const count = record[name] ?? 0;
    if (!isCount(count)) return null;
    cohort[name] = count;
  }
  for (const name of histograms) {
    const pairs = record[name] ?? [];
    if (!Array.isArray(pairs) || !pairs.every(Number.isSafeInteger)) return null;
    mergeInto(cohort[name], histogramFromJson(pairs as number[]));
  }
  return readEvents(cohort, record.events ?? {}) ? cohort : null;
}

function readEvents(cohort: Cohort, events: unknown): boolean {
  for (const [name, pair] of Object.entries(events as object)) {
    const [n, hits] = Array.isArray(pair) ? (pair as unknown[]) : [];
    if (!isCount(n) || !isCount(hits)) return false;
    addEvents(cohort, name, n, hits);
  }
  return true;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isTime(value: unknown): value is number {
  return isCount(value) && value % cohortMs === 0;
}

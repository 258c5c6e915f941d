import { getHeapStatistics } from "node:v8";
import { do_not_optimize, measure } from "mitata";

/** What the rounds of one row say. */
export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** One operation, measured in turn with its peers. */
export interface Operation {
  readonly name: string;
  /**
   * A function literal of its own, so that the engine learns about each apart. What is not a promise goes through
   * {@link keep}, or the engine may leave the work out.
   */
  readonly run: () => unknown;
}

/** The rounds of one operation, in ns per call, and what it allocates. */
export interface Rounds {
  readonly nanoseconds: readonly number[];
  /** CPU time of the process per call over a long loop: holds the collector's work, and other processes do not move it. */
  readonly cpuNanoseconds: number;
  readonly bytes: number;
}

/** Uses a value, so that the work behind it cannot be left out. */
export const keep: (value: unknown) => void = do_not_optimize;

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
}

export function spreadOf(values: readonly number[]): Spread {
  return { min: Math.min(...values), median: medianOf(values), max: Math.max(...values) };
}

/** Pairs two rows round by round, so that what the machine did in a round weighs on both. */
export function pairwise(
  a: readonly number[],
  b: readonly number[],
  combine: (x: number, y: number) => number,
): number {
  return medianOf(a.map((x, round) => combine(x, b[round] ?? Number.NaN)));
}

export function ratioOf(a: readonly number[], b: readonly number[]): number {
  return pairwise(a, b, (x, y) => x / y);
}

export function collect(): void {
  if (globalThis.gc === undefined) throw new Error("run with node --expose-gc");
  globalThis.gc();
  globalThis.gc();
}

function heapUsed(): number {
  const { used_heap_size, malloced_memory } = getHeapStatistics();
  return used_heap_size + malloced_memory;
}

async function cpuOf(run: Operation["run"], calls: number): Promise<number> {
  const asynchronous = run() instanceof Promise;
  const before = process.cpuUsage();
  if (asynchronous) for (let i = 0; i < calls; i++) await run();
  else for (let i = 0; i < calls; i++) run();
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1_000) / calls;
}

/**
 * Measures operations that take well under a microsecond to a few microseconds: in every round each in turn, for
 * `roundMs`; a round's figure is the median of its batches.
 */
export async function measureOperations(
  operations: readonly Operation[],
  { rounds = 7, roundMs = 120 }: { readonly rounds?: number; readonly roundMs?: number } = {},
): Promise<Map<string, Rounds>> {
  const seen = new Map(
    operations.map(({ name }) => [name, { nanoseconds: [] as number[], bytes: [] as number[] }]),
  );
  for (let round = -1; round < rounds; round++) {
    for (const { name, run } of operations) {
      const { p50, heap } = await measure(run, {
        heap: heapUsed,
        batch_samples: 2_048,
        min_cpu_time: roundMs * 1e6,
      });
      // The first round only warms up.
      if (round < 0) continue;
      seen.get(name)?.nanoseconds.push(p50);
      seen.get(name)?.bytes.push(heap?.avg ?? Number.NaN);
    }
  }
  const results = new Map<string, Rounds>();
  for (const { name, run } of operations) {
    const { nanoseconds = [], bytes = [] } = seen.get(name) ?? {};
    const calls = Math.ceil(2.5e8 / Math.max(5, medianOf(nanoseconds)));
    collect();
    results.set(name, {
      nanoseconds,
      bytes: medianOf(bytes),
      cpuNanoseconds: await cpuOf(run, calls),
    });
  }
  return results;
}

/** Microseconds per call of `calls` calls one after another, everything they cause included. */
export async function microsecondsEach(
  calls: number,
  call: (index: number) => Promise<unknown> | undefined,
): Promise<number> {
  const began = process.hrtime.bigint();
  for (let i = 0; i < calls; i++) await call(i);
  return Number(process.hrtime.bigint() - began) / 1_000 / calls;
}

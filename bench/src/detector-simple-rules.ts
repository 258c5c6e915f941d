import { bakeMinutes, type Release, type SimulatedRun } from "./detector-world.ts";

/** The minute at which a simpler rule fires first; Infinity when it never does. */
export type SimpleRules = Readonly<Record<string, number>>;

/** An arm as the rules of the field read it: by when its runs ended. */
interface Ended {
  /** Quantile, mean and share of what ended in `[from, to)` minutes; NaN of nothing. */
  p95(from: number, to: number): number;
  cost(from: number, to: number): number;
  passed(from: number, to: number): number;
}

function endedOf(runs: readonly SimulatedRun[]): Ended {
  const order = runs.toSorted((a, b) => a.endedAt - b.endedAt);
  const durations = Float64Array.from(order, ({ startedAt, endedAt }) => endedAt - startedAt);
  const minutes = bakeMinutes + 1;
  const first = new Int32Array(minutes + 1);
  for (let i = 0, minute = 0; minute <= minutes; minute++) {
    while ((order[i]?.endedAt ?? Infinity) < minute * 60_000) i++;
    first[minute] = i;
  }
  const between = (from: number, to: number): [number, number] => [
    first[Math.max(0, from)] ?? 0,
    first[Math.max(0, to)] ?? 0,
  ];
  const mean = (of: (run: SimulatedRun) => number): ((from: number, to: number) => number) => {
    const sums = new Float64Array(order.length + 1);
    for (const [i, run] of order.entries()) sums[i + 1] = (sums[i] ?? 0) + of(run);
    return (from, to) => {
      const [a, b] = between(from, to);
      return ((sums[b] ?? 0) - (sums[a] ?? 0)) / (b - a);
    };
  };
  return {
    p95(from, to) {
      const sorted = durations.slice(...between(from, to)).sort();
      return sorted[Math.ceil(0.95 * sorted.length) - 1] ?? Number.NaN;
    },
    cost: mean(({ cost }) => cost),
    passed: mean(({ passed }) => (passed ? 1 : 0)),
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Minutes at which `fires` says so `times` times, one after another or not. */
function firstAfter(every: number, times: number, fires: (minute: number) => boolean): number {
  let count = 0;
  for (let minute = every; minute <= bakeMinutes; minute += every)
    if (fires(minute) && ++count >= times) return minute;
  return Infinity;
}

/** True when the lower end of the interval of a shift lies above 0, by the normal approximation at 98 %. */
function isShifted(green: readonly number[], blue: readonly number[]): boolean {
  const [n, m] = [green.length, blue.length];
  const k = Math.floor((n * m) / 2 - 2.326 * Math.sqrt((n * m * (n + m + 1)) / 12) - 0.5);
  let below = 0;
  for (const x of green) for (const y of blue) if (x <= y) below++;
  return below <= Math.max(0, k);
}

/** Plays the rules of the field on the same release: literal windows, counters of intervals, a rank test on minutes. */
export function simpleRules({ green, blue }: Release): SimpleRules {
  const [g, b] = [endedOf(green), endedOf(blue)];
  const slower = (from: number, to: number): boolean => g.p95(from, to) > 1.25 * b.p95(from, to);
  const perMinute = ({ p95 }: Ended): number[] =>
    Array.from({ length: bakeMinutes }, (_, minute) => p95(minute, minute + 1));
  const [gm, bm] = [perMinute(g), perMinute(b)];
  const kayenta = (minute: number): boolean => {
    const [x, y] = [gm.slice(0, minute).filter(Number.isFinite), bm.slice(0, minute).filter(Number.isFinite)];
    return x.length >= 5 && y.length >= 5 && isShifted(x, y) && mean(x) >= 1.25 * mean(y);
  };
  return {
    "p95 over 1.25 in 10 minutes": firstAfter(1, 1, (minute) => slower(minute - 10, minute)),
    "cost over 1.5 in 10 minutes": firstAfter(1, 1, (m) => g.cost(m - 10, m) > 1.5 * b.cost(m - 10, m)),
    "pass rate under 0.9 in 10 minutes": firstAfter(1, 1, (minute) => g.passed(minute - 10, minute) < 0.9),
    "p95, Argo style: 4 of the 5-minute intervals": firstAfter(5, 4, (minute) => slower(minute - 5, minute)),
    "p95, Flagger style: 10 of the minutes": firstAfter(1, 10, (minute) => slower(minute - 1, minute)),
    "p95, Kayenta style: ranks of minutes every 30": firstAfter(30, 1, kayenta),
  };
}

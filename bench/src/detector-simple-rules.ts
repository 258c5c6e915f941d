import { bakeMinutes, type Release, type SimulatedRun } from "./detector-world.ts";

/** The minute at which a simpler rule fires first; Infinity when it never does. */
export type SimpleRules = Readonly<Record<string, number>>;

/** What a rule reads literally from finished runs of `[from, to)` minutes. */
interface Slice {
  readonly durations: readonly number[];
  readonly costs: readonly number[];
  readonly passed: number;
}

function slicer(runs: readonly SimulatedRun[]): (from: number, to: number) => Slice {
  const ended = runs.toSorted((a, b) => a.endedAt - b.endedAt);
  return (from, to) => {
    const some = ended.filter(({ endedAt }) => endedAt >= from * 60_000 && endedAt < to * 60_000);
    return {
      durations: some.map(({ startedAt, endedAt }) => endedAt - startedAt),
      costs: some.map(({ cost }) => cost),
      passed: some.filter(({ passed }) => passed).length,
    };
  };
}

function p95(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(0.95 * sorted.length) - 1] ?? Number.NaN;
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

/** The rank of the lower end of the interval of a shift, by the normal approximation at 98 %. */
function rankShift(green: readonly number[], blue: readonly number[]): number {
  const differences = green.flatMap((x) => blue.map((y) => x - y)).sort((a, b) => a - b);
  const [n, m] = [green.length, blue.length];
  const k = Math.floor((n * m) / 2 - 2.326 * Math.sqrt((n * m * (n + m + 1)) / 12) - 0.5);
  return differences[Math.max(0, k)] ?? 0;
}

/** Plays the rules of the field on the same release: literal windows, counters of intervals, a rank test on minutes. */
export function simpleRules({ green, blue }: Release): SimpleRules {
  const [g, b] = [slicer(green), slicer(blue)];
  const slower = (from: number, to: number): boolean =>
    p95(g(from, to).durations) > 1.25 * p95(b(from, to).durations);
  const perMinute = (slice: (from: number, to: number) => Slice): number[] =>
    Array.from({ length: bakeMinutes }, (_, minute) => p95(slice(minute, minute + 1).durations));
  const [gm, bm] = [perMinute(g), perMinute(b)];
  const kayenta = (minute: number): boolean => {
    const [x, y] = [gm.slice(0, minute).filter(Number.isFinite), bm.slice(0, minute).filter(Number.isFinite)];
    return x.length >= 5 && y.length >= 5 && rankShift(x, y) > 0 && mean(x) >= 1.25 * mean(y);
  };
  const floor = (minute: number): boolean => {
    const { passed, costs } = g(minute - 10, minute);
    return costs.length > 0 && passed / costs.length < 0.9;
  };
  return {
    "p95 over 1.25 in 10 minutes": firstAfter(1, 1, (minute) => slower(minute - 10, minute)),
    "cost over 1.5 in 10 minutes": firstAfter(
      1,
      1,
      (m) => mean(g(m - 10, m).costs) > 1.5 * mean(b(m - 10, m).costs),
    ),
    "pass rate under 0.9 in 10 minutes": firstAfter(1, 1, floor),
    "p95, Argo style: 4 of the 5-minute intervals": firstAfter(5, 4, (minute) => slower(minute - 5, minute)),
    "p95, Flagger style: 10 of the minutes": firstAfter(1, 10, (minute) => slower(minute - 1, minute)),
    "p95, Kayenta style: ranks of minutes every 30": firstAfter(30, 1, kayenta),
  };
}

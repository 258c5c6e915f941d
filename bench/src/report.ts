import type { Machine } from "./machine.ts";
import { type Rounds, type Spread, spreadOf } from "./measure.ts";

/** One line of the table. */
export interface Row extends Spread {
  readonly group: string;
  readonly name: string;
  readonly unit: string;
  /** CPU time of the process per call, in ns. */
  readonly cpuNanoseconds?: number;
  /** Bytes allocated per call. */
  readonly bytes?: number;
  /** How it compares with a row of the same run: the median of the rounds' quotients. */
  readonly ratio?: number;
  readonly ratioTo?: string;
}

/** A promise in figures. */
export interface Goal {
  readonly name: string;
  readonly value: number;
  readonly limit: number;
  readonly better: "lower" | "higher";
  readonly met: boolean;
}

/** What one bench found. */
export interface Findings {
  readonly rows: readonly Row[];
  readonly goals: readonly Goal[];
}

/** A bench by its name. `progress` is called with what is being measured; `only` names the parts to run, none for all. */
export interface Bench {
  readonly name: string;
  readonly sentence: string;
  run(progress: (text: string) => void, only: readonly string[]): Promise<Findings>;
}

/** What `--json` prints. */
export interface Report extends Findings {
  readonly name: string;
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
}

export function goal(name: string, value: number, better: Goal["better"], limit: number): Goal {
  const met = better === "lower" ? value <= limit : value >= limit;
  return { name, value, limit, better, met };
}

export function operationRow(
  group: string,
  name: string,
  rounds: Rounds,
  compared?: { readonly ratio: number; readonly ratioTo: string },
): Row {
  const { nanoseconds, cpuNanoseconds, bytes } = rounds;
  return { group, name, unit: "ns", ...spreadOf(nanoseconds), cpuNanoseconds, bytes, ...compared };
}

function figure(value: number | undefined): string {
  if (value === undefined) return "";
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const widths = head.map((title, i) => Math.max(title.length, ...lines.map((line) => line[i]?.length ?? 0)));
  const leftAligned = (i: number): boolean => i < 2;
  const pad = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (leftAligned(i) ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join("  ")
      .trimEnd();
  return [pad(head), pad(widths.map((width) => "-".repeat(width))), ...lines.map(pad)].join("\n");
}

function rowTable(rows: readonly Row[]): string {
  const lines = rows.map((row) => [
    row.group,
    row.name,
    row.unit,
    figure(row.min),
    figure(row.median),
    figure(row.max),
    figure(row.cpuNanoseconds),
    figure(row.bytes),
    row.ratio === undefined ? "" : `${figure(row.ratio)} x ${row.ratioTo ?? ""}`,
  ]);
  return table(["group", "row", "unit", "min", "median", "max", "CPU ns", "B/op", "ratio"], lines);
}

function goalTable(goals: readonly Goal[]): string {
  const lines = goals.map(({ name, value, limit, better, met }) => [
    met ? "met" : "NOT MET",
    name,
    figure(value),
    `${better === "lower" ? "at most" : "at least"} ${limit}`,
  ]);
  return table(["goal", "of", "value", "limit"], lines);
}

export function renderReport(report: Report): string {
  const { cpu, cores, memoryGiB, os, load } = report.machine;
  const versions = Object.entries(report.versions).map(([name, version]) => `${name} ${version}`);
  return [
    `${report.name}: ${cpu}, ${cores} cores, ${memoryGiB} GiB, ${os}, load ${load}`,
    versions.join(", "),
    "",
    rowTable(report.rows),
    "",
    goalTable(report.goals),
  ].join("\n");
}

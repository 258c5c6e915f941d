import type { BundleId, RouteMove, RunId, RunOutcome } from "@verdigris/contracts";

/** Something that happened: to a run, to a pipeline, or to the route. */
export interface RecordEntry {
  /** Milliseconds since the epoch, by the test's clock. */
  readonly at: number;
  readonly what:
    | "start"
    | "step"
    | "step-failed"
    | "finish"
    | "finish-failed"
    | "expiring"
    | "expire"
    | "migrate"
    | "cancel"
    | "usage"
    | "load"
    | "load-failed"
    | "unload"
    | RouteMove["verb"];
  /** Of a run: the bundle it was on. Of a move: the live bundle after it. */
  readonly bundle: BundleId;
  readonly run?: RunId;
  /** The step's name. */
  readonly step?: string;
  /** How a run finished. */
  readonly outcome?: RunOutcome;
  /** Generation of the route after a move. */
  readonly generation?: number;
}

/** What happened, in order: a plain array that prints one line per entry. */
export interface TestRecord extends ReadonlyArray<RecordEntry> {
  /** What happened to one run. */
  of(run: RunId | { readonly id: RunId }): TestRecord;
  /** {@link formatRecord} of this record. */
  toString(): string;
}

function formatEntry(entry: RecordEntry, origin: number): string {
  const { at, what, bundle, run, step, outcome, generation } = entry;
  const facts = [run, step, outcome, generation === undefined ? undefined : `generation ${generation}`];
  const time = `+${((at - origin) / 1_000).toFixed(3)}s`;
  const rest = facts.filter((fact) => fact !== undefined).join("  ");
  return `${time.padStart(12)}  ${what.padEnd(13)}  ${bundle.padEnd(12)}  ${rest}`.trimEnd();
}

/** A record as text: a line per entry with the seconds since the first, what happened, the bundle, run, step and outcome. */
export function formatRecord(record: readonly RecordEntry[]): string {
  const origin = record[0]?.at ?? 0;
  return record.map((entry) => formatEntry(entry, origin)).join("\n");
}

/** Gives an array of entries the methods of a record; they do not show up when records are compared. */
export function asRecord(entries: readonly RecordEntry[]): TestRecord {
  const of: TestRecord["of"] = (run) => {
    const id = typeof run === "string" ? run : run.id;
    return asRecord(entries.filter((entry) => entry.run === id));
  };
  return Object.defineProperties(entries as unknown as TestRecord, {
    of: { value: of },
    toString: { value: () => formatRecord(entries) },
  });
}

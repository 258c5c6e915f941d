import type { BundleId } from "verdigris";
import type { Note } from "../notebook.ts";
import type { Stage } from "../stage.ts";

/** What a rollback left in the agent's memory, as the bundle reads it that is live again. */
export interface MemoryCheck {
  readonly bundle: BundleId;
  /** Notes it reads, and those of them it wrote itself while the other one was live. */
  readonly notes: number;
  readonly ownMeanwhile: number;
  /** Notes that the bundle taken back had written, and how many of them are still read: there must be none. */
  readonly takenBack: number;
  readonly leftOver: number;
  /** True when it reads exactly what it would if the other one had never run. */
  readonly asIfNever: boolean;
}

/** Notes as `bundle` reads them, taken before something is tried. */
export async function snapshot({ notebook }: Stage, bundle: BundleId): Promise<ReadonlyMap<string, Note>> {
  return notebook.read(bundle);
}

/** Compares what `bundle` reads after `bad` was rolled back with what it read before and what it wrote since. */
export async function checkMemory(
  { notebook, ledger }: Stage,
  before: ReadonlyMap<string, Note>,
  bundle: BundleId,
  bad: BundleId,
): Promise<MemoryCheck> {
  const now = await notebook.read(bundle);
  const theirs = await notebook.read(bad);
  const runOf = new Map(ledger.runs.map((line) => [line.run, line]));
  const wrote = (note: Note, by: BundleId): boolean => runOf.get(note.run)?.bundle === by;
  const takenBack = [...theirs.values()].filter((note) => wrote(note, bad));
  const leftOver = [...now.values()].filter((note) => wrote(note, bad));
  const changed = [...now].filter(([question, note]) => before.get(question)?.run !== note.run);
  const own = changed.filter(([, note]) => wrote(note, bundle));
  const kept = [...before.keys()].every((question) => now.has(question));
  return {
    ...{ bundle, notes: now.size, ownMeanwhile: own.length },
    ...{ takenBack: takenBack.length, leftOver: leftOver.length },
    asIfNever: leftOver.length === 0 && own.length === changed.length && kept,
  };
}

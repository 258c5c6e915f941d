import type { RunId } from "@verdigris/contracts";
import type { StateRow } from "./backing.ts";
import type { Scratch } from "./memory-parts.ts";

function createScratch(): Scratch & { forget(isIt: (row: string) => boolean): number } {
  const rows = new Map<string, string>();
  return {
    get: async (keys) => keys.map((key) => rows.get(key)),
    write(changes) {
      for (const { key, text } of changes) {
        if (text === null) rows.delete(key);
        else rows.set(key, text);
      }
    },
    async list(prefix, { after, limit }) {
      const found: StateRow[] = [];
      for (const [key, text] of rows) {
        if (key.startsWith(prefix) && (after === undefined || key > after)) found.push({ key, text });
      }
      return found.sort((a, b) => (a.key < b.key ? -1 : 1)).slice(0, limit);
    },
    forget(isIt) {
      const gone = [...rows.keys()].filter(isIt);
      for (const key of gone) rows.delete(key);
      return gone.length;
    },
  };
}

/** What runs of no consequence wrote, per run, until it is thrown away. */
export interface Scratches {
  of(run: RunId): Scratch;
  discard(run: RunId): void;
  /** Removes rows from all of them; returns how many. */
  forget(isIt: (row: string) => boolean): number;
}

/** Keeps the scratch of the `most` runs seen last: a run that never says it is over must not fill the process. */
export function createScratches(most: number): Scratches {
  const byRun = new Map<RunId, ReturnType<typeof createScratch>>();
  return {
    of(run) {
      const scratch = byRun.get(run) ?? createScratch();
      byRun.delete(run);
      byRun.set(run, scratch);
      const oldest = byRun.keys().next();
      if (byRun.size > most && !oldest.done) byRun.delete(oldest.value);
      return scratch;
    },
    discard(run) {
      byRun.delete(run);
    },
    forget(isIt) {
      let count = 0;
      for (const scratch of byRun.values()) count += scratch.forget(isIt);
      return count;
    },
  };
}

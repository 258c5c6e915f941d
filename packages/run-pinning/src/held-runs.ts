interface WithId {
  readonly id: string;
}

/** The runs a process owns, by their id. */
export interface HeldRuns<R extends WithId> {
  get(id: string): R | undefined;
  /** No other run of its id may be held. */
  add(run: R): void;
  /** Does nothing where this very run is not held. */
  remove(run: R): void;
  values(): R[];
}

/**
 * A map that empties makes itself a new table every time, and the tables it has left keep each other from the collector.
 * So the newest runs stand in a short list first: where runs come and go a few at a time, none gets into the map.
 */
const newestAtMost = 8;

export function createHeldRuns<R extends WithId>(): HeldRuns<R> {
  const newest: R[] = [];
  const older = new Map<string, R>();

  return {
    get(id) {
      // Where many are held, most of them are in the map: comparing ids that were minted in one moment is slow.
      const found = older.size === 0 ? undefined : older.get(id);
      return found ?? newest.find((run) => run.id === id);
    },
    add(run) {
      if (newest.length === newestAtMost) {
        for (const each of newest) older.set(each.id, each);
        newest.length = 0;
      }
      newest.push(run);
    },
    remove(run) {
      const at = newest.lastIndexOf(run);
      if (at >= 0) newest.splice(at, 1);
      else if (older.get(run.id) === run) older.delete(run.id);
    },
    values: () => [...older.values(), ...newest],
  };
}

import { createRowTree } from "./b-tree.ts";
import type { Row } from "./row.ts";
import { createRowMap } from "./row-map.ts";

/** The rows of a table: found by their key, and put in byte order of their keys when somebody asks. */
export interface Rows {
  readonly size: number;
  get(key: string): Row | undefined;
  /** The key must be new. */
  add(row: Row): void;
  /** The key must be known. */
  remove(key: string): void;
  /** Keys from `from` on, in order, with their rows. Nothing may be added or removed while they are read. */
  since(from: string): Iterable<readonly [string, Row]>;
  clear(): void;
}

/**
 * Most runs are over soon after they began, often before anybody lists them. So new rows stand in a small map that the
 * processor keeps at hand. Only those that outlive the room of their peers, or a listing, go where a million may lie and
 * get their place in order: each once, so adding stays O(log n) however listings and commits alternate.
 */
const newestAtMost = 1_024;

export function createRows(): Rows {
  const newest = new Map<string, Row>();
  const settled = createRowMap();
  const ordered = createRowTree();

  function settle(): void {
    for (const row of newest.values()) {
      settled.add(row);
      ordered.set(row.key, row);
    }
    newest.clear();
  }

  return {
    get size() {
      return newest.size + settled.size;
    },
    get: (key) => newest.get(key) ?? settled.get(key),
    add(row) {
      if (newest.size === newestAtMost) settle();
      newest.set(row.key, row);
    },
    remove(key) {
      if (newest.delete(key)) return;
      settled.remove(key);
      ordered.delete(key);
    },
    since(from) {
      settle();
      return ordered.entries(from);
    },
    clear() {
      newest.clear();
      settled.clear();
      ordered.clear();
    },
  };
}

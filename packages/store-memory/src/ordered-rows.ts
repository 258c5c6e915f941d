import { createRowTree } from "./b-tree.ts";
import { inOrder, type Row } from "./row.ts";

/** Rows in byte order of their key, put in order when somebody asks. */
export interface OrderedRows {
  add(row: Row): void;
  /** The row must have been added. */
  remove(row: Row): void;
  /** Keys from `from` on, in order, with their rows. Nothing may be added or removed while they are read. */
  since(from: string): Iterable<readonly [string, Row]>;
  clear(): void;
}

/**
 * Most runs are over soon after they began, often before anybody lists them, and a place in the tree costs more than all
 * the rest of their two commits. So new rows wait here, and only those that outlive the room of their peers, or a
 * listing, are put in order: each at most once, so adding stays O(log n) however listings and commits alternate.
 */
const waitingRoom = 512;

export function createOrderedRows(): OrderedRows {
  const tree = createRowTree();
  let waiting: (Row | null)[] = [];

  function settle(): void {
    for (const row of waiting) {
      if (row === null) continue;
      row.waitsAt = inOrder;
      tree.set(row.key, row);
    }
    waiting = [];
  }

  /** Closes the gaps, unless so little came free that the room would be full again at once. */
  function makeRoom(): void {
    const left = waiting.filter((row) => row !== null);
    if (left.length > waitingRoom / 2) {
      settle();
      return;
    }
    waiting = left;
    for (const [at, row] of left.entries()) row.waitsAt = at;
  }

  return {
    add(row) {
      if (waiting.length === waitingRoom) makeRoom();
      row.waitsAt = waiting.push(row) - 1;
    },
    remove(row) {
      const { waitsAt } = row;
      if (waitsAt === inOrder) tree.delete(row.key);
      else if (waitsAt === waiting.length - 1) waiting.pop();
      else waiting[waitsAt] = null;
    },
    since(from) {
      settle();
      return tree.entries(from);
    },
    clear() {
      waiting = [];
      tree.clear();
    },
  };
}

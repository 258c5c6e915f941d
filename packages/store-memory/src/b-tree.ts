import type { StoreEntry } from "@verdigris/contracts";
import sortedBtree from "sorted-btree";

// The package is CommonJS: Node hands over its exports object, bundlers and test runners the class itself.
type TreeClass = typeof sortedBtree.default;
const Tree: TreeClass =
  (sortedBtree as { default?: TreeClass }).default ?? (sortedBtree as unknown as TreeClass);

/** Entries in byte order of their key. */
export type EntryTree = InstanceType<typeof Tree<string, StoreEntry>>;

function compareKeys(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function createEntryTree(): EntryTree {
  return new Tree<string, StoreEntry>(undefined, compareKeys);
}

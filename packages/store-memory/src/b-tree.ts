import sortedBtree from "sorted-btree";
import type { Row } from "./row.ts";

// The package is CommonJS: Node hands over its exports object, bundlers and test runners the class itself.
type TreeClass = typeof sortedBtree.default;
const Tree: TreeClass =
  (sortedBtree as { default?: TreeClass }).default ?? (sortedBtree as unknown as TreeClass);

/** Rows in byte order of their key. */
export type RowTree = InstanceType<typeof Tree<string, Row>>;

function compareKeys(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function createRowTree(): RowTree {
  return new Tree<string, Row>(undefined, compareKeys);
}

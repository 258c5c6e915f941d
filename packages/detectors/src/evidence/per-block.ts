import type { Block } from "./arms.ts";

/**
 * Computes something of every block of an arm, once per block: one whose content changes is another object. Arms keep their grid
 * of time, so a block is known by its place.
 */
export function perBlock<T>(compute: (block: Block) => T): (blocks: readonly Block[]) => readonly T[] {
  const finals = createFinals<unknown, T>();
  return (blocks) => blocks.map((block, place) => finals(place, block, null, true, () => compute(block)));
}

/** What was found of a block, and what it was held against. */
interface Known<K, T> {
  readonly block: Block;
  readonly against: K;
  readonly value: T;
}

/** What is found of a block is kept as long as the block and what it is held against are the same, once it is final. */
export type Finals<K, T> = (place: number, block: Block, against: K, isFinal: boolean, compute: () => T) => T;

export function createFinals<K, T>(): Finals<K, T> {
  const known: (Known<K, T> | undefined)[] = [];
  return (place, block, against, isFinal, compute) => {
    const before = known[place];
    if (before !== undefined && before.block === block && before.against === against) return before.value;
    const value = compute();
    known[place] = isFinal ? { block, against, value } : undefined;
    return value;
  };
}

/** Calls `look` with the sum of every block and all after it, newest first, and collects what it says, oldest first. */
export function fromEachBlock<T>(
  values: readonly T[],
  empty: T,
  add: (a: T, b: T) => T,
  look: (sum: T) => number,
): readonly number[] {
  const found = new Array<number>(values.length).fill(0);
  let sum = empty;
  for (let i = values.length - 1; i >= 0; i--) {
    sum = add(sum, values[i] as T);
    found[i] = look(sum);
  }
  return found;
}

import type { Block } from "./arms.ts";

/** Computes something of a block once: a block whose content changes is another object. */
export function perBlock<T>(compute: (block: Block) => T): (block: Block) => T {
  const known = new WeakMap<Block, { readonly value: T }>();
  return (block) => {
    const before = known.get(block);
    if (before !== undefined) return before.value;
    const value = compute(block);
    known.set(block, { value });
    return value;
  };
}

/** What is found of a block is kept as long as the block and what it is held against are the same, once it is final. */
export function createFinals<K extends object, T>(): (
  block: Block,
  against: K,
  isFinal: boolean,
  compute: () => T,
) => T {
  const known = new WeakMap<Block, { readonly against: K; readonly value: T }>();
  return (block, against, isFinal, compute) => {
    const before = known.get(block);
    if (before !== undefined && before.against === against) return before.value;
    const value = compute();
    if (isFinal) known.set(block, { against, value });
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

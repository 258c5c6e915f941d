import type { Block } from "./arms.ts";

/** How a total over blocks is made. */
export interface Totalling<T> {
  readonly empty: () => T;
  readonly copy: (total: T) => T;
  readonly add: (total: T, block: Block) => void;
}

/**
 * Creates a total over blocks that adds each block once: those in which every run has ended are kept, and begun again when
 * one of them changes after all. The answer is the total of what is given, whatever was asked before.
 */
export function createRunningTotal<T>({ empty, copy, add }: Totalling<T>): (blocks: readonly Block[]) => T {
  let added: Block[] = [];
  let kept = empty();
  return (blocks) => {
    if (added.some((block, i) => block !== blocks[i])) {
      added = [];
      kept = empty();
    }
    for (
      let next = blocks[added.length];
      next !== undefined && next.open === 0;
      next = blocks[added.length]
    ) {
      // The newest may still gain runs.
      if (added.length >= blocks.length - 2) break;
      add(kept, next);
      added.push(next);
    }
    const total = copy(kept);
    for (const block of blocks.slice(added.length)) add(total, block);
    return total;
  };
}

import type { Operation } from "./history.ts";

/** Which operations have been taken, as text: answered ones in order of call, so that all but a few at the end are. */
export class TakenSet {
  readonly #taken: Uint8Array;
  readonly #answered: readonly number[];
  /** Unanswered operations in order of call. */
  readonly open: readonly number[];
  /** Where an answered operation stands in `#answered`. */
  readonly #place: Uint32Array;
  /** Everything answered below it is taken. */
  #base = 0;

  constructor(operations: readonly Operation<unknown, unknown>[]) {
    this.#taken = new Uint8Array(operations.length);
    const byCall = operations.map((_, i) => i).sort((a, b) => callOf(operations, a) - callOf(operations, b));
    this.#answered = byCall.filter((i) => operations[i]?.answeredAt !== null);
    this.open = byCall.filter((i) => operations[i]?.answeredAt === null);
    this.#place = new Uint32Array(operations.length).fill(0xffff_ffff);
    this.#answered.forEach((operation, place) => {
      this.#place[operation] = place;
    });
  }

  has(operation: number): boolean {
    return this.#taken[operation] === 1;
  }

  add(operation: number): void {
    this.#taken[operation] = 1;
  }

  remove(operation: number): void {
    this.#taken[operation] = 0;
    this.#base = Math.min(this.#base, this.#place[operation] ?? 0);
  }

  key(count: number): string {
    while (this.#base < this.#answered.length && this.#taken[this.#answered[this.#base] ?? 0] === 1)
      this.#base++;
    let found = `${this.#base}:`;
    let left = count - this.#base;
    for (const operation of this.open) {
      if (this.#taken[operation] !== 1) continue;
      found += `${operation},`;
      left--;
    }
    found += ";";
    for (let i = this.#base; left > 0 && i < this.#answered.length; i++) {
      if (this.#taken[this.#answered[i] ?? 0] !== 1) continue;
      found += `${i - this.#base},`;
      left--;
    }
    return found;
  }
}

function callOf(operations: readonly Operation<unknown, unknown>[], i: number): number {
  return operations[i]?.calledAt ?? 0;
}

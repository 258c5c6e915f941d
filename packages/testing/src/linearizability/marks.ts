import type { Operation } from "./history.ts";

/** A call or an answer, in the order of time: a doubly linked list from which taken operations are lifted out. */
export interface Mark {
  readonly operation: number;
  readonly at: number;
  /** The answer of a call; null for an answer itself. */
  readonly answer: Mark | null;
  before: Mark | null;
  after: Mark | null;
}

function unlink(mark: Mark): void {
  if (mark.before !== null) mark.before.after = mark.after;
  if (mark.after !== null) mark.after.before = mark.before;
}

function relink(mark: Mark): void {
  if (mark.before !== null) mark.before.after = mark;
  if (mark.after !== null) mark.after.before = mark;
}

export function lift(mark: Mark): void {
  unlink(mark);
  if (mark.answer !== null) unlink(mark.answer);
}

export function unlift(mark: Mark): void {
  if (mark.answer !== null) relink(mark.answer);
  relink(mark);
}

/**
 * The answered operations. Calls stand before answers of the same instant: they may have overlapped, and a check must
 * not be stricter than the clock.
 */
export function linkMarks(operations: readonly Operation<unknown, unknown>[]): Mark {
  const marks: Mark[] = [];
  operations.forEach(({ calledAt, answeredAt }, operation) => {
    if (answeredAt === null) return;
    const answer: Mark = { operation, at: answeredAt, answer: null, before: null, after: null };
    marks.push(answer, { operation, at: calledAt, answer, before: null, after: null });
  });
  marks.sort((a, b) => a.at - b.at || Number(b.answer !== null) - Number(a.answer !== null));
  const head: Mark = { operation: -1, at: Number.NEGATIVE_INFINITY, answer: null, before: null, after: null };
  let last = head;
  for (const mark of marks) {
    last.after = mark;
    mark.before = last;
    last = mark;
  }
  return head;
}

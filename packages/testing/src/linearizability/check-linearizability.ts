import { InvalidArgumentError } from "@verdigris/contracts";
import type { LinearizabilityVerdict, Operation, SequentialModel } from "./history.ts";
import { lift, linkMarks, type Mark, unlift } from "./marks.ts";
import { TakenSet } from "./taken-set.ts";

/** Options of {@link checkLinearizability}. */
export interface LinearizabilityOptions {
  /** Model steps after which the answer is `unknown`: the problem is NP-complete. @default 20_000_000 */
  readonly maxSteps?: number;
}

function requireSound(operations: readonly Operation<unknown, unknown>[]): void {
  for (const [i, { calledAt, answeredAt }] of operations.entries()) {
    if (Number.isFinite(calledAt) && (answeredAt === null || answeredAt >= calledAt)) continue;
    throw new InvalidArgumentError(
      `operations[${i}]`,
      `must be called at a finite time and answered no earlier, got ${calledAt} and ${answeredAt}`,
    );
  }
}

/** An operation that was taken, and where the search goes on when it is taken back. */
interface Taken<S> {
  readonly operation: number;
  readonly stateBefore: S;
  readonly mark: Mark | null;
  /** Its place among the unanswered ones, when it is one of them. */
  readonly open: number;
}

/**
 * The search itself. At every moment the next operation is one that was called before the first answer outstanding:
 * the answered ones are tried first, those that may never have happened only when nothing else leads on.
 */
class Search<S extends object, I, O> {
  readonly #model: SequentialModel<S, I, O>;
  readonly #operations: readonly Operation<I, O>[];
  readonly #head: Mark;
  /** Unanswered operations in order of call. */
  readonly #open: readonly number[];
  /** For each of them the place of the last one before it that asks the same; -1 where there is none. */
  readonly #twins: readonly number[];
  readonly #set: TakenSet;
  readonly #seen = new Set<string>();
  readonly #path: Taken<S>[] = [];
  #state: S;
  #unanswered: number;
  #longest: readonly number[] = [];
  steps = 0;

  constructor(model: SequentialModel<S, I, O>, operations: readonly Operation<I, O>[]) {
    this.#model = model;
    this.#operations = operations;
    this.#head = linkMarks(operations);
    this.#set = new TakenSet(operations);
    this.#open = this.#set.open;
    const inputs = this.#open.map((operation) => JSON.stringify(operations[operation]?.input));
    this.#twins = inputs.map((input, i) => (i === 0 ? -1 : inputs.lastIndexOf(input, i - 1)));
    this.#state = model.initial;
    this.#unanswered = operations.length - this.#open.length;
  }

  /** The longest order that was found on a way that led nowhere. */
  get longest(): readonly number[] {
    return this.#longest;
  }

  /** The operations taken. */
  get order(): readonly number[] {
    return this.#path.map((taken) => taken.operation);
  }

  /** True when an order was found, false when there is none, null when it was given up after `maxSteps`. */
  run(maxSteps: number): boolean | null {
    let mark = this.#head.after;
    let open = 0;
    while (this.#unanswered > 0) {
      if (this.steps >= maxSteps) return null;
      if (this.#advance(mark, open)) {
        mark = this.#head.after;
        open = 0;
        continue;
      }
      const back = this.#takeBack();
      if (back === null) return false;
      mark = back.mark?.after ?? null;
      open = back.open + 1;
    }
    return true;
  }

  /** Takes the first operation from `mark` on that can come next, or from the unanswered ones from `open` on. */
  #advance(from: Mark | null, open: number): boolean {
    let mark = from;
    while (mark !== null && mark.answer !== null) {
      if (this.#take(mark.operation, mark, -1)) return true;
      mark = mark.after;
    }
    // At the first answer whose call was not taken; the last choice was wrong unless an unanswered operation helps.
    const before = mark?.at ?? this.#firstAnswerAt();
    for (let i = open; i < this.#open.length; i++) {
      const operation = this.#open[i] ?? 0;
      if ((this.#operations[operation]?.calledAt ?? 0) > before) break;
      if (this.#set.has(operation) || this.#twinWaits(i)) continue;
      if (this.#take(operation, null, i)) return true;
    }
    return false;
  }

  /** True while an earlier unanswered operation with the same input is left: it would do as well. */
  #twinWaits(open: number): boolean {
    const twin = this.#twins[open] ?? -1;
    return twin >= 0 && !this.#set.has(this.#open[twin] ?? 0);
  }

  #firstAnswerAt(): number {
    let mark = this.#head.after;
    while (mark !== null && mark.answer !== null) mark = mark.after;
    return mark?.at ?? Number.NEGATIVE_INFINITY;
  }

  #take(operation: number, mark: Mark | null, open: number): boolean {
    const asked = this.#operations[operation];
    if (asked === undefined) return false;
    this.steps++;
    const next = this.#model.step(this.#state, asked.input, mark === null ? null : asked.output);
    if (next === null) return false;
    this.#set.add(operation);
    const key = `${this.#set.key(this.#path.length + 1)}|${this.#model.key(next)}`;
    if (this.#seen.has(key)) {
      this.#set.remove(operation);
      return false;
    }
    this.#seen.add(key);
    this.#path.push({ operation, stateBefore: this.#state, mark, open });
    if (this.#path.length > this.#longest.length) this.#longest = this.#path.map((taken) => taken.operation);
    this.#state = next;
    if (mark !== null) {
      this.#unanswered--;
      lift(mark);
    }
    return true;
  }

  #takeBack(): Taken<S> | null {
    const last = this.#path.pop();
    if (last === undefined) return null;
    this.#state = last.stateBefore;
    this.#set.remove(last.operation);
    if (last.mark !== null) {
      this.#unanswered++;
      unlift(last.mark);
    }
    return last;
  }
}

/**
 * Says whether a concurrent history could have come from one sequential object: whether every operation can be given a
 * moment between its call and its answer so that, in the order of those moments, the model gives the answers that were
 * read. Operations without an answer may take effect at any time after their call, or never.
 *
 * The search of Wing and Gong ("Testing and verifying concurrent objects", 1993) with the memory of Lowe ("Testing for
 * linearizability", 2017): a set of operations taken that leads to a state already seen is not tried again. Exact
 * unless it gives up. Throws `invalid-argument` for an answer before its call.
 */
export function checkLinearizability<S extends object, I, O>(
  model: SequentialModel<S, I, O>,
  operations: readonly Operation<I, O>[],
  options: LinearizabilityOptions = {},
): LinearizabilityVerdict<I, O> {
  requireSound(operations);
  const search = new Search(model, operations);
  const found = search.run(options.maxSteps ?? 20_000_000);
  if (found === null) return { verdict: "unknown", steps: search.steps };
  if (found) return { verdict: "linearizable", order: inOrder(operations, search.order) };
  return explain(operations, search.longest);
}

function inOrder<I, O>(operations: readonly Operation<I, O>[], taken: readonly number[]): Operation<I, O>[] {
  return taken.flatMap((i) => operations[i] ?? []);
}

/** The answered operations that had been called before any other unfinished one was answered: one of them had to be next. */
function explain<I, O>(
  operations: readonly Operation<I, O>[],
  longest: readonly number[],
): LinearizabilityVerdict<I, O> {
  const taken = new Set(longest);
  const left = operations.filter((operation, i) => !taken.has(i) && operation.answeredAt !== null);
  const firstAnswer = Math.min(...left.map(({ answeredAt }) => answeredAt ?? Number.POSITIVE_INFINITY));
  return {
    verdict: "not-linearizable",
    order: inOrder(operations, longest),
    stuck: left.filter(({ calledAt }) => calledAt <= firstAnswer),
  };
}

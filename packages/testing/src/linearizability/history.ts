/** One operation of a concurrent history. Times are of one clock that all processes share. */
export interface Operation<I, O> {
  /** Who asked; shown to people, not used to decide. */
  readonly process: string | number;
  readonly input: I;
  readonly calledAt: number;
  /** When the answer was read; null when none came: the operation may take effect at any later time, or never. */
  readonly answeredAt: number | null;
  /** What was answered; ignored when no answer came. */
  readonly output: O | null;
}

/** The object that a history is checked against, as a sequential machine. States are objects: null says "not possible". */
export interface SequentialModel<S extends object, I, O> {
  readonly initial: S;
  /**
   * The state after `input`, when a sequential object in `state` could have answered `output`; null when it could not.
   * `output` is null when no answer came: any would do.
   */
  step(state: S, input: I, output: O | null): S | null;
  /** Equal for equal states and for no others: states already tried are recognised by it. */
  key(state: S): string;
}

/** What {@link checkLinearizability} found. */
export type LinearizabilityVerdict<I, O> =
  | { readonly verdict: "linearizable"; readonly order: readonly Operation<I, O>[] }
  /** `order` is the longest one found, `stuck` the answered operations that could not come next. */
  | {
      readonly verdict: "not-linearizable";
      readonly order: readonly Operation<I, O>[];
      readonly stuck: readonly Operation<I, O>[];
    }
  /** The search was given up after `maxSteps`. Never taken for a yes. */
  | { readonly verdict: "unknown"; readonly steps: number };

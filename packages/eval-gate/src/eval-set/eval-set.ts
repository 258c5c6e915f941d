import type { Digest, JsonValue } from "@verdigris/contracts";

/** One question of an eval set, as its author wrote it. */
export interface EvalCaseInput {
  /** Given by the author, unique in the set, and kept for good: results are paired by it. 1 to 256 characters. */
  readonly id: string;
  /** What the agent is asked. */
  readonly input: JsonValue;
  /** The answer, or what a scorer needs to know it. @default absent */
  readonly expected?: JsonValue;
  /**
   * The one part of production this case stands for: what `sliceOf` says of such a run. @default "all"
   */
  readonly slice?: string;
  /** Cases that share a document, a template or a conversation name the same cluster. @default the case alone */
  readonly cluster?: string;
  /** Every repeat of this case must pass, whatever the averages say. @default false */
  readonly mustPass?: boolean;
  /** Locks the case: must match its content. @default absent */
  readonly digest?: Digest;
}

/** A checked case with its digest. Frozen. */
export interface EvalCase {
  readonly id: string;
  readonly input: JsonValue;
  readonly expected?: JsonValue;
  readonly slice: string;
  readonly cluster?: string;
  readonly mustPass: boolean;
  /** SHA-256 over the canonical JSON of id, input, expected, slice and cluster: what makes two results comparable. */
  readonly digest: Digest;
}

/** What an author writes, in code or in a file. */
export interface EvalSetInput {
  /** 1 to 128 of `A-Z a-z 0-9 . _ : -`. */
  readonly name: string;
  /** Said by people; the digest is what is compared. 1 to 128 of `A-Z a-z 0-9 . _ : -`. */
  readonly version: string;
  /** At least one. */
  readonly cases: readonly EvalCaseInput[];
  /** Locks the whole set: must match its content. @default absent */
  readonly digest?: Digest;
}

/** A checked, deeply frozen eval set. */
export interface EvalSet {
  readonly name: string;
  readonly version: string;
  /** In the author's order. */
  readonly cases: readonly EvalCase[];
  /** SHA-256 over the sorted ids, digests and `mustPass` of the cases: neither the order nor name and version count. */
  readonly digest: Digest;
}

/** Which eval set something belongs to. */
export interface EvalSetRef {
  readonly name: string;
  readonly version: string;
  readonly digest: Digest;
}

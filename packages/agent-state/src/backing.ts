/** One row of a backing. */
export interface StateRow {
  readonly key: string;
  readonly text: string;
}

/** One change of a row. */
export interface StateChange {
  readonly key: string;
  /** Null removes the row. */
  readonly text: string | null;
  /** How long the row is of use; a backing with expiry of its own may remove it after that. */
  readonly ttlMs?: number;
  /** The change happens only if the row holds this text; null: only if there is no row. */
  readonly expect?: string | null;
}

/** The row that must still hold `text` for a write to happen. */
export interface StateGuard {
  readonly key: string;
  readonly text: string;
}

/** Some rows of a scan, and where a later scan goes on after them; null where the backing has no order. */
export interface StatePage {
  readonly rows: readonly StateRow[];
  readonly cursor: string | null;
}

/**
 * Where the memory is kept: text under keys of printable ASCII. Made by {@link createMapBacking}, {@link createKeyvBacking} and
 * {@link createStoreBacking}; write your own for anything else.
 */
export interface StateBacking {
  /**
   * True where `guard` and `expect` are checked in the same step as the write. Where it is false (a `keyv`), other
   * processes are given time to learn of a change before anything relies on it.
   */
  readonly fenced: boolean;
  /** One text per key, in the order asked; undefined where there is no row. */
  get(keys: readonly string[]): Promise<readonly (string | undefined)[]>;
  /**
   * Applies changes in order. Resolves with null, and without a change, where `guard` does not hold; otherwise with one
   * answer per change: false where its `expect` did not hold. Not all or nothing unless the backing says so.
   */
  write(changes: readonly StateChange[], guard?: StateGuard): Promise<readonly boolean[] | null>;
  /** Up to `limit` rows under `prefix`, in byte order of their keys, strictly after `after`. */
  list(
    prefix: string,
    options: { readonly after?: string | undefined; readonly limit: number },
  ): Promise<readonly StateRow[]>;
  /** Every row under `prefix` that is there throughout, in any order, after `cursor` where the backing has one. */
  scan(prefix: string, cursor?: string | null): AsyncIterable<StatePage>;
}

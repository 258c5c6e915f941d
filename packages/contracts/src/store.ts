/** One stored record. */
export interface StoreEntry {
  readonly key: string;
  /** Compared for equality only. Never issued twice for a key, not even after `del`. Never 0. */
  readonly rev: number;
  /** Store time (ms since the epoch) of the `put` that wrote this entry. Never decreases from one commit to the next. */
  readonly at: number;
  /** JSON text, byte for byte as it was put. */
  readonly value: string;
}

/** One part of a commit. A commit holds at most one op per key. */
export type StoreOp =
  | { readonly op: "check"; readonly key: string /** 0 means: must not exist. */; readonly rev: number }
  | {
      readonly op: "put";
      readonly key: string /** 0 means: create. */;
      readonly rev: number;
      readonly value: string;
    }
  | { readonly op: "del"; readonly key: string; readonly rev: number };

/** What a commit did: everything, or nothing because of the first op whose revision did not match. */
export type CommitResult =
  | {
      readonly ok: true;
      /** One per op, in the order given: the new revision of a `put`, the given one of a `check`, 0 of a `del`. */
      readonly revs: readonly number[];
      readonly at: number;
    }
  | { readonly ok: false; readonly key: string; readonly current: StoreEntry | null; readonly at: number };

/** A hint that something may have changed; the truth is always re-read. */
export type StoreHint =
  | { readonly type: "change"; readonly key: string }
  /** Anything under the prefix may have changed: sent when watching begins and after every reconnect. */
  | { readonly type: "resync" }
  /** Hints are not arriving for now; a `resync` follows when they do again. */
  | { readonly type: "down" };

/** What an adapter can promise; a setup that needs more is refused at start with `store-lacks-capability`. */
export interface StoreCapabilities {
  /** A commit may hold ops on several keys, all or nothing. */
  readonly multiKey: boolean;
  /** Several processes may share the data. */
  readonly crossProcess: boolean;
  /** An acknowledged commit survives a crash of the process and of the machine. */
  readonly durableAck: boolean;
  /** `watch` reports commits of other handles without being asked to poll. */
  readonly push: boolean;
}

/** Limits every adapter enforces with `store-limit`. */
export const storeLimits: {
  readonly opsPerCommit: 32;
  readonly keyBytes: 512;
  readonly valueBytes: 65_536;
  readonly listLimit: 1_000;
  readonly callMs: 2_000;
} = { opsPerCommit: 32, keyBytes: 512, valueBytes: 65_536, listLimit: 1_000, callMs: 2_000 };

/**
 * Five operations, linearizable, each bounded by `storeLimits.callMs`.
 *
 * Errors: `store-indeterminate` from `commit` only (the reply was lost; the commit may or may not have happened),
 * `store-unavailable` (it did not happen; try again later), `store-limit` and `closed`.
 */
export interface Store {
  readonly capabilities: StoreCapabilities;
  /** One entry or null per key, in the order asked, from one moment. `get([])` reads the store's time. */
  get(
    keys: readonly string[],
  ): Promise<{ readonly entries: readonly (StoreEntry | null)[]; readonly at: number }>;
  /** The only write: all ops or none. */
  commit(ops: readonly StoreOp[]): Promise<CommitResult>;
  /**
   * Entries whose key starts with `prefix`, in byte order of the key, strictly after `after`, at most `limit`
   * (1 to 1,000). Holds every entry committed before the call began that still exists.
   */
  list(
    prefix: string,
    options: { readonly after?: string; readonly limit: number },
  ): Promise<{ readonly entries: readonly StoreEntry[]; readonly at: number }>;
  /** Calls `onHint` on possible changes under `prefix`, first with `resync`. Returns a function that stops it. */
  watch(prefix: string, onHint: (hint: StoreHint) => void): () => void;
  /** Releases what the adapter opened; later calls reject with `closed`. Calling it twice is harmless. */
  close(): Promise<void>;
}

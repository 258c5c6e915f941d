import type { JsonValue } from "@verdigris/contracts";

/** A value and its key, as a list gives them. */
export interface MemoryEntry {
  readonly key: string;
  readonly value: JsonValue;
}

/** Which part of a list to read. */
export interface ListMemory {
  /** @default "" */
  readonly prefix?: string;
  /** The last key of the page before. */
  readonly after?: string;
  /** 1 to 1,000. @default 100 */
  readonly limit?: number;
}

/** How long a value counts. */
export interface SetMemory {
  /** Milliseconds from now; the value reads as absent afterwards. @default for ever */
  readonly ttlMs?: number;
}

/**
 * The memory of one subject in one namespace, as a run on one bundle sees it. Values are JSON; keys any text that is not
 * empty, ordered by their UTF-8 bytes. Every method may throw `layer-unknown`, `layer-chain-broken`, `schema-unreadable`
 * and what the backing throws; writes also `layer-frozen`.
 */
export interface Memory {
  get(key: string): Promise<JsonValue | undefined>;
  /** In the order asked, in one call of the backing. */
  getMany(keys: readonly string[]): Promise<readonly (JsonValue | undefined)[]>;
  has(key: string): Promise<boolean>;
  set(key: string, value: JsonValue, options?: SetMemory): Promise<void>;
  setMany(entries: readonly (MemoryEntry & SetMemory)[]): Promise<void>;
  /** True when there was something to delete. What lower layers hold stays there, hidden from this bundle. */
  delete(key: string): Promise<boolean>;
  /** How many of the keys there were. */
  deleteMany(keys: readonly string[]): Promise<number>;
  /** Ordered and merged over the layers; deleted and expired keys left out. */
  list(options?: ListMemory): Promise<readonly MemoryEntry[]>;
}

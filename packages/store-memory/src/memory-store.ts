import {
  type Clock,
  checkGet,
  checkList,
  checkPrefix,
  createStoreWatchers,
  type Store,
  systemClock,
  VerdigrisError,
} from "@verdigris/contracts";
import { createTable } from "./table.ts";

/** Settings of {@link createMemoryStore}. */
export interface MemoryStoreOptions {
  /** Where store time comes from. @default systemClock */
  readonly clock?: Clock;
  /** What error messages call this store. @default "memory" */
  readonly name?: string;
}

/** A store whose records live and die with this object. */
export interface MemoryStore extends Store {
  /** How many entries the store holds. */
  readonly size: number;
}

/**
 * Makes an empty store in this process. Every call is one synchronous function under its promise, so commits are atomic
 * and linearizable; nothing is durable and no other process or handle sees the data. Store time is `clock.now()`, held
 * when the clock goes back. Errors: `store-limit`, `closed`.
 */
export function createMemoryStore(options: MemoryStoreOptions = {}): MemoryStore {
  const { clock = systemClock, name = "memory" } = options;
  const table = createTable(clock);
  const watchers = createStoreWatchers();
  let closed = false;

  function requireOpen(): void {
    if (closed) {
      throw new VerdigrisError("closed", `the store ${name} is closed: make a new one`, { store: name });
    }
  }

  return {
    capabilities: Object.freeze({ multiKey: true, crossProcess: false, durableAck: false, push: true }),
    get size() {
      return table.size;
    },
    async get(keys) {
      requireOpen();
      checkGet(keys);
      return { entries: keys.map(table.read), at: table.readTime() };
    },
    async commit(ops) {
      requireOpen();
      const result = table.commit(ops);
      if (result.ok) watchers.announce(ops);
      return result;
    },
    async list(prefix, options) {
      requireOpen();
      checkList(prefix, options);
      return { entries: table.list(prefix, options.after, options.limit), at: table.readTime() };
    },
    watch(prefix, onHint) {
      requireOpen();
      checkPrefix(prefix);
      return watchers.add(prefix, onHint);
    },
    async close() {
      closed = true;
      watchers.clear();
      table.clear();
    },
  };
}

import type { CommitResult, Store, StoreCapabilities, StoreEntry, StoreOp } from "@verdigris/contracts";
import { expect } from "vitest";

/** One store to put to the test, with what else its adapter can offer. */
export interface StoreUnderTest {
  readonly store: Store;
  /** Opens a second handle to the same data, as another process would. Required when `crossProcess` is declared. */
  readonly peer?: () => Promise<Store>;
  /** Closes every handle and opens the data again. Required when `durableAck` is declared. */
  readonly reopen?: () => Promise<Store>;
  /** Moves the wall clock that store time comes from, where it is injected. */
  readonly jumpWall?: (ms: number) => void;
  /** Closes what is still open and removes the data. */
  readonly dispose: () => Promise<void>;
}

/** Settings of the conformance suite. */
export interface StoreConformanceOptions {
  /** What the tests are listed under. */
  readonly name: string;
  /** Makes a store for one test. Called twice it gives two stores that share nothing, unless they are `crossProcess`. */
  readonly create: () => Promise<StoreUnderTest>;
  /** What the adapter declares; the suite demands exactly that, no more and no less. */
  readonly capabilities: StoreCapabilities;
  /** The longest key the store takes; less only for a store that adds to keys. @default 512 */
  readonly longestKey?: number;
  /** How long a hint may take on a store with `push`, in ms of real time. @default 5000 */
  readonly hintWithinMs?: number;
}

/** What a check works with. */
export interface StoreCheckContext {
  readonly subject: StoreUnderTest;
  readonly store: Store;
  /** Fresh for every check, ends in `/`. */
  readonly prefix: string;
  readonly options: StoreConformanceOptions;
  /** A second handle; fails the check where the adapter gave none. */
  peer(): Promise<Store>;
  reopen(): Promise<Store>;
  /** Makes one more store, disposed of with the rest. */
  another(): Promise<StoreUnderTest>;
}

/** One promise of the port, tested by a function that throws when the store breaks it. */
export interface StoreCheck {
  readonly name: string;
  /** Whether the check means anything for such a store. @default always */
  readonly applies?: (capabilities: StoreCapabilities) => boolean;
  readonly run: (context: StoreCheckContext) => Promise<void>;
}

/** Commits and expects success. */
export async function commitAll(
  store: Store,
  ...ops: readonly StoreOp[]
): Promise<CommitResult & { ok: true }> {
  const result = await store.commit(ops);
  expect(result, "the commit must succeed").toMatchObject({ ok: true });
  return result as CommitResult & { ok: true };
}

/** Puts a new key and returns its revision. */
export async function create(store: Store, key: string, value = "1"): Promise<number> {
  const { revs } = await commitAll(store, { op: "put", key, rev: 0, value });
  return revs[0] ?? 0;
}

export async function read(store: Store, key: string): Promise<StoreEntry | null> {
  const { entries } = await store.get([key]);
  return entries[0] ?? null;
}

export async function listKeys(store: Store, prefix: string, after?: string): Promise<string[]> {
  const options = after === undefined ? { limit: 1_000 } : { after, limit: 1_000 };
  const { entries } = await store.list(prefix, options);
  return entries.map((entry) => entry.key);
}

/** Expects the promise, or the call, to fail with the code. */
export async function expectCode(code: string, call: () => unknown): Promise<void> {
  const outcome = await (async () => call())().then(
    () => "it succeeded",
    (error: unknown) => (error as { code?: unknown }).code ?? error,
  );
  expect(outcome, `the call must fail with ${code}`).toBe(code);
}

/** The stores a race runs over: two handles where there can be two, one otherwise. */
export async function handles(context: StoreCheckContext): Promise<readonly [Store, Store]> {
  const { store, options } = context;
  return [store, options.capabilities.crossProcess ? await context.peer() : store];
}

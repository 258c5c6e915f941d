import {
  type Bundle,
  type BundleId,
  type Instrument,
  InvalidArgumentError,
  type Unsubscribe,
  type VerdigrisEvents,
} from "@verdigris/contracts";
import {
  createVerdigris,
  type MoveReceipt,
  type Run,
  type Verdigris,
  type VerdigrisOptions,
} from "verdigris";
import { createFakeClock, type FakeClock } from "./fake-clock.ts";
import type { FaultyStore } from "./faulty-store.ts";
import { noteInto, recordEvents, recordSteps } from "./keep-record.ts";
import { asRecord, type RecordEntry, type TestRecord } from "./test-record.ts";
import { createTestWorld } from "./test-world.ts";

/** Options of {@link createTestVerdigris}: those of production, with the outside world taken care of. */
export interface TestVerdigrisOptions<P>
  extends Omit<VerdigrisOptions<P>, "agent" | "store" | "bundle" | "router" | "clock" | "watch"> {
  /** @default "agent" */
  readonly agent?: string;
  /** All are registered; the first is live. */
  readonly bundles: readonly [Bundle, ...Bundle[]];
  /** Wall-clock milliseconds at the start. @default 2026-01-01T00:00:00Z */
  readonly now?: number;
}

/** The type production code takes, and what a test does to it. */
export interface TestVerdigris<P = undefined> extends Verdigris<P> {
  /** Time stands still until the test moves it. */
  readonly clock: FakeClock;
  /** The store under it: counts calls, and fails in all the ways a store can. */
  readonly store: FaultyStore;
  /** What happened so far. */
  readonly record: TestRecord;
  /** Sends every new run that names no bundle and has no parent to this one, on the route or not; null ends that. */
  force(bundle: BundleId | null): void;
  /** As in production; a bundle's id alone flips there at once, also in mid-run. */
  flip(to: BundleId | Parameters<Verdigris<P>["flip"]>[0]): Promise<MoveReceipt>;
  /** Lets time pass until a run held here is past its deadline. */
  expire(run: string | Pick<Run<P>, "id" | "deadline">): Promise<void>;
  /** Every store call fails with `store-unavailable` until `restoreStore()`. */
  loseStore(): void;
  restoreStore(): void;
  /**
   * Takes a copy of the store as it is. What it resolves with puts that back, as a restored backup or a failover does: the
   * store went backwards, and whoever knows more answers `store-regressed` until somebody calls `reanchor`.
   */
  backup(): Promise<() => Promise<void>>;
  /** The next start or move finds that another process moved the route a moment ago. Called n times: the next n. */
  conflict(): void;
  /**
   * Back to the beginning: a new store with the first route, no runs, no record, nothing forced. Time goes on and
   * listeners stay; runs and methods taken from this object before are of no use any more.
   */
  reset(): Promise<void>;
}

interface Listener {
  readonly event: keyof VerdigrisEvents;
  readonly fn: (payload: never) => void;
  stop: Unsubscribe;
}

/**
 * A real instance over a store in memory and a clock that stands still: code under test takes it where it takes a
 * `Verdigris`, and pins, fences, refusals and errors are those of production. Loads nothing, sweeps never and reads the
 * route on demand unless told otherwise.
 */
export function createTestVerdigris<P = undefined>(options: TestVerdigrisOptions<P>): TestVerdigris<P> {
  const { agent = "agent", bundles, now, policy, instrument = [], ...rest } = options;
  const own = Array.isArray(instrument) ? instrument : [instrument as Instrument];
  if (bundles.length === 0) throw new InvalidArgumentError("bundles", "must hold the live bundle at least");
  const clock = createFakeClock(now === undefined ? {} : { now });
  const entries: RecordEntry[] = [];
  const note = noteInto(entries, clock);
  const listeners = new Set<Listener>();

  const build = () => {
    const world = createTestWorld({ agent, bundles, clock, policy });
    const inner = createVerdigris<P>({
      sweepMs: "never",
      ...rest,
      agent,
      clock,
      store: world.store,
      router: world.router,
      bundle: bundles[0],
      instrument: [recordSteps(note), ...own],
    });
    recordEvents(note, inner);
    for (const listener of listeners) listener.stop = inner.on(listener.event, listener.fn as never);
    return { world, inner };
  };
  let { world, inner } = build();

  const close = async (): Promise<void> => {
    await inner.close();
    await world.close();
  };
  const on: Verdigris<P>["on"] = (event, fn): Unsubscribe => {
    const listener: Listener = { event, fn, stop: inner.on(event, fn) };
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      listener.stop();
    };
  };
  const controls = {
    clock,
    record: asRecord(entries),
    close,
    [Symbol.asyncDispose]: close,
    on,
    async flip(to: Parameters<TestVerdigris<P>["flip"]>[0]): Promise<MoveReceipt> {
      if (typeof to !== "string") return inner.flip(to);
      await inner.ready();
      const expect = (await world.router.refresh())?.route.generation ?? 0;
      return inner.flip({ to, expect, supersede: true, reason: "the test says so" });
    },
    force: (bundle: BundleId | null) => world.force(bundle),
    async expire(run: Parameters<TestVerdigris<P>["expire"]>[0]): Promise<void> {
      const deadline = (typeof run === "string" ? inner.get(run) : run)?.deadline ?? null;
      if (deadline === null) throw new InvalidArgumentError("run", "must be a run held here");
      await clock.advance(Math.max(0, deadline - clock.now()));
    },
    loseStore: () => world.store.down(),
    restoreStore: () => world.store.up(),
    backup: () => world.backup(),
    conflict: () => world.conflictNext(),
    async reset(): Promise<void> {
      await close();
      entries.length = 0;
      ({ world, inner } = build());
      Object.assign(verdigris, inner, controls, { store: world.store });
    },
  };
  const verdigris: TestVerdigris<P> = { ...inner, ...controls, store: world.store };
  return verdigris;
}

import type {
  InstrumentedProcess,
  ModelUsage,
  Route,
  RunOutcome,
  RunScope,
  RunScore,
  StoreEntry,
  VerdigrisEvents,
} from "@verdigris/contracts";
import { createMemoryStore, type MemoryStore } from "@verdigris/store-memory";
import { createFakeClock, createFaultyStore, type FakeClock, type FaultyStore } from "@verdigris/testing";
import {
  createUsageLedger,
  type UsageBatch,
  type UsageLedger,
  type UsageLedgerOptions,
} from "../src/index.ts";

const digest = `sha256:${"a".repeat(64)}` as const;

function scopeOf(over: Partial<RunScope> = {}): RunScope {
  return {
    agent: "docs",
    run: "r1",
    bundle: "blue",
    digest,
    class: "live",
    key: "user-7",
    labels: {},
    mixed: false,
    ...over,
  };
}

export const call = (cost: number | null = 0.1, over: Partial<ModelUsage> = {}): ModelUsage => ({
  model: "m-1",
  inputTokens: 10,
  outputTokens: 2,
  cost,
  ...over,
});

/** One process that notes model calls, over a store that fails when told to. */
export interface LedgerWorld {
  readonly clock: FakeClock;
  readonly records: MemoryStore;
  readonly store: FaultyStore;
  /** The format the route says the fleet has; null without a route. */
  format: number | null;
  readonly lost: VerdigrisEvents["usage-lost"][];
  /** Another process on the same store. */
  process(options?: UsageLedgerOptions): LedgerProcess;
  /** Everything on record, by key. */
  entries(): Promise<readonly StoreEntry[]>;
  batches(): Promise<readonly UsageBatch[]>;
}

export interface LedgerProcess {
  readonly ledger: UsageLedger;
  note(usage?: ModelUsage, scope?: Partial<RunScope>): void;
  finish(outcome: RunOutcome, durationMs: number, scope?: Partial<RunScope>): void;
  /** A finish that the store has not confirmed, and what became of it. */
  finishUnconfirmed(outcome: RunOutcome, durationMs: number): void;
  settle(outcome: RunOutcome, durationMs: number, result: "finished" | "superseded" | "expired"): void;
  score(score: RunScore, scope?: Partial<RunScope>): void;
  close(): Promise<void>;
}

export function createLedgerWorld(): LedgerWorld {
  const clock = createFakeClock();
  const records = createMemoryStore({ clock });
  const store = createFaultyStore(records);
  const lost: VerdigrisEvents["usage-lost"][] = [];
  let nodes = 0;
  const process: LedgerWorld["process"] = (options = {}) => {
    const ledger = createUsageLedger(options);
    const listeners = new Map<string, (event: never) => void>();
    const tell = <E extends keyof VerdigrisEvents>(event: E, payload: VerdigrisEvents[E]): void =>
      listeners.get(event)?.(payload as never);
    const facts: InstrumentedProcess = {
      agent: "docs",
      store,
      clock,
      newId: () => `node-${++nodes}`,
      now: () => clock.now(),
      route: () => (world.format === null ? null : ({ v: world.format } as Route)),
      bundle: () => Promise.reject(new Error("not asked")),
      warn: () => {},
      signal: () => {},
      score: () => {},
      usageLost: (count, error) => void lost.push({ records: count, error }),
      on: (event, fn) => {
        listeners.set(event, fn as never);
        return () => void listeners.delete(event);
      },
    };
    const close = ledger.connect(facts);
    return {
      ledger,
      close,
      note: (usage = call(), scope = {}) => tell("usage", { scope: scopeOf(scope), usage }),
      finish: (outcome, durationMs, scope = {}) =>
        tell("run-finished", { scope: scopeOf(scope), outcome, durationMs, usage: [] }),
      finishUnconfirmed: (outcome, durationMs) =>
        tell("run-finished", { scope: scopeOf(), outcome, durationMs, usage: [], unconfirmed: true }),
      settle: (outcome, durationMs, result) =>
        tell("finish-settled", { scope: scopeOf(), outcome, durationMs, result }),
      score: (score, scope = {}) => tell("run-scored", { scope: scopeOf(scope), score }),
    };
  };
  const entries = async () => (await records.list("docs/usage/", { limit: 1_000 })).entries;
  const world: LedgerWorld = {
    format: null,
    clock,
    records,
    store,
    lost,
    process,
    entries,
    batches: async () => (await entries()).map(({ value }) => JSON.parse(value) as UsageBatch),
  };
  return world;
}

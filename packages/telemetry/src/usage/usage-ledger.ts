import {
  agentKeys,
  type CommitResult,
  type Instrument,
  type InstrumentedProcess,
  InvalidArgumentError,
  isVerdigrisError,
  type ModelUsage,
  type RunScope,
  type RunScore,
  type Store,
  type StoreOp,
  VerdigrisError,
} from "@verdigris/contracts";
import { type Batches, createBatches, type SealedBatch } from "./batches.ts";
import type { RunEnding, TallyKey } from "./run-tally.ts";
import { usageRecord } from "./usage-record.ts";

/** Options of {@link createUsageLedger}. */
export interface UsageLedgerOptions {
  /** How long a record may wait for the store; what a crash can lose. @default 2000 */
  readonly flushMs?: number;
  /** How many records may wait while the store is away; what comes then is dropped, counted and told. @default 10000 */
  readonly mostWaiting?: number;
  /**
   * How long the ledger is kept, in ms from a day on: processes that write to it delete what is older, a bounded number of batches at a
   * time. Nothing of that time is kept, no sums either: take bills out first. @default "forever"
   */
  readonly keepMs?: number | "forever";
}

/** Keeps every model call of a process, and counts of its runs and scores, in its store: give it to `createVerdigris` as an instrument, or let that make one. */
export interface UsageLedger extends Instrument {
  connect(process: InstrumentedProcess): () => Promise<void>;
  /** Writes what is waiting now; resolves when it is written, rejects with the store's error where that could not be done. */
  flush(): Promise<void>;
}

const batchesPerCommit = 8;
const longestWaitMs = 60_000;
const tries = 3;
const dayMs = 86_400_000;
/** Between two looks for what is older than it may be, and how many batches one of them deletes. */
const forgetEveryMs = 3_600_000;
const forgottenAtOnce = 640;

/** The batch as far as an erasure leaves it. */
function withoutLabels(text: string): string {
  return JSON.stringify(JSON.parse(text), (name, value) => (name === "labels" ? undefined : value));
}

/** True when the batch that stands in the way is this node's: as it wrote it, or with labels erased since. */
function isOwn(
  group: readonly SealedBatch[],
  { key, current }: Extract<CommitResult, { ok: false }>,
): boolean {
  const own = group.find((batch) => batch.key === key)?.value;
  if (own === undefined || current === null) return false;
  return current.value === own || withoutLabels(current.value) === withoutLabels(own);
}

/**
 * Writes a group of batches exactly once: its keys are this node's alone and must not exist yet, so a commit that is made
 * again after a lost reply finds its own batches there, or writes them.
 */
async function write(store: Store, group: readonly SealedBatch[]): Promise<void> {
  const ops: StoreOp[] = group.map(({ key, value }) => ({ op: "put", key, rev: 0, value }));
  for (let left = tries; ; left--) {
    try {
      const result = await store.commit(ops);
      if (result.ok || isOwn(group, result)) return;
      throw new VerdigrisError("record-corrupt", `${result.key} is taken by another node: mint unique ids`, {
        key: result.key,
      });
    } catch (error) {
      if (left <= 1 || !isVerdigrisError(error, "store-indeterminate")) throw error;
    }
  }
}

/** True for errors after which the same commit may be made again later. */
function passes(error: unknown): boolean {
  return isVerdigrisError(error, "store-unavailable") || isVerdigrisError(error, "store-indeterminate");
}

/** What one process has noted and not yet written. */
class OpenLedger {
  readonly #process: InstrumentedProcess;
  readonly #store: Store;
  readonly #batches: Batches;
  readonly #options: Required<UsageLedgerOptions>;
  /** Batches that went into a commit together stay together until its outcome is known. */
  #group: readonly SealedBatch[] = [];
  #running: Promise<void> = Promise.resolve();
  #cancel: (() => void) | null = null;
  #failures = 0;
  #dropped = 0;
  #forgetAt: number;
  #forgetting: Promise<unknown> = Promise.resolve();

  constructor(process: InstrumentedProcess, store: Store, options: Required<UsageLedgerOptions>) {
    this.#process = process;
    this.#store = store;
    this.#options = options;
    this.#forgetAt = process.clock.monotonic();
    this.#batches = createBatches(agentKeys(process.agent), process.newId, () => process.route()?.v ?? 1);
  }

  note(scope: RunScope, usage: ModelUsage): void {
    if (this.#isFull()) this.#batches.noteLost(1);
    else this.#batches.add(usageRecord(scope, usage, this.#now()));
    this.#arm();
  }

  ended(key: TallyKey, ending: RunEnding, durationMs: number): void {
    if (!this.#isFull()) this.#batches.ended(this.#now(), key, ending, durationMs);
    this.#arm();
  }

  scored(key: TallyKey, score: RunScore): void {
    if (!this.#isFull()) this.#batches.scored(this.#now(), key, score);
    this.#arm();
  }

  flush(): Promise<void> {
    const next = this.#running.then(() => this.#drain());
    this.#running = next.catch(() => {});
    return next;
  }

  async close(): Promise<void> {
    this.#cancel?.();
    this.#cancel = () => {};
    try {
      await this.flush();
    } catch (error) {
      this.#process.usageLost(this.#batches.waiting, error);
    }
    await this.#forgetting;
  }

  /** Beside what is written, and never in its way: what fails is tried again an hour later. */
  #forgetOld(): void {
    const { keepMs } = this.#options;
    const [now, monotonic] = [this.#process.now(), this.#process.clock.monotonic()];
    if (keepMs === "forever" || now === 0 || monotonic < this.#forgetAt) return;
    this.#forgetAt = monotonic + forgetEveryMs;
    this.#forgetting = import("./forget-usage.ts")
      .then(({ forgetUsage }) => forgetUsage(this.#store, this.#process.agent, now - keepMs, forgottenAtOnce))
      .then((forgotten) => {
        // More is left: with the next write.
        if (forgotten === forgottenAtOnce) this.#forgetAt = monotonic;
      })
      .catch(() => {});
  }

  #isFull(): boolean {
    if (this.#batches.waiting < this.#options.mostWaiting) return false;
    this.#dropped += 1;
    return true;
  }

  /** Before the store's first reply there is no store time; nobody decides anything by the time of a bill. */
  #now(): number {
    return Math.floor(this.#process.now() || this.#process.clock.now());
  }

  #arm(): void {
    if (this.#cancel !== null) return;
    const waitMs = Math.min(longestWaitMs, this.#options.flushMs * 2 ** this.#failures);
    this.#cancel = this.#process.clock.setTimer(() => {
      this.#cancel = null;
      this.#tellDropped();
      this.flush().catch(() => {
        if (this.#batches.waiting > 0) this.#arm();
      });
    }, waitMs);
  }

  #tellDropped(): void {
    if (this.#dropped === 0) return;
    const message = `${this.#dropped} facts about runs were dropped: ${this.#options.mostWaiting} wait for the store already`;
    this.#process.usageLost(this.#dropped, new VerdigrisError("store-unavailable", message));
    this.#dropped = 0;
  }

  async #drain(): Promise<void> {
    this.#batches.seal();
    for (;;) {
      if (this.#group.length === 0) this.#group = this.#batches.oldest(batchesPerCommit);
      if (this.#group.length === 0) return;
      try {
        await write(this.#store, this.#group);
        this.#failures = 0;
      } catch (error) {
        this.#failures += 1;
        if (passes(error)) throw error;
        this.#giveUp(error);
      }
      this.#batches.remove(this.#group.length);
      this.#group = [];
      this.#forgetOld();
    }
  }

  /** A group that can never be written must not keep all later ones waiting. */
  #giveUp(error: unknown): void {
    const records = this.#group.reduce((sum, batch) => sum + batch.records, 0);
    this.#batches.noteLost(records);
    this.#batches.rename();
    this.#process.usageLost(records, error);
  }
}

function checked({
  flushMs = 2_000,
  mostWaiting = 10_000,
  keepMs = "forever",
}: UsageLedgerOptions): Required<UsageLedgerOptions> {
  if (!(flushMs >= 10 && flushMs <= longestWaitMs))
    throw new InvalidArgumentError("flushMs", `must be 10 to ${longestWaitMs}, got ${flushMs}`);
  if (!(Number.isSafeInteger(mostWaiting) && mostWaiting >= 1))
    throw new InvalidArgumentError("mostWaiting", `must be a whole number from 1 on, got ${mostWaiting}`);
  if (keepMs !== "forever" && !(keepMs >= dayMs && keepMs < Number.POSITIVE_INFINITY))
    throw new InvalidArgumentError("keepMs", `must be "forever" or at least ${dayMs} (a day), got ${keepMs}`);
  return { flushMs, mostWaiting, keepMs };
}

/**
 * Creates the ledger of a process. What was written is there once, whatever replies were lost and whoever crashed since; a
 * crash loses what was noted within the last `flushMs`. Closing the process writes the rest. Throws `invalid-argument`.
 */
export function createUsageLedger(options: UsageLedgerOptions = {}): UsageLedger {
  const complete = checked(options);
  const open = new Set<OpenLedger>();
  return {
    connect(process) {
      const { store } = process;
      if (store === null) return async () => {};
      const ledger = new OpenLedger(process, store, complete);
      open.add(ledger);
      const stops = [
        process.on("usage", ({ scope, usage }) => ledger.note(scope, usage)),
        process.on("run-finished", ({ scope, outcome, durationMs, unconfirmed }) => {
          if (unconfirmed !== true) ledger.ended(scope, outcome, durationMs);
        }),
        // Counted once it is certain: a run that another process took up or swept is that one's to count.
        process.on("finish-settled", ({ scope, outcome, durationMs, result }) => {
          if (result === "finished") ledger.ended(scope, outcome, durationMs);
        }),
        // Counted by whoever sweeps the pin: nobody else does, and a process that has died cannot.
        process.on("run-expired", ({ local, ageMs, ...run }) => {
          if (!local) ledger.ended(run, "expired", ageMs);
        }),
        process.on("run-scored", ({ scope, score }) => ledger.scored(scope, score)),
      ];
      return async () => {
        for (const stop of stops) stop();
        await ledger.close();
        open.delete(ledger);
      };
    },
    flush: async () => void (await Promise.all([...open].map((ledger) => ledger.flush()))),
  };
}

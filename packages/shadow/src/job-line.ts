import type { Clock } from "@verdigris/contracts";
import type { BoundedRun, StopReason } from "./observe-run.ts";
import type { PressureGauge } from "./pressure-gauge.ts";
import type { ShadowDrop } from "./shadow.ts";
import type { ShadowJob } from "./shadow-job.ts";
import type { SpendAccount } from "./spend-account.ts";

/** What a line of jobs needs. */
export interface JobLineParts {
  readonly clock: Clock;
  readonly maxInFlight: number;
  readonly maxQueued: number;
  readonly account: SpendAccount;
  readonly pressure: PressureGauge | (() => boolean) | null;
  readonly drop: (why: ShadowDrop) => void;
  readonly work: (job: ShadowJob) => Promise<void>;
}

/** Jobs that wait and run in this process: bounded, the first to make way. */
export interface JobLine {
  readonly queued: number;
  readonly inFlight: number;
  /** Why nothing may run; null where something may. */
  paused(): string | null;
  offer(job: ShadowJob): void;
  /** Announces a job that is still being made, so that nobody takes the line for idle; returns how to say that it is done. */
  expect(): () => void;
  /** Keeps a bounded run in view, so that it is stopped when the provider pushes back; returns how to let go of it. */
  enter(bounded: BoundedRun): () => void;
  erase(key: string): number;
  idle(): Promise<void>;
  close(): void;
}

/** How often a function that says "under pressure" is asked again. */
const askAgainMs = 1_000;
const longestMs = 2_147_483_647;

class LocalJobLine implements JobLine {
  readonly #parts: JobLineParts;
  readonly #waiting: ShadowJob[] = [];
  readonly #running = new Set<BoundedRun>();
  readonly #unsubscribe: () => void;
  #inFlight = 0;
  #expected = 0;
  #closed = false;
  #cancelTimer: (() => void) | null = null;
  #idlers: (() => void)[] = [];

  constructor(parts: JobLineParts) {
    this.#parts = parts;
    const { pressure } = parts;
    const gauge = pressure !== null && typeof pressure !== "function" ? pressure : null;
    this.#unsubscribe = gauge?.onRefused(() => this.#stopAll("shed")) ?? (() => {});
  }

  get queued(): number {
    return this.#waiting.length;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  paused(): string | null {
    return this.#parts.account.closed() ?? (this.#pauseMs() > 0 ? "the provider pushes back" : null);
  }

  offer(job: ShadowJob): void {
    const { account, maxQueued, drop } = this.#parts;
    if (this.#closed) drop("closed");
    else if (account.closed() !== null) drop("budget");
    else if (this.#waiting.length >= maxQueued) drop("queue-full");
    else {
      this.#waiting.push(job);
      this.#schedule(0);
    }
  }

  expect(): () => void {
    this.#expected += 1;
    return () => {
      this.#expected -= 1;
      this.#wakeIdlers();
    };
  }

  enter(bounded: BoundedRun): () => void {
    this.#running.add(bounded);
    return () => this.#running.delete(bounded);
  }

  erase(key: string): number {
    const left = this.#waiting.filter((job) => job.key !== key);
    const erased = this.#waiting.length - left.length;
    this.#waiting.splice(0, this.#waiting.length, ...left);
    return erased;
  }

  idle(): Promise<void> {
    return new Promise((resolve) => {
      // The clock's timers keep no process alive; one that waits for this is to go on until it is so.
      const alive = setInterval(() => {}, longestMs);
      this.#idlers.push(() => {
        clearInterval(alive);
        resolve();
      });
      this.#wakeIdlers();
    });
  }

  close(): void {
    this.#closed = true;
    this.#cancelTimer?.();
    this.#unsubscribe();
    this.#dropAll("closed");
    this.#stopAll("closed");
    this.#wakeIdlers();
  }

  #pauseMs(): number {
    const { pressure } = this.#parts;
    if (pressure === null) return 0;
    if (typeof pressure !== "function") return pressure.pauseMs();
    try {
      return pressure() ? askAgainMs : 0;
    } catch {
      // A gauge that cannot be read says nothing good.
      return askAgainMs;
    }
  }

  #stopAll(why: StopReason): void {
    for (const bounded of [...this.#running]) bounded.stop(why);
  }

  #dropAll(why: ShadowDrop): void {
    for (const _ of this.#waiting.splice(0)) this.#parts.drop(why);
  }

  #wakeIdlers(): void {
    // What is made after the end is dropped when it comes.
    const expected = this.#closed ? 0 : this.#expected;
    if (expected > 0 || this.#inFlight > 0 || (this.#waiting.length > 0 && this.paused() === null)) return;
    for (const wake of this.#idlers.splice(0)) wake();
  }

  #schedule(delayMs: number): void {
    this.#cancelTimer ??= this.#parts.clock.setTimer(() => {
      this.#cancelTimer = null;
      this.#pump();
    }, delayMs);
  }

  #begin(job: ShadowJob): void {
    this.#inFlight += 1;
    void this.#parts.work(job).finally(() => {
      this.#inFlight -= 1;
      if (!this.#closed) this.#schedule(0);
      this.#wakeIdlers();
    });
  }

  /** Does what must happen before the next job may begin; true where it may. */
  #mayBegin(): boolean {
    const { account, maxInFlight } = this.#parts;
    if (account.closed() !== null) this.#dropAll("budget");
    if (this.#waiting.length === 0 || this.#inFlight >= maxInFlight) return false;
    const pause = this.#pauseMs();
    if (pause > 0) this.#schedule(pause);
    if (pause > 0) return false;
    if (account.admits(this.#inFlight)) return true;
    if (this.#inFlight === 0) this.#dropAll("budget");
    return false;
  }

  #pump(): void {
    while (!this.#closed && this.#mayBegin()) {
      const job = this.#waiting.shift();
      if (job === undefined) break;
      if (job.expires <= this.#parts.clock.now()) this.#parts.drop("expired");
      else this.#begin(job);
    }
    this.#wakeIdlers();
  }
}

/** Makes a line that runs up to `maxInFlight` jobs, each begun in a turn of its own. */
export function createJobLine(parts: JobLineParts): JobLine {
  return new LocalJobLine(parts);
}

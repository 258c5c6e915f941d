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

/** A place in the line, held while its job is made or sent. */
interface Place {
  leave(): void;
}

/** Jobs that wait and run in this process: bounded, the first to make way. */
export interface JobLine {
  readonly queued: number;
  readonly inFlight: number;
  /** Why nothing may run; null where something may. */
  paused(): string | null;
  /** Takes a place for a job before it is made, or says why there is none: what is dropped has cost nothing yet. */
  reserve(): Place | ShadowDrop;
  /** Puts the job in its place. */
  offer(job: ShadowJob): void;
  /** Resolves when runs may begin, or at the time `until` (ms, wall clock). */
  clear(until: number): Promise<void>;
  /** Keeps a bounded run in view, so that it is stopped when the provider pushes back; returns how to let go of it. */
  enter(bounded: BoundedRun, key: string | null): () => void;
  /** Removes the jobs of a key that wait, and stops those that run; returns how many. */
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
  /** What runs, by whose input it is. */
  readonly #running = new Map<BoundedRun, string | null>();
  readonly #unsubscribe: () => void;
  #inFlight = 0;
  /** Places held for jobs that are still being made or sent. */
  #held = 0;
  #closed = false;
  #cancelTimer: (() => void) | null = null;
  #cancelExpiry: (() => void) | null = null;
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
    return (
      this.#parts.account.closed() ??
      (this.#pauseMs() > 0 ? "the provider pushes back, or little is left of its limit" : null)
    );
  }

  reserve(): Place | ShadowDrop {
    const { account, maxQueued } = this.#parts;
    if (this.#closed) return "closed";
    if (account.closed() !== null) return "budget";
    if (this.#waiting.length + this.#held >= maxQueued) return "queue-full";
    this.#held += 1;
    return {
      leave: () => {
        this.#held -= 1;
        this.#wakeIdlers();
      },
    };
  }

  offer(job: ShadowJob): void {
    if (this.#closed) this.#parts.drop("closed");
    else {
      this.#waiting.push(job);
      this.#schedule(0);
      this.#watchExpiry();
    }
  }

  async clear(until: number): Promise<void> {
    const { clock } = this.#parts;
    for (let pause = this.#pauseMs(); pause > 0 && !this.#closed; pause = this.#pauseMs()) {
      const left = Math.min(pause, until - clock.now(), longestMs);
      if (left <= 0) return;
      await new Promise<void>((resolve) => {
        clock.setTimer(resolve, left);
      });
    }
  }

  enter(bounded: BoundedRun, key: string | null): () => void {
    this.#running.set(bounded, key);
    return () => this.#running.delete(bounded);
  }

  erase(key: string): number {
    const left = this.#waiting.filter((job) => job.key !== key);
    let erased = this.#waiting.length - left.length;
    this.#waiting.splice(0, this.#waiting.length, ...left);
    for (const [bounded, whose] of this.#running) {
      if (whose !== key) continue;
      bounded.stop("erased");
      erased += 1;
    }
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
    this.#cancelExpiry?.();
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
    for (const bounded of [...this.#running.keys()]) bounded.stop(why);
  }

  #dropAll(why: ShadowDrop): void {
    for (const _ of this.#waiting.splice(0)) this.#parts.drop(why);
  }

  #wakeIdlers(): void {
    // What is made after the end is dropped when it comes.
    const held = this.#closed ? 0 : this.#held;
    if (held > 0 || this.#inFlight > 0 || (this.#waiting.length > 0 && this.paused() === null)) return;
    for (const wake of this.#idlers.splice(0)) wake();
  }

  #schedule(delayMs: number): void {
    this.#cancelTimer ??= this.#parts.clock.setTimer(() => {
      this.#cancelTimer = null;
      this.#pump();
    }, delayMs);
  }

  /** Throws a recording away when its time is over, also while nothing may run. Jobs expire in the order they came. */
  #watchExpiry(): void {
    const [first] = this.#waiting;
    if (first === undefined || this.#closed) return;
    const { clock, drop } = this.#parts;
    this.#cancelExpiry ??= clock.setTimer(
      () => {
        this.#cancelExpiry = null;
        while ((this.#waiting[0]?.expires ?? Number.POSITIVE_INFINITY) <= clock.now()) {
          this.#waiting.shift();
          drop("expired");
        }
        this.#watchExpiry();
        this.#wakeIdlers();
      },
      Math.min(longestMs, Math.max(0, first.expires - clock.now())),
    );
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

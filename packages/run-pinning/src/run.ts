import {
  type Bundle,
  type ErrorCode,
  type ModelUsage,
  type RunOutcome,
  type RunScope,
  type StoreOp,
  VerdigrisError,
} from "@verdigris/contracts";
import type { Sleeper } from "./deadlines.ts";
import { finishRun } from "./finish-run.ts";
import type { RunHost } from "./host.ts";
import { extendRun, migrateRun } from "./move-run.ts";
import { PinState } from "./pin-state.ts";
import type { Lease } from "./pipelines.ts";
import type { FinishResult, Run, StepContext } from "./run-types.ts";
import { scopeOf } from "./scope.ts";
import { runStep } from "./step.ts";
import { formatToken } from "./token.ts";
import { checkUsage } from "./usage.ts";

/** Why no further step may start. */
export interface Stop {
  readonly code: Extract<ErrorCode, "run-expired" | "run-finished" | "run-superseded" | "run-cancelled">;
  readonly message: string;
}

/** What a run is made of. */
export interface LocalRunParts<P> {
  readonly host: RunHost<P>;
  readonly lease: Lease<P>;
  /** What says which run this is: its pin, or the scope of a run that is only tagged. */
  readonly of: PinState | RunScope;
  readonly owner: boolean;
}

/** A run in this process. Other modules of this package change its state; users see {@link Run}. */
export class LocalRun<P> implements Run<P>, Sleeper {
  readonly id: string;
  readonly owner: boolean;
  readonly host: RunHost<P>;
  readonly began: number;
  readonly pin: PinState | null;
  lease: Lease<P>;
  wakeAt = 0;
  sleepsAt = -1;
  stopped: Stop | null = null;
  /** Set while the pin is being moved: steps wait for it. */
  moving: Promise<void> | null = null;
  /** The bundle a rollback wants this run to go to at its next safe point. */
  moveTo: string | null = null;
  stepsInFlight = 0;
  onIdle: (() => void) | null = null;
  used: ModelUsage[] | null = null;
  finishing: Promise<FinishResult> | null = null;
  /** Set once listeners know that the run is over for this process. */
  toldEnd = false;
  #scope: RunScope | null = null;
  #abort: AbortController | null = null;
  #expiring: AbortController | null = null;
  #nearEnd = false;

  constructor(parts: LocalRunParts<P>) {
    const { of } = parts;
    this.host = parts.host;
    this.lease = parts.lease;
    this.owner = parts.owner;
    if (of instanceof PinState) {
      this.id = of.record.run;
      this.pin = of;
    } else {
      this.id = of.run;
      this.pin = null;
      this.#scope = of;
    }
    this.began = parts.host.clock.monotonic();
  }

  /** Made when somebody asks for it. */
  get scope(): RunScope {
    this.#scope ??= scopeOf(this.host.agent, this.requirePin().record, this.lease.bundle);
    return this.#scope;
  }

  get bundle(): Bundle {
    return this.lease.bundle;
  }

  get pipeline(): P {
    return this.lease.pipeline;
  }

  get deadline(): number | null {
    return this.pin === null ? null : this.pin.record.deadline;
  }

  get token(): string | null {
    return this.pin === null ? null : formatToken(this.host.agent, this.pin.record, this.pin.rev);
  }

  get signal(): AbortSignal {
    if (this.#abort === null) {
      this.#abort = new AbortController();
      if (this.stopped !== null) this.#abort.abort(this.stopError(this.stopped));
    }
    return this.#abort.signal;
  }

  get expiring(): AbortSignal {
    if (this.#expiring === null) {
      this.#expiring = new AbortController();
      if (this.#nearEnd) this.#expiring.abort();
    }
    return this.#expiring.signal;
  }

  step<T>(name: string, fn: (context: StepContext<P>) => T | Promise<T>): Promise<T> {
    return runStep(this, name, fn);
  }

  usage(usage: ModelUsage): void {
    this.note(usage, this.scope);
  }

  /** Records one model call under the scope it was made in. */
  note(usage: ModelUsage, scope: RunScope): void {
    const noted = checkUsage(usage);
    this.used ??= [];
    this.used.push(noted);
    if (this.host.events.has("usage")) this.host.events.emit("usage", { scope, usage: noted });
  }

  extend(byMs: number): Promise<number> {
    return extendRun(this, byMs);
  }

  migrate(options: { readonly to: string; readonly reason: string }): Promise<void> {
    return migrateRun(this, options.to, options.reason);
  }

  fence(): StoreOp {
    return { op: "check", key: this.requirePin().key, rev: this.requirePin().rev };
  }

  park(): string {
    const token = formatToken(this.host.agent, this.requirePin().record, this.requirePin().rev);
    if (this.stopped !== null) throw this.stopError(this.stopped);
    if (this.stepsInFlight > 0 || this.moving !== null) {
      throw new VerdigrisError("run-busy", `${this.id} is in the middle of a step: park it between steps`, {
        run: this.id,
      });
    }
    this.stop({ code: "run-superseded", message: `${this.id} was parked here: resume its token` });
    this.leave();
    // It goes on elsewhere: a finish that follows here must not end it.
    this.finishing ??= Promise.resolve("superseded");
    return token;
  }

  finish(options: { readonly outcome: RunOutcome }): Promise<FinishResult> {
    return finishRun(this, options.outcome);
  }

  /** The pin; throws where runs are only tagged. */
  requirePin(): PinState {
    if (this.pin !== null) return this.pin;
    throw new VerdigrisError(
      "store-lacks-capability",
      `${this.id} has no pin: pass a store to pin, move and fence runs`,
      { run: this.id },
    );
  }

  /** Takes the run to the bundle its pin has moved to. */
  changeLease(lease: Lease<P>): void {
    this.lease.release();
    this.lease = lease;
    this.#scope = null;
    // Left while the pin was moving: nobody else will.
    if (this.stopped !== null) lease.release();
  }

  stopError(stop: Stop): VerdigrisError {
    const { run, bundle } = this.scope;
    return new VerdigrisError(stop.code, stop.message, { run, bundle, deadline: this.deadline });
  }

  /** Lets no further step start and tells the running ones. The first stop wins. */
  stop(stop: Stop): void {
    if (this.stopped !== null) return;
    this.stopped = stop;
    this.#abort?.abort(this.stopError(stop));
  }

  /** Forgets the run here; its pipeline is released when its last step ends. */
  leave(): void {
    this.host.held.remove(this);
    this.host.attached.delete(this);
    this.host.pinned?.deadlines.remove(this);
    this.whenIdle(() => this.lease.release());
    this.#tellReleased();
  }

  /** A finish tells by itself, once it is known what became of the pin. */
  #tellReleased(): void {
    const code = this.stopped?.code;
    if (code !== undefined && code !== "run-finished") this.released(code);
  }

  /** Tells, once, that this process no longer holds the run, though it did not finish it. */
  released(reason: Exclude<Stop["code"], "run-finished">): void {
    if (!this.owner || this.toldEnd) return;
    this.toldEnd = true;
    this.host.events.emit("run-released", { scope: this.scope, reason });
  }

  /** Stops the run here because its process closes; the pin stays. */
  letGo(): void {
    this.stop({
      code: "run-superseded",
      message: `${this.id} was let go when its process closed: resume its token`,
    });
    this.leave();
  }

  /** Calls `fn` once no step is running: at once, or when the last one ends. */
  whenIdle(fn: () => void): void {
    if (this.stepsInFlight === 0) {
      fn();
      return;
    }
    const before = this.onIdle;
    this.onIdle = () => {
      before?.();
      fn();
    };
  }

  /** Called by the process's one timer. */
  wake(now: number): void {
    const deadline = this.deadline ?? Number.POSITIVE_INFINITY;
    if (now < deadline) {
      if (!this.#nearEnd) {
        this.#nearEnd = true;
        this.#expiring?.abort();
        if (this.owner) this.host.events.emit("run-expiring", { scope: this.scope, deadline });
      }
      this.wakeAt = deadline;
      this.host.pinned?.deadlines.add(this);
      return;
    }
    this.expire();
  }

  /** Ends the run at its deadline: the pin no longer counts, so no step may start. */
  expire(): void {
    const stopped = this.stopped !== null;
    this.stop({ code: "run-expired", message: `${this.id} passed its deadline: no further step starts` });
    this.leave();
    if (stopped || !this.owner) return;
    const { run, bundle, class: traffic, mixed } = this.scope;
    const deadline = this.deadline ?? 0;
    const ageMs = deadline - (this.pin?.record.accepted ?? deadline);
    this.host.events.emit("run-expired", {
      run,
      bundle,
      deadline,
      local: true,
      class: traffic,
      mixed,
      ageMs,
    });
  }

  /** Sets when to wake: at the warning first, then at the deadline. Call again after the deadline moved. */
  schedule(): void {
    const { pinned } = this.host;
    if (this.pin === null || pinned === null || this.stopped !== null) return;
    const { accepted, deadline } = this.pin.record;
    pinned.deadlines.remove(this);
    this.#nearEnd = false;
    if (this.#expiring?.signal.aborted === true) this.#expiring = null;
    this.wakeAt = deadline - Math.min(warningMs, (deadline - accepted) / 10);
    pinned.deadlines.add(this);
  }
}

/** How long before its deadline a run is told, unless a tenth of its time is less. */
const warningMs = 60_000;

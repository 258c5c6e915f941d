import type { Clock, JsonValue, ModelUsage } from "@verdigris/contracts";
import { canonicalJson } from "@verdigris/contracts";
import type { Observation, ObservedCall, RunFailure } from "./observation.ts";
import { plainCopy } from "./plain-copy.ts";
import type { ShadowSession } from "./session.ts";
import type { SpendAccount } from "./spend-account.ts";

/** Sums of what a run told of its model calls. */
export interface UsageTally {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cost: number | null;
  add(usage: ModelUsage): void;
}

/** Starts at nothing; a call without a price makes the cost unknown. */
export function createUsageTally(): UsageTally {
  let inputTokens = 0;
  let outputTokens = 0;
  let cost: number | null = 0;
  return {
    get inputTokens() {
      return inputTokens;
    },
    get outputTokens() {
      return outputTokens;
    },
    get cost() {
      return cost;
    },
    add(usage) {
      inputTokens += usage.inputTokens;
      outputTokens += usage.outputTokens;
      cost = cost === null || usage.cost === null ? null : cost + usage.cost;
    },
  };
}

/** The answer of an output as a copy; undefined for what is no JSON, and where the hook fails. */
export function answerCopy<O>(output: O, answerOf: (output: O) => JsonValue): JsonValue | undefined {
  try {
    const answer = answerOf(output);
    return answer === undefined ? undefined : plainCopy(answer);
  } catch {
    return undefined;
  }
}

/** The answer of a run as plain JSON, and what went wrong where there is none. */
function readAnswer<O>(
  output: O,
  answerOf: (output: O) => JsonValue,
): { answer: JsonValue; failure: RunFailure | null } {
  const copy = answerCopy(output, answerOf);
  try {
    if (copy !== undefined) return { answer: JSON.parse(canonicalJson(copy)) as JsonValue, failure: null };
  } catch {
    // A lone surrogate: no JSON either.
  }
  return { answer: null, failure: "unreadable-answer" };
}

/** What a run did, from its outcome, its tally and its calls. */
export function observationOf(
  outcome: { readonly answer: JsonValue; readonly failure: RunFailure | null },
  tally: UsageTally,
  calls: readonly ObservedCall[],
  durationMs: number,
): Observation {
  const { inputTokens, outputTokens, cost } = tally;
  return { ...outcome, calls: [...calls], durationMs, inputTokens, outputTokens, cost };
}

/** Why a run was stopped from outside; what it would have answered is not known, so nothing is compared. */
export type StopReason = "budget" | "shed" | "closed" | "erased";

/** Thrown into a shadow run that must do no more. */
export class StoppedRun extends Error {
  override readonly name = "StoppedRun";
  readonly why: StopReason | "timed-out";

  constructor(why: StopReason | "timed-out") {
    super(`the shadow run was stopped: ${why}`);
    this.why = why;
  }
}

/** Runs something that may take, spend or push too much, and waits no longer than it may. */
export interface BoundedRun {
  readonly signal: AbortSignal;
  stop(why: StopReason): void;
  /** Rejects when stopped, however long `work` goes on. */
  race<T>(work: Promise<T>): Promise<T>;
  /** What stopped it; null while nothing has. */
  readonly stopped: StoppedRun | null;
}

/** Bounds a run by `maxRunMs`; `end` lets go of the timer. */
export function boundRun(clock: Clock, maxRunMs: number): BoundedRun & { end(): void } {
  const controller = new AbortController();
  let stopped: StoppedRun | null = null;
  const halt = (why: StopReason | "timed-out"): void => {
    stopped ??= new StoppedRun(why);
    controller.abort(stopped);
  };
  return {
    signal: controller.signal,
    stop: halt,
    end: clock.setTimer(() => halt("timed-out"), maxRunMs),
    get stopped() {
      return stopped;
    },
    race: (work) =>
      new Promise((resolve, reject) => {
        const onAbort = () => reject(controller.signal.reason);
        if (controller.signal.aborted) onAbort();
        controller.signal.addEventListener("abort", onAbort, { once: true });
        work.then(resolve, reject);
      }),
  };
}

/** What {@link observeShadowRun} needs. */
export interface ShadowRunParts<I, O> {
  readonly run: (input: I, session: ShadowSession) => Promise<O> | O;
  readonly input: I;
  readonly session: Omit<ShadowSession, "usage">;
  readonly calls: readonly ObservedCall[];
  readonly bounded: BoundedRun;
  readonly account: SpendAccount;
  readonly clock: Clock;
  readonly answerOf: (output: O) => JsonValue;
}

/**
 * Runs one bundle in the sandbox and says what it did; a failure of its own, time included, is an observation. Rejects
 * with {@link StoppedRun} where it was stopped for reasons that lie outside it.
 */
export async function observeShadowRun<I, O>(parts: ShadowRunParts<I, O>): Promise<Observation> {
  const { run, input, calls, bounded, account, clock, answerOf } = parts;
  const tally = createUsageTally();
  const began = clock.monotonic();
  const usage = (used: ModelUsage): void => {
    tally.add(used);
    account.add(used);
    if (account.closed() !== null) bounded.stop("budget");
  };
  const session: ShadowSession = Object.freeze({ ...parts.session, usage });
  const outcome = await bounded.race((async () => run(input, session))()).then(
    (output) => readAnswer(output, answerOf),
    (): { answer: JsonValue; failure: RunFailure } => {
      const failure = bounded.stopped?.why === "timed-out" ? "timed-out" : "threw";
      return { answer: null, failure };
    },
  );
  account.runEnded(tally.cost ?? 0, tally.inputTokens + tally.outputTokens);
  if (bounded.stopped !== null && bounded.stopped.why !== "timed-out") throw bounded.stopped;
  return observationOf(outcome, tally, calls, clock.monotonic() - began);
}

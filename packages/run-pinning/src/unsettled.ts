import {
  type Clock,
  isVerdigrisError,
  type RunEvents,
  type RunOutcome,
  type RunScope,
} from "@verdigris/contracts";
import type { EventHub } from "@verdigris/router";
import type { PinState } from "./pin-state.ts";
import type { Removal, Unconfirmed } from "./remove-pin.ts";

/** A finish that the store has not confirmed. */
interface Unsettled {
  readonly scope: RunScope;
  readonly outcome: RunOutcome;
  readonly durationMs: number;
  readonly pin: PinState;
  /** True where the pin may be gone already. */
  readonly unanswered: boolean;
}

/** The finishes of a process that the store has not confirmed: as many at most as it had runs when the store went away. */
export interface UnsettledFinishes {
  add(finish: Unsettled): void;
  /** Tries them once more, until the store does not answer for one. */
  settle(): Promise<void>;
  stop(): void;
}

interface UnsettledOptions {
  readonly clock: Clock;
  readonly events: EventHub<RunEvents>;
  /** Takes a pin back; null where there are none. */
  readonly remove: (pin: PinState, unanswered: boolean) => Promise<Removal | Unconfirmed>;
}

const [firstWaitMs, longestWaitMs] = [1_000, 30_000];

function isAway(error: unknown): boolean {
  return isVerdigrisError(error, "store-unavailable") || isVerdigrisError(error, "store-indeterminate");
}

/** Keeps trying, ever less often while the store is away, and tells of each what became of it. */
export function createUnsettledFinishes({ clock, events, remove }: UnsettledOptions): UnsettledFinishes {
  let waiting: Unsettled[] = [];
  let waitMs = firstWaitMs;
  let cancel: (() => void) | null = null;
  let stopped = false;
  let settling: Promise<void> = Promise.resolve();

  const arm = (): void => {
    if (cancel !== null || stopped || waiting.length === 0) return;
    cancel = clock.setTimer(() => {
      cancel = null;
      void settle().then(arm);
    }, waitMs);
  };
  const settleAll = async (): Promise<void> => {
    for (const finish of [...waiting]) {
      const { pin, scope, outcome, durationMs } = finish;
      const result = await remove(pin, finish.unanswered);
      waiting = waiting.filter((other) => other !== finish);
      if (typeof result !== "object") {
        waitMs = firstWaitMs;
        events.emit("finish-settled", { scope, outcome, durationMs, result });
        continue;
      }
      waiting.push({ ...finish, unanswered: result.unanswered });
      // One whose records cannot be read keeps no other.
      if (!isAway(result.error)) continue;
      waitMs = Math.min(longestWaitMs, waitMs * 2);
      return;
    }
  };
  const settle = (): Promise<void> => {
    settling = settling.then(settleAll);
    return settling;
  };
  return {
    add(finish) {
      waiting.push(finish);
      arm();
    },
    settle,
    stop() {
      stopped = true;
      cancel?.();
    },
  };
}

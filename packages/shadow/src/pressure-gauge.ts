import { type Clock, InvalidArgumentError, systemClock, type Unsubscribe } from "@verdigris/contracts";
import { resetOfScarce } from "./rate-limit-headers.ts";

/** Settings of {@link createPressureGauge}. */
export interface PressureOptions {
  /** First pause after a refusal that does not say how long; doubles with each one on its heels. @default 5,000 */
  readonly pauseMs?: number;
  /** @default 300,000 */
  readonly maxPauseMs?: number;
  /**
   * Share of the provider's limit that is left to users: below it, as its rate-limit headers tell it, no shadow run begins
   * until the limit is reset. Above what users take at their busiest, no call of theirs is refused for a shadow run's. 0
   * waits for refusals. @default 0.5
   */
  readonly reserve?: number;
  /** @default the host's time */
  readonly clock?: Clock;
}

/** Knows when the provider pushes back. One per process: live and shadow calls tell it, shadow runs obey it. */
export interface PressureGauge {
  /** Milliseconds until shadow runs may go on; 0 when they may now. */
  pauseMs(): number;
  /** A call was refused for its rate (HTTP 429, 503 or 529), wherever in the process. */
  refused(retryAfterMs?: number): void;
  /** Calls `fn` at every refusal. */
  onRefused(fn: () => void): Unsubscribe;
  /** Little is left of a limit that is reset in so many milliseconds: begin nothing until then, and stop nothing. */
  scarce(resetMs: number): void;
  /** A `fetch` that tells this gauge what it sees, refusals and rate-limit headers, and changes nothing else. */
  watch<F extends typeof globalThis.fetch>(fetch: F): F;
}

const pushBack: ReadonlySet<number> = new Set([429, 503, 529]);

/** `Retry-After` in seconds or as a date; undefined where it is neither. */
function retryAfter(header: string | null, now: number): number | undefined {
  if (header === null || header.trim() === "") return undefined;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1_000);
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

/** Makes a gauge that nobody has told anything. */
export function createPressureGauge(options: PressureOptions = {}): PressureGauge {
  const { pauseMs = 5_000, maxPauseMs = 300_000, reserve = 0.5, clock = systemClock } = options;
  for (const [name, value] of [
    ["pauseMs", pauseMs],
    ["maxPauseMs", maxPauseMs],
  ] as const) {
    if (!(Number.isFinite(value) && value > 0))
      throw new InvalidArgumentError(name, `must be above 0, got ${value}`);
  }
  if (!(reserve >= 0 && reserve < 1))
    throw new InvalidArgumentError("reserve", `must be a share from 0 to below 1, got ${reserve}`);
  const listeners = new Set<() => void>();
  let until = 0;
  let scarceUntil = 0;
  let lastPause = 0;

  const refused = (retryAfterMs?: number): void => {
    const now = clock.monotonic();
    // Refusals long after the last pause begin anew; those within one are the same push.
    const fresh = now >= until + lastPause;
    const next = now < until ? lastPause : fresh ? pauseMs : Math.min(maxPauseMs, lastPause * 2);
    lastPause = Math.max(next, pauseMs);
    until = Math.max(until, now + Math.max(lastPause, Math.min(retryAfterMs ?? 0, maxPauseMs)));
    for (const listener of [...listeners]) listener();
  };
  const scarce = (resetMs: number): void => {
    if (!(resetMs > 0)) return;
    scarceUntil = Math.max(scarceUntil, clock.monotonic() + Math.min(resetMs, maxPauseMs));
  };
  const look = ({ status, headers }: Response): void => {
    if (pushBack.has(status)) refused(retryAfter(headers.get("retry-after"), clock.now()));
    else if (reserve > 0) scarce(resetOfScarce(headers, reserve, clock.now()) ?? 0);
  };
  return {
    pauseMs: () => Math.max(0, until - clock.monotonic(), scarceUntil - clock.monotonic()),
    refused,
    scarce,
    onRefused(fn) {
      listeners.add(fn);
      return () => listeners.delete(fn);
    },
    watch(fetch) {
      const watched: typeof globalThis.fetch = async (input, init) => {
        const response = await fetch(input, init);
        try {
          look(response);
        } catch {
          // A response of another make tells nothing, and its caller gets it all the same.
        }
        return response;
      };
      return watched as typeof fetch;
    },
  };
}

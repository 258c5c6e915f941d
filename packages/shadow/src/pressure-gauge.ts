import { type Clock, InvalidArgumentError, systemClock, type Unsubscribe } from "@verdigris/contracts";

/** Settings of {@link createPressureGauge}. */
export interface PressureOptions {
  /** First pause after a refusal that does not say how long; doubles with each one on its heels. @default 5,000 */
  readonly pauseMs?: number;
  /** @default 300,000 */
  readonly maxPauseMs?: number;
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
  /** A `fetch` that tells this gauge what it sees and changes nothing else. */
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
  const { pauseMs = 5_000, maxPauseMs = 300_000, clock = systemClock } = options;
  for (const [name, value] of [
    ["pauseMs", pauseMs],
    ["maxPauseMs", maxPauseMs],
  ] as const) {
    if (!(Number.isFinite(value) && value > 0))
      throw new InvalidArgumentError(name, `must be above 0, got ${value}`);
  }
  const listeners = new Set<() => void>();
  let until = 0;
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
  return {
    pauseMs: () => Math.max(0, until - clock.monotonic()),
    refused,
    onRefused(fn) {
      listeners.add(fn);
      return () => listeners.delete(fn);
    },
    watch(fetch) {
      const watched: typeof globalThis.fetch = async (input, init) => {
        const response = await fetch(input, init);
        if (pushBack.has(response.status))
          refused(retryAfter(response.headers.get("retry-after"), clock.now()));
        return response;
      };
      return watched as typeof fetch;
    },
  };
}

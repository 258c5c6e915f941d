import type { Clock } from "@verdigris/contracts";

/** The server's clock, as far as it can be told from its latest reply. */
export interface ServerTime {
  learn(micro: number): void;
  /** Server time (µs) that is surely reached once `ms` have passed here; null when it cannot be told closely enough. */
  surelyAfter(ms: number): number | null;
}

/** Clocks are kept in step by at most this share of the time that passes (what a time daemon may slew). */
const drift = 500e-6;

export function createServerTime(clock: Clock): ServerTime {
  let known: { readonly micro: number; readonly received: number } | null = null;
  return {
    learn(micro) {
      known = { micro, received: clock.monotonic() };
    },
    surelyAfter(ms) {
      if (known === null) return null;
      // The server read its clock before its reply was received here, so it is at least as far on.
      const passed = clock.monotonic() - known.received;
      const uncertain = passed * drift;
      return uncertain > ms / 4 ? null : Math.floor(known.micro + (passed + ms - uncertain) * 1_000);
    },
  };
}

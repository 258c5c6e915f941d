import type { Clock } from "@verdigris/contracts";
import type { PinnedHost } from "./host.ts";

const perMinute = 10;

/** Named starts go on record, but a loop of them must not fill the store: ten a minute, the rest are counted. */
export function createNotices(clock: Clock): PinnedHost["notices"] {
  let left = perMinute;
  let since = clock.monotonic();
  let suppressed = 0;
  return {
    take() {
      const now = clock.monotonic();
      if (now - since >= 60_000) {
        left = perMinute;
        since = now;
      }
      if (left === 0) {
        suppressed++;
        return null;
      }
      left--;
      const notice = { suppressed };
      suppressed = 0;
      return notice;
    },
  };
}

import type { Clock } from "@verdigris/contracts";
import type { Database } from "./database.ts";

/** Store time: the host's clock, never going back from one commit to the next, whichever process makes them. */
export interface StoreTime {
  /** The time of a commit. Only inside a write transaction. */
  forCommit(): number;
  /** The commit it was asked for has happened, or has not. */
  settled(committed: boolean): void;
  /** The time of a reply to a read that saw entries up to `newest`. */
  forRead(newest: number): number;
}

/**
 * The file holds a time that no commit in it exceeds. It is written this far ahead of the clock, so that only one
 * commit in many pays for it; when several processes write, store time may run ahead of the clock by as much.
 */
const aheadMs = 10;

export function createStoreTime(database: Database, clock: Clock): StoreTime {
  const readUntil = database.prepare("SELECT value FROM verdigris_meta WHERE name = 'until'");
  const writeUntil = database.prepare("UPDATE verdigris_meta SET value = ? WHERE name = 'until'");
  let latest = 0;
  let until = 0;
  let version = -1;
  let pending: { readonly at: number; readonly until: number; readonly version: number } | null = null;

  const now = (): number => Math.floor(clock.now());

  return {
    forCommit() {
      const seen = database.dataVersion();
      let at = Math.max(now(), latest);
      let bound = until;
      if (seen !== version) {
        // Others have committed since: when exactly is not known, only that it was not after this.
        bound = Number(readUntil.first()?.[0]);
        at = Math.max(at, bound);
      }
      if (at > bound) {
        bound = at + aheadMs;
        writeUntil.run(bound);
      }
      pending = { at, until: bound, version: seen };
      return at;
    },
    settled(committed) {
      if (pending === null) return;
      latest = pending.at;
      if (committed) ({ until, version } = pending);
      pending = null;
    },
    forRead(newest) {
      const bound = Number(readUntil.first()?.[0]);
      latest = Math.max(latest, now(), newest, bound - aheadMs);
      return latest;
    },
  };
}

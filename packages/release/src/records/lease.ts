import { decodeRecord, type StoreEntry, type StoreOp, type VersionedRecord } from "@verdigris/contracts";
import type { World } from "./world.ts";

/** `{agent}/lease/driver`: which process drives the agent's release. The fence goes up with every change of hands. */
interface DriverLease extends VersionedRecord {
  /** Empty where it was given up. */
  readonly driver: string;
  readonly fence: number;
}

/** A lease not renewed for so long, in store time, is anybody's. */
const leaseMs = 15_000;

/** The right to drive, for one process. */
export interface Lease {
  /** Takes or renews it; false while another process has it. */
  hold(): Promise<boolean>;
  /** What every commit of the driver checks: it fails once another process has the lease. */
  fence(): readonly StoreOp[];
  /** True while it cannot have passed on, by this process's own clock. */
  isFresh(): boolean;
  /** Gives it up, so that another need not wait. */
  release(): Promise<void>;
}

/** Who holds the lease and for how long nobody renewed it; null where nobody ever did. */
export async function readLease(
  world: Pick<World, "store" | "keys">,
): Promise<{ readonly driver: string; readonly fence: number; readonly ageMs: number } | null> {
  const { entries, at } = await world.store.get([world.keys.driver]);
  const entry = entries[0] ?? null;
  if (entry === null) return null;
  const { driver, fence } = decodeRecord<DriverLease>(entry.key, entry.value);
  return { driver, fence, ageMs: Math.max(0, at - entry.at) };
}

/** Creates the lease of one driver. */
export function createLease({ store, keys, clock, format }: World, driver: string): Lease {
  let rev = 0;
  let heldMonotonic = Number.NEGATIVE_INFINITY;

  const put = async (entry: StoreEntry | null, fence: number): Promise<boolean> => {
    const sent = clock.monotonic();
    const value = JSON.stringify({ v: format(), driver, fence } satisfies DriverLease);
    const result = await store.commit([{ op: "put", key: keys.driver, rev: entry?.rev ?? 0, value }]);
    if (!result.ok) return false;
    rev = result.revs[0] ?? 0;
    heldMonotonic = sent;
    return true;
  };

  return {
    async hold() {
      if (clock.monotonic() < heldMonotonic + leaseMs / 3) return true;
      const { entries, at } = await store.get([keys.driver]);
      const entry = entries[0] ?? null;
      if (entry === null) return put(null, 1);
      const found = decodeRecord<DriverLease>(entry.key, entry.value);
      if (found.driver === driver) return put(entry, found.fence);
      if (found.driver !== "" && at - entry.at <= leaseMs) return false;
      return put(entry, found.fence + 1);
    },
    fence: () => [{ op: "check", key: keys.driver, rev }],
    isFresh: () => clock.monotonic() < heldMonotonic + leaseMs - 5_000,
    async release() {
      if (heldMonotonic === Number.NEGATIVE_INFINITY) return;
      heldMonotonic = Number.NEGATIVE_INFINITY;
      const { entries } = await store.get([keys.driver]);
      const entry = entries[0] ?? null;
      if (entry === null || entry.rev !== rev) return;
      const { fence } = decodeRecord<DriverLease>(entry.key, entry.value);
      const value = JSON.stringify({ v: format(), driver: "", fence } satisfies DriverLease);
      await store.commit([{ op: "put", key: keys.driver, rev, value }]);
    },
  };
}

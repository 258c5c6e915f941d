import { type PinRecord, type StoreOp, storeLimits, type VersionedRecord } from "@verdigris/contracts";
import type { PinnedHost } from "./host.ts";
import { commitNoted, forgetCompanions, type PinState, readCompanions, removalOps } from "./pin-state.ts";

/** `{agent}/swept/{deadline}/{run}`: written with the removal of an expired pin, so that two who lost their replies know whose it was. */
interface SweptRecord extends VersionedRecord {
  readonly by: string;
}

type Mark = Pick<Extract<StoreOp, { op: "put" }>, "op" | "key" | "value">;

const attempts = 3;
/** Nobody waits longer for a store that does not answer. */
const keptMs = 7 * 86_400_000;
const mostPages = 30;

function sweptKey({ keys }: PinnedHost, { deadline, run }: PinRecord): string {
  return keys.swept(deadline, run);
}

/** True when the pin was removed by a sweep. Rejects when the store does not answer. */
export async function wasSwept(host: PinnedHost, record: PinRecord): Promise<boolean> {
  const { entries } = await host.store.get([sweptKey(host, record)]);
  return (entries[0] ?? null) !== null;
}

/** Removes expired pins for one process. */
export interface Sweeper {
  /** Removes an expired pin; true when this very call did it, whatever replies were lost. Rejects when the store does not answer. */
  away(host: PinnedHost, pin: PinState): Promise<boolean>;
  /** Pins whose removal was in doubt, and turns out to be this process's. */
  settled(host: PinnedHost): AsyncGenerator<PinRecord>;
}

/** Tries a removal; null where no reply came. */
async function tryAway(host: PinnedHost, pin: PinState, mark: Mark): Promise<boolean | null> {
  let markRev = 0;
  for (let tries = 0; tries < attempts; tries++) {
    await readCompanions(host, pin);
    const result = await commitNoted(host, [...removalOps(host, pin), { ...mark, rev: markRev }]);
    if (result === "no-reply") continue;
    if (result.ok) return true;
    if (result.key === pin.key) break;
    if (result.key !== mark.key) forgetCompanions(pin);
    else if (result.current?.value === mark.value) return true;
    // Of a pin that was there before under the same name: a store that went backwards.
    else markRev = result.current?.rev ?? 0;
  }
  return null;
}

/** Creates the sweeper of a process; `newId` mints its name when it first removes something. */
export function createSweeper(newId: () => string): Sweeper {
  const doubts = new Map<string, PinRecord>();
  let by: string | null = null;
  const markOf = (host: PinnedHost, pin: PinRecord): Mark => {
    by ??= newId();
    const record: SweptRecord = { v: pin.v, by };
    return { op: "put", key: sweptKey(host, pin), value: JSON.stringify(record) };
  };
  const isMine = async (host: PinnedHost, pin: PinRecord): Promise<boolean> => {
    const { key, value } = markOf(host, pin);
    return (await host.store.get([key])).entries[0]?.value === value;
  };
  return {
    async away(host, pin) {
      const { record } = pin;
      const key = sweptKey(host, record);
      doubts.set(key, record);
      const mine = (await tryAway(host, pin, markOf(host, record))) ?? (await isMine(host, record));
      if (mine) doubts.delete(key);
      return mine;
    },
    async *settled(host) {
      for (const [key, record] of [...doubts]) {
        const mine = await isMine(host, record);
        // Where it is not, the pin is there and is swept again, or it was another's.
        doubts.delete(key);
        if (mine) yield record;
      }
    },
  };
}

/** Lets go of marks that nobody can need any more. */
export async function forgetSwept({ store, keys }: PinnedHost, now: number): Promise<void> {
  for (let page = 0; page < mostPages; page++) {
    const { entries } = await store.list(keys.swept(), { limit: storeLimits.opsPerCommit });
    const old = entries.filter(({ key }) => key < keys.swept(now - keptMs));
    if (old.length === 0) return;
    // Where another process does the same, one of the two commits; the next sweep goes on.
    const { ok } = await store.commit(old.map(({ key, rev }): StoreOp => ({ op: "del", key, rev })));
    if (!ok) return;
  }
}

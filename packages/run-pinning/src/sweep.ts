import {
  type BundleId,
  decodeRecord,
  isVerdigrisError,
  type PinRecord,
  type RunEvents,
  type StoreOp,
  storeLimits,
  type VersionedRecord,
} from "@verdigris/contracts";
import { type EventHub, timeMarginMs } from "@verdigris/router";
import type { PinnedHost } from "./host.ts";
import {
  clearAway,
  commitNoted,
  forgetCompanions,
  PinState,
  readCompanions,
  removalOps,
} from "./pin-state.ts";

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

/** Removes expired pins for one process, in one sweep at a time: the mark names the process. */
interface Sweeper {
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
async function forgetSwept({ store, keys }: PinnedHost, now: number): Promise<void> {
  for (let page = 0; page < mostPages; page++) {
    const { entries } = await store.list(keys.swept(), { limit: storeLimits.opsPerCommit });
    const old = entries.filter(({ key }) => key < keys.swept(now - keptMs));
    if (old.length === 0) return;
    // Where another process does the same, one of the two commits; the next sweep goes on.
    const { ok } = await store.commit(old.map(({ key, rev }): StoreOp => ({ op: "del", key, rev })));
    if (!ok) return;
  }
}

/** After every key of one bundle: `~` sorts behind digits and letters. */
const lastOf = (prefix: string): string => `${prefix}~`;
const pageSize = 100;
const noticeDays = 30;

/** Bundles that have pins, finished or not, found by skipping from one to the next. */
async function* bundlesWithPins(host: PinnedHost): AsyncGenerator<BundleId> {
  let after = host.keys.pins;
  for (;;) {
    const { entries } = await host.store.list(host.keys.pins, { after, limit: 1 });
    const bundle = entries[0]?.key.slice(host.keys.pins.length).split("/")[0];
    if (bundle === undefined) return;
    yield bundle;
    after = lastOf(host.keys.pinsOf(bundle));
  }
}

/** The pin under a key, or null when a later release wrote it (that release sweeps it) or it is none at all. */
function readPin(key: string, value: string): PinRecord | null {
  try {
    return decodeRecord<PinRecord>(key, value);
  } catch {
    return null;
  }
}

/** The pins of a bundle past their deadline, soonest first. */
async function* expiredPins(host: PinnedHost, bundle: BundleId, now: number): AsyncGenerator<PinState> {
  const prefix = host.keys.pinsOf(bundle);
  for (let after = prefix; ; ) {
    const { entries } = await host.store.list(prefix, { after, limit: pageSize });
    for (const { key, rev, value } of entries) {
      after = key;
      const record = readPin(key, value);
      if (record === null) continue;
      if (record.deadline + timeMarginMs > now) return;
      const pin = new PinState(record, key, rev, undefined);
      pin.movedRev = undefined;
      yield pin;
    }
    if (entries.length < pageSize) return;
  }
}

/** Removes a pin, unless what points to it cannot be read here: one spoilt record must not keep all others. */
async function sweepPin(host: PinnedHost, pin: PinState, sweeper: Sweeper): Promise<boolean> {
  try {
    // Nobody finishes what stands for another agent's run, and nobody counts it.
    return pin.record.anchor === true ? await clearAway(host, pin) : await sweeper.away(host, pin);
  } catch (error) {
    if (isVerdigrisError(error, "record-corrupt") || isVerdigrisError(error, "record-too-new")) return false;
    throw error;
  }
}

function tellSwept(events: EventHub<RunEvents>, pin: PinRecord): void {
  const { run, bundle, deadline, anchor, accepted, class: traffic, was } = pin;
  if (anchor === true) return;
  const facts = { class: traffic, mixed: was !== undefined, ageMs: deadline - accepted };
  events.emit("run-expired", { run, bundle, deadline, local: false, ...facts });
}

async function sweepBundle(
  host: PinnedHost,
  events: EventHub<RunEvents>,
  bundle: BundleId,
  now: number,
  sweeper: Sweeper,
): Promise<number> {
  let swept = 0;
  for await (const pin of expiredPins(host, bundle, now)) {
    if (!(await sweepPin(host, pin, sweeper))) continue;
    swept++;
    tellSwept(events, pin.record);
  }
  return swept;
}

async function sweepNotices(host: PinnedHost, now: number): Promise<void> {
  const { entries } = await host.store.list(`${host.keys.prefix}notice/`, { limit: pageSize });
  for (const entry of entries) {
    if (entry.at > now - noticeDays * 86_400_000) return;
    await host.store.commit([{ op: "del", key: entry.key, rev: entry.rev }]);
  }
}

/**
 * Removes pins past their deadline with everything that points to them; any process may, and it is safe to do twice. Each is told
 * once, by whoever removed it.
 */
export async function sweepExpired(
  host: PinnedHost,
  events: EventHub<RunEvents>,
  sweeper: Sweeper,
): Promise<number> {
  const now = await host.freshTime();
  let swept = 0;
  for await (const record of sweeper.settled(host)) tellSwept(events, record);
  for await (const bundle of bundlesWithPins(host))
    swept += await sweepBundle(host, events, bundle, now, sweeper);
  await sweepNotices(host, now);
  await forgetSwept(host, now);
  return swept;
}

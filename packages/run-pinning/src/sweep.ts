import {
  type BundleId,
  decodeRecord,
  isVerdigrisError,
  type PinRecord,
  type RunEvents,
} from "@verdigris/contracts";
import { type EventHub, timeMarginMs } from "@verdigris/router";
import type { PinnedHost } from "./host.ts";
import { clearAway, PinState } from "./pin-state.ts";
import { forgetSwept, type Sweeper } from "./swept.ts";

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

import {
  type BundleId,
  type PinRecord,
  type RunEvents,
  recordVersion,
  type StoreEntry,
} from "@verdigris/contracts";
import { type EventHub, timeMarginMs } from "@verdigris/router";
import type { PinnedHost } from "./host.ts";
import { clearAway } from "./pin-state.ts";

/** After every key of one bundle: `~` sorts behind digits and letters. */
const lastOf = (prefix: string): string => `${prefix}~`;
const perBundle = 100;
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

/** The pin of an entry, or null when a later release wrote it: that release sweeps it. */
function readPin(entry: StoreEntry): PinRecord | null {
  const record = JSON.parse(entry.value) as PinRecord;
  return record.v > recordVersion ? null : record;
}

async function sweepBundle(
  host: PinnedHost,
  events: EventHub<RunEvents>,
  bundle: BundleId,
  now: number,
): Promise<number> {
  let swept = 0;
  const { entries } = await host.store.list(host.keys.pinsOf(bundle), { limit: perBundle });
  for (const entry of entries) {
    const record = readPin(entry);
    if (record === null) continue;
    if (record.deadline + timeMarginMs > now) break;
    const pin = { record, key: entry.key, rev: entry.rev, claimRev: undefined, movedRev: undefined };
    if (!(await clearAway(host, pin))) continue;
    swept++;
    events.emit("run-expired", { run: record.run, bundle, deadline: record.deadline, local: false });
  }
  return swept;
}

async function sweepNotices(host: PinnedHost, now: number): Promise<void> {
  const { entries } = await host.store.list(`${host.keys.prefix}notice/`, { limit: perBundle });
  for (const entry of entries) {
    if (entry.at > now - noticeDays * 86_400_000) return;
    await host.store.commit([{ op: "del", key: entry.key, rev: entry.rev }]);
  }
}

/** Removes pins past their deadline with everything that points to them; any process may, and it is safe to do twice. */
export async function sweepExpired(host: PinnedHost, events: EventHub<RunEvents>): Promise<number> {
  const now = await host.freshTime();
  let swept = 0;
  for await (const bundle of bundlesWithPins(host)) swept += await sweepBundle(host, events, bundle, now);
  await sweepNotices(host, now);
  return swept;
}

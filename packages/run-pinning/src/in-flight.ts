import {
  type BundleId,
  decodeRecord,
  InvalidArgumentError,
  type PinRecord,
  requireId,
  storeLimits,
  timeKey,
} from "@verdigris/contracts";
import { timeMarginMs } from "@verdigris/router";
import type { PinnedHost } from "./host.ts";

/** One unfinished run, as its pin says. */
export interface InFlightRun {
  readonly run: string;
  readonly bundle: BundleId;
  readonly class: PinRecord["class"];
  readonly key: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly accepted: number;
  readonly deadline: number;
  /** True until a process that serves the bundle takes it up. */
  readonly unplaced: boolean;
}

/** Runs counted exactly up to 10,000, and then "more than". */
export interface RunCount {
  readonly count: number;
  readonly more: boolean;
}

/** Counting stops here: nobody decides differently at 10,001, and a count must not hold up its caller. */
export const exactCountLimit = 10_000;

/** Pins count until their deadline; the margin covers the error of a node's store time. */
function fromNow(host: PinnedHost, bundle: BundleId, now: number): string {
  return `${host.keys.pinsOf(bundle)}${timeKey(now - timeMarginMs)}`;
}

/** Lets other work in between two pages, so that a count never holds up the event loop. */
function breathe(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** The unfinished run of a bundle whose deadline is next, or null: one `list` of one entry, however many there are. */
export async function firstInFlight(host: PinnedHost, bundle: BundleId): Promise<PinRecord | null> {
  const now = await host.freshTime();
  const { entries } = await host.store.list(host.keys.pinsOf(bundle), {
    after: fromNow(host, bundle, now),
    limit: 1,
  });
  const entry = entries[0];
  return entry === undefined ? null : decodeRecord<PinRecord>(entry.key, entry.value);
}

/** Counts the unfinished runs of a bundle in pages of 1,000. */
export async function countInFlight(host: PinnedHost, bundle: BundleId): Promise<RunCount> {
  const now = await host.freshTime();
  let after = fromNow(host, bundle, now);
  let count = 0;
  for (;;) {
    const { entries } = await host.store.list(host.keys.pinsOf(bundle), {
      after,
      limit: storeLimits.listLimit,
    });
    count += entries.length;
    if (count > exactCountLimit) return { count: exactCountLimit, more: true };
    const last = entries.at(-1);
    if (last === undefined || entries.length < storeLimits.listLimit) return { count, more: false };
    after = last.key;
    await breathe();
  }
}

/** One page of unfinished runs, soonest deadline first; pass `next` as `after` for the following page. */
export async function listInFlight(
  host: PinnedHost,
  options: { readonly bundle: BundleId; readonly after?: string; readonly limit?: number },
): Promise<{ readonly runs: readonly InFlightRun[]; readonly next: string | null }> {
  const { limit = 100 } = options;
  const bundle = requireId("bundle", options.bundle);
  if (!(Number.isInteger(limit) && limit >= 1 && limit <= storeLimits.listLimit)) {
    throw new InvalidArgumentError("limit", `must be 1 to ${storeLimits.listLimit}, got ${limit}`);
  }
  const prefix = host.keys.pinsOf(bundle);
  const after =
    options.after === undefined ? fromNow(host, bundle, await host.freshTime()) : `${prefix}${options.after}`;
  const { entries } = await host.store.list(prefix, { after, limit });
  const runs = entries.map((entry): InFlightRun => {
    const {
      run,
      accepted,
      deadline,
      key = run,
      labels = {},
      unplaced = false,
      ...pin
    } = decodeRecord<PinRecord>(entry.key, entry.value);
    return { run, bundle: pin.bundle, class: pin.class, key, labels, accepted, deadline, unplaced };
  });
  const last = entries.at(-1);
  return { runs, next: last === undefined || entries.length < limit ? null : last.key.slice(prefix.length) };
}

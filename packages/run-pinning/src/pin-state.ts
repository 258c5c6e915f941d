import {
  type CommitResult,
  decodeRecord,
  isVerdigrisError,
  type PinPointer,
  type PinRecord,
  type StoreOp,
} from "@verdigris/contracts";
import type { PinnedHost } from "./host.ts";

/** The pin of a run as its holder last knew it. */
export class PinState {
  record: PinRecord;
  key: string;
  rev: number;
  /** Revisions of `claim/{id}` and `moved/{run}`, null where there is none; undefined when they must be read first. */
  claimRev: number | null | undefined;
  movedRev: number | null | undefined = null;
  /** The pointer as it was read, so that fields a later release added survive when it is written again. */
  movedRecord: PinPointer | null = null;

  constructor(record: PinRecord, key: string, rev: number, claimRev: PinState["claimRev"]) {
    this.record = record;
    this.key = key;
    this.rev = rev;
    this.claimRev = claimRev;
  }
}

/** JSON text of `{agent}/claim/{id}` or `{agent}/moved/{run}`, in the format of the pin it points to. */
export function pointerText(
  { v, run }: Pick<PinRecord, "v" | "run">,
  pin: string,
  before: PinPointer | null = null,
): string {
  return JSON.stringify({ ...before, v, run, pin } satisfies PinPointer);
}

/** Commits and notes store time; `no-reply` when the reply was lost, so that the caller re-reads instead of repeating. */
export async function commitNoted(
  host: PinnedHost,
  ops: readonly StoreOp[],
): Promise<CommitResult | "no-reply"> {
  const sent = host.monotonic();
  try {
    const result = await host.store.commit(ops);
    host.time.observe(result.at, sent);
    return result;
  } catch (error) {
    if (isVerdigrisError(error, "store-indeterminate")) return "no-reply";
    throw error;
  }
}

/** Reads the revisions of a pin's claim and pointer where this process does not know them; no promise where it does. */
export function readCompanions(host: PinnedHost, pin: PinState): Promise<void> | undefined {
  const known = pin.claimRev !== undefined && pin.movedRev !== undefined;
  return known ? undefined : lookUpCompanions(host, pin);
}

/** They are not as they were known: the next use reads them again. */
export function forgetCompanions(pin: PinState): void {
  pin.claimRev = undefined;
  pin.movedRev = undefined;
}

async function lookUpCompanions(host: PinnedHost, pin: PinState): Promise<void> {
  const { run, claim } = pin.record;
  const { entries } = await host.store.get([
    host.keys.moved(run),
    ...(claim === undefined ? [] : [host.keys.claim(claim)]),
  ]);
  const moved = entries[0] ?? null;
  pin.movedRev = moved?.rev ?? null;
  pin.movedRecord = moved === null ? null : decodeRecord<PinPointer>(moved.key, moved.value);
  const claimed = entries[1] ?? null;
  const ours = claimed !== null && decodeRecord<PinPointer>(claimed.key, claimed.value).run === run;
  pin.claimRev = ours ? claimed.rev : null;
}

/** The ops that take a pin away with everything that points to it. */
export function removalOps(host: PinnedHost, pin: PinState): StoreOp[] {
  const ops: StoreOp[] = [{ op: "del", key: pin.key, rev: pin.rev }];
  const { run, claim } = pin.record;
  if (typeof pin.claimRev === "number" && claim !== undefined)
    ops.push({ op: "del", key: host.keys.claim(claim), rev: pin.claimRev });
  if (typeof pin.movedRev === "number") ops.push({ op: "del", key: host.keys.moved(run), rev: pin.movedRev });
  return ops;
}

/** Removes a pin that no longer counts; true when this very call did it. */
export async function clearAway(host: PinnedHost, pin: PinState): Promise<boolean> {
  await readCompanions(host, pin);
  const result = await commitNoted(host, removalOps(host, pin));
  return result !== "no-reply" && result.ok;
}

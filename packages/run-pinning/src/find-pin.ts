import {
  agentKeys,
  decodeRecord,
  type PinPointer,
  type PinRecord,
  type StoreEntry,
  VerdigrisError,
} from "@verdigris/contracts";
import type { PinnedHost } from "./host.ts";
import { PinState } from "./pin-state.ts";
import { parseToken, type RunClaim } from "./token.ts";

function pinOf(entry: StoreEntry, moved: StoreEntry | null): PinState {
  const record = decodeRecord<PinRecord>(entry.key, entry.value);
  const pin = new PinState(record, entry.key, entry.rev, record.claim === undefined ? null : undefined);
  if (moved !== null) {
    pin.movedRev = moved.rev;
    pin.movedRecord = decodeRecord<PinPointer>(moved.key, moved.value);
  }
  return pin;
}

async function read(host: PinnedHost, keys: readonly string[]): Promise<readonly (StoreEntry | null)[]> {
  const sent = host.monotonic();
  const { entries, at } = await host.store.get(keys);
  host.time.observe(at, sent);
  return entries;
}

/** The pin under a key, or where `moved/{run}` says it went; null when the run is finished or swept. */
export async function findPin(host: PinnedHost, key: string, movedKey: string): Promise<PinState | null> {
  let at = key;
  let known: number | undefined;
  for (;;) {
    const [entry = null, moved = null] = await read(host, [at, movedKey]);
    if (entry !== null) return pinOf(entry, moved);
    // Gone, unless it moved on since the pointer was read.
    if (moved === null || moved.rev === known) return null;
    known = moved.rev;
    at = decodeRecord<PinPointer>(moved.key, moved.value).pin;
  }
}

/** Reads a token of this agent; throws `token-invalid` when it is none. */
export function ownClaim(agent: string, token: string): RunClaim {
  const claim = parseToken(token);
  if (claim.agent === agent) return claim;
  throw new VerdigrisError(
    "token-invalid",
    `this token belongs to ${claim.agent}, not to ${agent}: resume it where ${claim.agent} is`,
    { agent: claim.agent },
  );
}

/** The pin a token claims; throws `run-unknown` or `run-expired` when there is none to take up. */
export async function findClaimed(host: PinnedHost, claim: RunClaim): Promise<PinState> {
  const keys = claim.agent === host.router.agent ? host.keys : agentKeys(claim.agent);
  const found = await findPin(host, keys.pin(claim.bundle, claim.deadline, claim.run), keys.moved(claim.run));
  const now = host.time.now();
  if (found !== null && now < found.record.deadline) return found;
  const { run, bundle } = claim;
  if (found !== null || now >= claim.deadline) {
    throw new VerdigrisError("run-expired", `${run} passed its deadline: start its work again`, {
      run,
      bundle,
    });
  }
  throw new VerdigrisError(
    "run-unknown",
    `${run} is finished or was never accepted: there is nothing to take up`,
    { run, bundle },
  );
}

import { decodeRecord, type PinPointer, VerdigrisError } from "@verdigris/contracts";
import { findClaimed, findPin, ownClaim } from "./find-pin.ts";
import { announce, announceResumed, hold } from "./hold-run.ts";
import type { PinnedHost, RunHost } from "./host.ts";
import { lengthenPin, relocatePin } from "./move-run.ts";
import { clearAway, commitNoted, type PinState } from "./pin-state.ts";
import { LocalRun } from "./run.ts";
import type { Run, StartResult } from "./run-types.ts";
import { formatToken } from "./token.ts";

const attempts = 4;

function takenBy(pin: PinState): VerdigrisError {
  const { run, bundle, epoch } = pin.record;
  return new VerdigrisError(
    "run-superseded",
    `${run} was taken up since this token was made: use the newer token, or take over`,
    { run, bundle, epoch },
  );
}

/** Makes this process the owner of a pin: one commit from the revision that was read. Null when another one was quicker. */
async function takeUp<P>(
  host: RunHost<P>,
  pinned: PinnedHost,
  pin: PinState,
): Promise<StartResult<P> | null> {
  const { record } = pin;
  const bundle = await host.bundleOf(record.bundle);
  if (!host.serves(bundle))
    return { placed: false, bundle: bundle.id, token: formatToken(host.agent, record, pin.rev) };
  const lease = await host.pipelines.acquire(bundle);
  let kept = false;
  try {
    const { unplaced, ...placed } = record;
    const deadline = unplaced === true ? record.cap : record.deadline;
    const next = { ...placed, deadline, epoch: record.epoch + 1, holder: host.newId() };
    const longer = deadline > record.deadline;
    const outcome = longer ? await lengthenPin(pinned, pin, next) : await relocatePin(pinned, pin, next, []);
    if (outcome !== "moved") return null;
    kept = true;
    const run = hold(host, pin, lease);
    if (unplaced === true) announce(run, { reason: "elsewhere", generation: next.generation });
    else announceResumed(run);
    return { placed: true, run };
  } finally {
    if (!kept) lease.release();
  }
}

/** Takes a run up from its token; see `RunPinning.resume`. */
export async function resumeRun<P>(
  host: RunHost<P>,
  pinned: PinnedHost,
  token: string,
  takeover: boolean,
): Promise<Run<P>> {
  const claim = ownClaim(host.agent, token);
  for (let tries = 0; tries < attempts; tries++) {
    const pin = await findClaimed(pinned, claim);
    if (pin.rev !== claim.rev && !takeover) throw takenBy(pin);
    const result = await takeUp(host, pinned, pin);
    if (result?.placed === true) return result.run;
    if (result !== null) {
      throw new VerdigrisError(
        "run-not-placed",
        `${result.bundle} is not served by this process: send the token to one that serves it`,
        { bundle: result.bundle, token: result.token },
      );
    }
  }
  throw new VerdigrisError(
    "run-superseded",
    `${claim.run} keeps being taken up elsewhere: let one process have it`,
    { run: claim.run },
  );
}

/** Looks in on a run without owning it; see `RunPinning.attach`. */
export async function attachRun<P>(host: RunHost<P>, pinned: PinnedHost, token: string): Promise<Run<P>> {
  const pin = await findClaimed(pinned, ownClaim(host.agent, token));
  const bundle = await host.bundleOf(pin.record.bundle);
  if (!host.serves(bundle)) {
    throw new VerdigrisError(
      "run-not-placed",
      `${bundle.id} is not served by this process: attach where it is served`,
      { bundle: bundle.id, token },
    );
  }
  const lease = await host.pipelines.acquire(bundle);
  const run = new LocalRun<P>({ host, lease, of: pin, owner: false });
  host.attached.add(run);
  if (host.closing.aborted) run.letGo();
  else run.schedule();
  return run;
}

/** A second start with the same id: the first run, taken over, whatever the route says now. `decide-again` once it is gone. */
export async function redeliver<P>(
  host: RunHost<P>,
  pinned: PinnedHost,
  id: string,
): Promise<StartResult<P> | "decide-again"> {
  const { entries, at } = await pinned.store.get([pinned.keys.claim(id)]);
  const claim = entries[0] ?? null;
  if (claim === null) return "decide-again";
  const pointer = decodeRecord<PinPointer>(claim.key, claim.value);
  const pin = await findPin(pinned, pointer.pin, pinned.keys.moved(pointer.run));
  if (pin === null) {
    await commitNoted(pinned, [{ op: "del", key: claim.key, rev: claim.rev }]);
    return "decide-again";
  }
  if (pin.record.deadline <= at) {
    await clearAway(pinned, pin);
    return "decide-again";
  }
  return (await takeUp(host, pinned, pin)) ?? "decide-again";
}

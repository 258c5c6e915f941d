import { type CommitResult, isVerdigrisError, VerdigrisError } from "@verdigris/contracts";
import type { PinnedHost } from "./host.ts";
import { forgetCompanions, type PinState, readCompanions, removalOps } from "./pin-state.ts";
import { wasSwept } from "./swept.ts";

/** What became of a pin that its owner took back. */
export type Removal = "finished" | "superseded" | "expired";

/** The store has not said. `unanswered` is true where the pin may be gone all the same. */
export interface Unconfirmed {
  readonly error: unknown;
  readonly unanswered: boolean;
}

const attempts = 3;

/** What an answered removal came to; null when it has to be tried again. `unanswered` is true once a reply was lost. */
function removed(
  host: PinnedHost,
  pin: PinState,
  result: CommitResult,
  unanswered: boolean,
): Removal | null | Promise<Removal> {
  if (result.ok) return "finished";
  if (result.key !== pin.key) {
    forgetCompanions(pin);
    return null;
  }
  if (result.current !== null) return "superseded";
  const late = result.at >= pin.record.deadline;
  if (!unanswered) return late ? "expired" : "superseded";
  // Gone, by the attempt whose reply was lost, unless a sweep says that it was first.
  return late ? wasSwept(host, pin.record).then((swept) => (swept ? "expired" : "finished")) : "finished";
}

/**
 * Deletes a pin with its claim and pointer in one commit. Never rejects: where the store does not answer it may be tried again, with the
 * `unanswered` of the last try.
 */
export async function removePin(
  host: PinnedHost,
  pin: PinState,
  before: boolean,
): Promise<Removal | Unconfirmed> {
  let unanswered = before;
  try {
    for (let tries = 0; tries < attempts; tries++) {
      const reading = readCompanions(host, pin);
      if (reading !== undefined) await reading;
      try {
        const end = removed(host, pin, await host.store.commit(removalOps(host, pin)), unanswered);
        if (end !== null) return await end;
      } catch (error) {
        if (!isVerdigrisError(error, "store-indeterminate")) throw error;
        unanswered = true;
      }
    }
  } catch (error) {
    return { error, unanswered };
  }
  const { run } = pin.record;
  const message = `the store did not confirm that ${run} is finished`;
  return { error: new VerdigrisError("store-indeterminate", message, { run }), unanswered };
}

import type { PinRecord } from "@verdigris/contracts";

/**
 * The JSON text of a pin that is being accepted: what `JSON.stringify` gives, in a fraction of its time for the common
 * pin. Every string written without escaping is an id or one of a closed set, so there is nothing to escape in it.
 */
export function acceptedPinText(pin: PinRecord, plain: boolean): string {
  if (!plain) return JSON.stringify(pin);
  const { v, run, bundle, epoch, accepted, deadline, cap, generation } = pin;
  // Joined: a concatenation keeps all its pieces, at several times the bytes, in a store that holds on to the text.
  return [
    '{"v":',
    v,
    ',"run":"',
    run,
    '","bundle":"',
    bundle,
    '","epoch":',
    epoch,
    ',"accepted":',
    accepted,
    ',"deadline":',
    deadline,
    ',"cap":',
    cap,
    ',"class":"',
    pin.class,
    '","generation":',
    generation,
    "}",
  ].join("");
}

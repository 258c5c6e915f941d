import type { PinRecord } from "@verdigris/contracts";

/**
 * The JSON text of a pin that is being accepted: what `JSON.stringify` gives, in a fraction of its time for the common
 * pin. Every string written without escaping is an id or one of a closed set, so there is nothing to escape in it.
 */
export function acceptedPinText(pin: PinRecord, plain: boolean): string {
  if (!plain) return JSON.stringify(pin);
  return `{"v":${pin.v},"run":"${pin.run}","bundle":"${pin.bundle}","epoch":${pin.epoch},"accepted":${pin.accepted},"deadline":${pin.deadline},"cap":${pin.cap},"class":"${pin.class}","generation":${pin.generation}}`;
}

import type { PinRecord } from "@verdigris/contracts";

/** A pin as it is accepted, without any of the optional fields: that of most runs. */
export class AcceptedPin implements PinRecord {
  readonly v: number;
  readonly run: string;
  readonly bundle: string;
  readonly epoch = 1;
  readonly accepted: number;
  readonly deadline: number;
  readonly cap: number;
  readonly class: PinRecord["class"];
  readonly generation: number;

  constructor(facts: Omit<PinRecord, "epoch">) {
    this.v = facts.v;
    this.run = facts.run;
    this.bundle = facts.bundle;
    this.accepted = facts.accepted;
    this.deadline = facts.deadline;
    this.cap = facts.cap;
    this.class = facts.class;
    this.generation = facts.generation;
  }
}

/**
 * The JSON text of a pin that is being accepted: what `JSON.stringify` gives, in a fraction of its time for the common
 * pin. Every string written without escaping is an id or one of a closed set, so there is nothing to escape in it.
 */
export function textOf(pin: PinRecord): string {
  if (!(pin instanceof AcceptedPin)) return JSON.stringify(pin);
  const { v, run, bundle, epoch, accepted, deadline, cap, generation } = pin;
  // Joined: what is only concatenated keeps all its pieces, at several times the bytes, in a store that holds on to it.
  return [
    `{"v":${v},"run":"${run}","bundle":"${bundle}","epoch":${epoch},"accepted":${accepted}`,
    `,"deadline":${deadline},"cap":${cap},"class":"${pin.class}","generation":${generation}}`,
  ].join("");
}

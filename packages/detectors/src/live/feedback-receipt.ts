import type { TrafficClass } from "@verdigris/contracts";
import type { KnownRun } from "./open-runs.ts";

const id = "[A-Za-z0-9._:-]{1,128}";
const form = new RegExp(
  `^vf1/(${id})/(live|canary|preview|shadow|smoke|eval|drill)(\\.mixed)?/(\\d{1,13})/(${id})$`,
);

/** What to hand out with an answer: which run it is, on which bundle, and when it began. No key and no label. */
export function receiptOf({ run, bundle, class: traffic, mixed, acceptedAt }: KnownRun): string {
  return `vf1/${bundle}/${traffic}${mixed ? ".mixed" : ""}/${Math.floor(acceptedAt)}/${run}`;
}

/** The run that a receipt names; null for text that is none. */
export function readReceipt(agent: string, text: string): KnownRun | null {
  const [, bundle, traffic, mixed, at, run] = form.exec(text) ?? [];
  if (bundle === undefined || run === undefined) return null;
  return {
    agent,
    run,
    bundle,
    class: traffic as TrafficClass,
    mixed: mixed !== undefined,
    acceptedAt: Number(at),
  };
}

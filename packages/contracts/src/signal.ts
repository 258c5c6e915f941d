import type { BundleId } from "./bundle.ts";

/** `watching` is too little data to tell, or evidence that stops short of an alarm; it is never a pass. */
export type SignalStatus = "alarm" | "clear" | "watching";

/** Who stands on the other side of a comparison; a signal always says which. */
export type SignalBaseline =
  /** Blue takes runs of the same time: a canary. */
  | { readonly kind: "concurrent"; readonly bundle: BundleId }
  /** A share of the keys was kept on blue after the switch. */
  | { readonly kind: "holdback"; readonly bundle: BundleId }
  /** Blue's own windows before the switch, matched by load; there is no pairing in time. */
  | { readonly kind: "history"; readonly bundle: BundleId }
  /** A fixed limit, and no other bundle. */
  | { readonly kind: "floor" };

/** What a detector says of one bundle at one moment. Plain data: it is stored as evidence and shown as it is. */
export interface Signal {
  /** Unique among the detectors of a plan, as in `latency-regression`. */
  readonly name: string;
  readonly status: SignalStatus;
  /** The bundle that is watched. */
  readonly bundle: BundleId;
  readonly baseline: SignalBaseline;
  /** The watched bundle's value, in `unit`; null before there is one. */
  readonly value: number | null;
  /** The baseline's value, or the floor. */
  readonly reference: number | null;
  /** value / reference, where the rule is about a ratio. */
  readonly ratio: number | null;
  /** The limit of the rule: of the ratio where there is one, of the value otherwise. */
  readonly limit: number;
  readonly unit: string;
  /** Runs counted for the watched bundle, and for the baseline. */
  readonly n: number;
  readonly referenceN: number;
  /** About how many runs the watched bundle needs before this can be `clear` or `alarm`; null when not known. */
  readonly needed: number | null;
  /** Interval of the ratio, or of the value where there is no ratio. */
  readonly interval: { readonly low: number; readonly high: number; readonly confidence: number } | null;
  /** Evidence against "no worse", as a multiple: an alarm needs at least 1 / α; null where the rule is a count. */
  readonly evidence: number | null;
  /** Store time at which this was evaluated. */
  readonly at: number;
  /** The reason in words, with the numbers in it. */
  readonly reason: string;
}

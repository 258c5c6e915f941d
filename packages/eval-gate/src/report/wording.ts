import type { Verdict } from "@verdigris/contracts";
import type { ComparedFinding } from "../evidence/findings.ts";

/** A share as points: 0.0543 is `5.4`. */
export function points(share: number, { sign = false }: { readonly sign?: boolean } = {}): string {
  const text = Math.abs(100 * share).toFixed(1);
  const rounded = text === "0.0" ? 0 : share;
  if (rounded < 0) return `−${text}`;
  return sign && rounded > 0 ? `+${text}` : text;
}

/** A share in percent: 0.4839 is `48.4 %`. */
export function percent(share: number): string {
  return `${points(share)} %`;
}

/** A probability: 0.0004 is `< 0.001`. */
export function probability(p: number): string {
  return p < 0.001 ? "< 0.001" : p.toFixed(3);
}

/** What a finding is about: the metric, and the slice where it is about one. */
export function subject({ metric, slice }: Pick<ComparedFinding, "metric" | "slice">): string {
  return slice === null ? metric : `${metric} on ${slice}`;
}

/** Interval in points, or why there is none. */
export function intervalText({ interval }: ComparedFinding): string {
  return interval === null
    ? "no baseline"
    : `${points(interval.lower, { sign: true })} to ${points(interval.upper, { sign: true })}`;
}

/** How far the baseline lies from itself; null where nothing is known of it. */
export function noiseText({ noise }: ComparedFinding): string | null {
  if (noise === null) return null;
  const { source, difference, disagree, expected } = noise;
  const apart = `${points(difference, { sign: true })} points, ${disagree} cases otherwise`;
  const within = `nine identical bundles of ten stay within ±${points(expected)}`;
  return source === "measured"
    ? `a second run: ${apart}; ${within}`
    : `one half of its repeats against the other: ${apart}; with all repeats ${within}`;
}

/** How a verdict reads aloud. */
export const verdictWords: Readonly<Record<Verdict, string>> = {
  pass: "Pass",
  fail: "Fail: it is worse",
  inconclusive: "Inconclusive: it cannot be told yet",
  incomparable: "Incomparable: it was not the same question",
  error: "Error: it could not be measured",
};

/** A moment, in UTC and to the second. */
export function moment(at: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? "unknown" : date.toISOString().replace(/\.\d+Z$/, "Z");
}

/** What no report shows as it is: control characters, halves of characters, and marks that turn the direction of the text beside them. */
const unshown = /[\p{Cc}\p{Cs}\p{Bidi_Control}\ufffe\uffff]/gu;

/** Text from outside as it may stand in any report: on one line, and nothing in it that moves what stands beside it. */
export function shown(text: string): string {
  return text.replace(/[\r\n\t\u2028\u2029]+/g, " ").replace(unshown, "\ufffd");
}

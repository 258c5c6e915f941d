import type { GateNote, GateNoteCode, GateReason, GateReasonCode } from "../evidence/evidence.ts";

/** What a remark is about. */
export interface About {
  readonly metric?: string;
  readonly slice?: string;
  readonly cases?: readonly string[];
}

const keptCases = 100;

const verdictOf: Readonly<Record<GateReasonCode, GateReason["verdict"]>> = {
  "no-baseline": "error",
  "metric-unmeasured": "error",
  "cases-unmeasured": "error",
  "nothing-to-judge": "error",
  "judge-below-kappa": "error",
  "must-pass-unchecked": "error",
  "look-refused": "error",
  "case-changed": "incomparable",
  "case-removed": "incomparable",
  "case-undigested": "incomparable",
  "scorer-changed": "incomparable",
  "judge-changed": "incomparable",
  "repeats-unequal": "incomparable",
  "coverage-failed": "fail",
  worse: "fail",
  "slice-worse": "fail",
  "below-floor": "fail",
  "over-ceiling": "fail",
  "must-pass-failed": "fail",
  "coverage-unknown": "inconclusive",
  "not-confirmed": "inconclusive",
  "floor-not-reached": "inconclusive",
  "ceiling-not-confirmed": "inconclusive",
};

/** A reason with the verdict it asks for. */
export function reason(code: GateReasonCode, text: string, about: About = {}): GateReason {
  return { code, verdict: verdictOf[code], text, ...bounded(about) };
}

/** A note. */
export function note(code: GateNoteCode, text: string, about: About = {}): GateNote {
  return { code, text, ...bounded(about) };
}

function bounded({ cases, ...about }: About): About {
  return cases === undefined ? about : { ...about, cases: cases.slice(0, keptCases) };
}

/** "3 cases (a, b, c)", with at most five names. */
export function countCases(ids: readonly string[]): string {
  const names = ids.slice(0, 5).join(", ");
  const rest = ids.length > 5 ? ` and ${ids.length - 5} more` : "";
  return `${ids.length} ${ids.length === 1 ? "case" : "cases"} (${names}${rest})`;
}

/** A score or difference with three decimals, as people compare them. */
export function number(value: number): string {
  return value.toFixed(3);
}

/** The same with its sign. */
export function signed(value: number): string {
  return `${value < 0 ? "-" : "+"}${number(Math.abs(value))}`;
}

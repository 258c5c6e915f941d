import { InvalidArgumentError, isPlainObject, type JsonValue } from "@verdigris/contracts";
import { normalisedEditDistance } from "./edit-distance.ts";
import type { Observation } from "./observation.ts";

/** What a comparator may look at beside the two runs. */
export interface CompareContext {
  readonly input: JsonValue;
  readonly slice: string | null;
  readonly signal: AbortSignal;
}

/** One view of how far two runs of the same input lie apart. */
export interface Comparator {
  /** Unique among the views; shown in every report. */
  readonly name: string;
  /** False for a view that is shown and decides nothing. @default true */
  readonly judged?: boolean;
  /** 0 (the same) to 1 (nothing in common); null where the question makes no sense for these two. May be a promise. */
  distance(a: Observation, b: Observation, context: CompareContext): number | null | Promise<number | null>;
}

/** Text without what a reader does not see. */
function visible(text: string): string {
  return text.normalize("NFC").trim().replace(/\s+/g, " ");
}

function sameAnswer(a: JsonValue, b: JsonValue): boolean {
  if (typeof a === "string" && typeof b === "string") return visible(a) === visible(b);
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Leaves of a structured answer by their path. */
function leaves(value: JsonValue, path: string, into: Map<string, string>): Map<string, string> {
  if (value !== null && typeof value === "object") {
    const members = Object.entries(value);
    for (const [name, member] of members)
      leaves(member as JsonValue, `${path}/${JSON.stringify(name)}`, into);
    if (members.length > 0) return into;
  }
  into.set(path, JSON.stringify(value));
  return into;
}

function differentFields(a: JsonValue, b: JsonValue): number | null {
  if (!(isPlainObject(a) && isPlainObject(b))) return null;
  const [left, right] = [leaves(a, "", new Map()), leaves(b, "", new Map())];
  const paths = new Set([...left.keys(), ...right.keys()]);
  const different = [...paths].filter((path) => left.get(path) !== right.get(path));
  return different.length / paths.size;
}

/** Both with an answer, or there is nothing to compare answers by: a failure has its own view. */
function answered(a: Observation, b: Observation): boolean {
  return a.failure === null && b.failure === null;
}

/**
 * The final answer: 0 when the two read the same, 1 otherwise. Useful for short or structured answers; free text needs a
 * {@link customDistance}, since two wordings of one answer are as far apart as two answers.
 */
export const answerDistance: Comparator = {
  name: "answer",
  distance: (a, b) => (answered(a, b) ? Number(!sameAnswer(a.answer, b.answer)) : null),
};

/** A structured answer: the share of its fields that differ. */
export const fieldsDistance: Comparator = {
  name: "fields",
  judged: false,
  distance: (a, b) => (answered(a, b) ? differentFields(a.answer, b.answer) : null),
};

/** The sequence of tools that were called: edit distance over the length of the longer. */
export const toolsDistance: Comparator = {
  name: "tools",
  distance: (a, b) =>
    normalisedEditDistance(
      a.calls.map(({ tool }) => tool),
      b.calls.map(({ tool }) => tool),
    ),
};

/**
 * The first tool call, exactly: tool and arguments. The only call that both runs make in the same world; from the first
 * difference on a recording no longer fits, and calls are compared as outcomes.
 */
export const firstCallDistance: Comparator = {
  name: "first-call",
  judged: false,
  distance(a, b) {
    const [left, right] = [a.calls[0], b.calls[0]];
    if (left === undefined && right === undefined) return null;
    return Number(left?.tool !== right?.tool || left?.args !== right?.args);
  },
};

/** Whether one of the two failed and the other did not. */
export const failureDistance: Comparator = {
  name: "failure",
  distance: (a, b) => Number((a.failure === null) !== (b.failure === null)),
};

/** The views used where none are named. */
export const defaultComparators: readonly Comparator[] = Object.freeze([
  answerDistance,
  fieldsDistance,
  toolsDistance,
  firstCallDistance,
  failureDistance,
]);

/** A view of two answers by a function of the caller's: an embedding distance, a judge, a domain rule. */
export function customDistance(
  name: string,
  distance: (a: JsonValue, b: JsonValue, context: CompareContext) => number | Promise<number>,
  options: { readonly judged?: boolean } = {},
): Comparator {
  return {
    name,
    ...options,
    distance: (a, b, context) => (answered(a, b) ? distance(a.answer, b.answer, context) : null),
  };
}

/** Whether exactly one of two answers declines to answer, as `isRefusal` sees it. */
export function refusalDistance(isRefusal: (answer: JsonValue) => boolean): Comparator {
  return customDistance("refusal", (a, b) => Number(isRefusal(a) !== isRefusal(b)));
}

/** Throws `invalid-argument` for views without a name, twice the same, and none at all. */
export function requireComparators(comparators: readonly Comparator[]): readonly Comparator[] {
  if (!Array.isArray(comparators) || comparators.length === 0) {
    throw new InvalidArgumentError("comparators", "must hold at least one view");
  }
  const names = new Set<string>();
  for (const { name, distance } of comparators) {
    if (typeof name !== "string" || name === "" || typeof distance !== "function") {
      throw new InvalidArgumentError("comparators", "must each have a name and a distance");
    }
    if (names.has(name)) throw new InvalidArgumentError("comparators", `holds ${JSON.stringify(name)} twice`);
    names.add(name);
  }
  if (comparators.every(({ judged }) => judged === false)) {
    throw new InvalidArgumentError("comparators", "must hold at least one view that is judged");
  }
  return comparators;
}

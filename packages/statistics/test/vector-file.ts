import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import type { Interval } from "../src/index.ts";

export type Case = Readonly<Record<string, unknown>>;

export interface VectorSet {
  readonly id: string;
  readonly tolerance: Readonly<Record<string, number>>;
  readonly cases: readonly Case[];
}

const shipped = fileURLToPath(new URL("fixtures/vectors.json", import.meta.url));

/** Outside numbers to test against; `VERDIGRIS_VECTORS` names another file of the same form. */
export const vectorFile: string = process.env.VERDIGRIS_VECTORS ?? shipped;

export function readVectors(): readonly VectorSet[] {
  return (JSON.parse(readFileSync(vectorFile, "utf8")) as { readonly sets: readonly VectorSet[] }).sets;
}

/** Within the set's tolerance: an absolute one, or a relative one, whichever is given and looser. */
export function expectNear(actual: number, expected: number, set: VectorSet, what: string): void {
  const { abs = 0, rel = 0 } = set.tolerance;
  // The last bit of a double, so that an exact 0 or a tolerance of 0 leaves room for rounding.
  const allowed = Math.max(
    abs,
    rel * Math.abs(expected),
    4 * Number.EPSILON * Math.max(1, Math.abs(expected)),
  );
  const distance = actual === expected ? 0 : Math.abs(actual - expected);
  expect(distance, `${set.id}, ${what}: ${actual} should be ${expected}`).toBeLessThanOrEqual(allowed);
}

/** Numbers that files write as they are, as `1/9`, or as `inf`. */
export function numberOf(value: unknown): number {
  if (typeof value === "number") return value;
  if (value === "inf") return Number.POSITIVE_INFINITY;
  const [over, under = "1"] = String(value).split("/");
  return Number(over) / Number(under);
}

/** Answers how many figures of the case it checked. */
export type Check = (example: Case, set: VectorSet) => number;

/** Checks every figure that the case gives and the table computes. */
export function figures(
  table: Readonly<Record<string, () => number | readonly number[]>>,
  example: Case,
  set: VectorSet,
): number {
  let checked = 0;
  for (const [field, compute] of Object.entries(table)) {
    if (example[field] === undefined) continue;
    const [actual, expected] = [compute(), example[field]].map((value) => [value].flat());
    for (const [i, value] of (expected ?? []).entries()) {
      expectNear(
        Number(actual?.[i]),
        numberOf(value),
        set,
        `${field} of ${JSON.stringify(example).slice(0, 120)}`,
      );
      checked++;
    }
  }
  return checked;
}

export const ends = ({ lower, upper }: Interval): readonly number[] => [lower, upper];

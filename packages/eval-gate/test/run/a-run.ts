import type { Clock, Digest, JsonValue } from "@verdigris/contracts";
import { createFakeClock } from "@verdigris/testing";
import type { EvalCase, EvalSet } from "../../src/eval-set/eval-set.ts";
import { createMemorySink, type RunEvalsOptions } from "../../src/run.ts";
import { customScorer } from "../../src/scorers.ts";

/** A digest that says what it stands for, for tests that only compare. */
export function digest(of: string): Digest {
  return `sha256:${Buffer.from(of.padEnd(32, ".")).toString("hex").slice(0, 64)}`;
}

export function aCase(id: string, more: Partial<EvalCase> = {}): EvalCase {
  return { id, input: `ask ${id}`, slice: "all", mustPass: false, digest: digest(`case ${id}`), ...more };
}

export function aSet(...cases: readonly (string | EvalCase)[]): EvalSet {
  const all = cases.map((one) => (typeof one === "string" ? aCase(one) : one));
  return { name: "set", version: "1", digest: digest(all.map(({ id }) => id).join()), cases: all };
}

export const half = customScorer({ metric: "half", version: "1", score: () => 0.5 });

/** Options of a run over cases a, b and c that changes nothing outside. */
export function aRun(more: Partial<RunEvalsOptions> = {}): RunEvalsOptions & { readonly clock: Clock } {
  return {
    set: aSet("a", "b", "c"),
    bundle: { id: "green", digest: digest("green") },
    target: (input: JsonValue) => `${input}!`,
    scorers: [half],
    sink: createMemorySink(),
    clock: createFakeClock(),
    random: () => 0,
    newId: () => "run-1",
    ...more,
  };
}

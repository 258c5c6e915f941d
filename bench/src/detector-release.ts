import type { Signal } from "@verdigris/contracts";
import {
  costRegression,
  createJudge,
  createRecorder,
  hardErrors,
  latencyRegression,
  passRateFloor,
  type Rule,
  type RunFacts,
  type RunRecorder,
} from "@verdigris/detectors";
import { bakeMinutes, type Family, type Release, type SimulatedRun } from "./detector-world.ts";

/** A whole minute of store time, so that ten-second buckets fall on it. */
const began = 1_800_000_000_000;

/** The rules as they come, under the names of their signals. */
const rules: readonly Rule[] = [latencyRegression(), costRegression(), passRateFloor(), hardErrors()];

/** The minute of each rule's first alarm, and the status of each at the end. */
export interface Outcome {
  readonly alarms: Readonly<Record<string, number>>;
  readonly last: readonly Signal[];
}

type Happening = readonly [at: number, tell: (recorder: RunRecorder) => void];

function happenings(runs: readonly SimulatedRun[], bundle: string): Happening[] {
  const all: Happening[] = [];
  for (const { startedAt, endedAt, cost, failed, passed } of runs) {
    const facts: RunFacts = { bundle, class: "live", mixed: false, startedAt: began + startedAt };
    all.push([startedAt, (recorder) => recorder.started(facts)]);
    all.push([
      endedAt,
      (recorder) => {
        recorder.ended(facts, failed ? "failed" : "completed", endedAt - startedAt, cost);
        recorder.scored(facts, passed);
      },
    ]);
  }
  return all;
}

/** Plays a release minute by minute into the real recorder, and looks at it with the real rules. */
export function play(family: Family, release: Release, alarmsOnly = true): Outcome {
  const recorder = createRecorder();
  const judge = createJudge(rules);
  const events = [...happenings(release.green, "green"), ...happenings(release.blue, "blue")].sort(
    ([a], [b]) => a - b,
  );
  const kind = family.baseline ?? "concurrent";
  const alarms: Record<string, number> = {};
  let next = 0;
  let last: readonly Signal[] = [];
  for (let minute = 1; minute <= bakeMinutes; minute++) {
    const at = began + minute * 60_000;
    for (; (events[next]?.[0] ?? Infinity) <= minute * 60_000; next++) events[next]?.[1](recorder);
    last = judge({
      bundle: "green",
      baseline: { kind, bundle: "blue" },
      since: began,
      at,
      bakeMs: bakeMinutes * 60_000,
      alarmsOnly,
      watched: recorder.between("green", began, at),
      reference:
        kind === "history" ? recorder.between("blue", 0, began) : recorder.between("blue", began, at),
    });
    for (const { name, status } of last) if (status === "alarm") alarms[name] ??= minute;
  }
  return { alarms, last };
}

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

/** The minute of each rule's first alarm, and what each says at the end. */
export interface Outcome {
  readonly alarms: Readonly<Record<string, number>>;
  readonly last: readonly Signal[];
}

/** Tells a recorder what happens to an arm, as far as a minute. */
type Teller = (until: number) => void;

function teller(runs: readonly SimulatedRun[], bundle: string, recorder: RunRecorder): Teller {
  const facts = runs.map(
    ({ startedAt }): RunFacts => ({ bundle, class: "live", mixed: false, startedAt: began + startedAt }),
  );
  const ends = Array.from(runs.keys()).sort((a, b) => endOf(runs, a) - endOf(runs, b));
  let [started, ended] = [0, 0];
  return (until) => {
    for (; (runs[started]?.startedAt ?? Infinity) <= until; started++)
      recorder.started(facts[started] as RunFacts);
    for (; endOf(runs, ends[ended] ?? -1) <= until; ended++) {
      const which = ends[ended] ?? 0;
      const { startedAt, endedAt, cost, failed, passed } = runs[which] as SimulatedRun;
      const fact = facts[which] as RunFacts;
      recorder.ended(fact, failed ? "failed" : "completed", endedAt - startedAt, cost);
      recorder.scored(fact, passed);
    }
  };
}

function endOf(runs: readonly SimulatedRun[], which: number): number {
  return runs[which]?.endedAt ?? Infinity;
}

/** How a release is looked at. */
export interface Viewing {
  /** Looks before the last one ask for alarms alone. @default true */
  readonly alarmsOnly?: boolean;
  /** Stops at this signal's first alarm: what comes later changes nothing of it. */
  readonly until?: string | undefined;
}

/** Plays a release minute by minute into the real recorder, and looks at it with the real rules. */
export function play(family: Family, release: Release, viewing: Viewing = {}): Outcome {
  const { alarmsOnly = true, until } = viewing;
  const recorder = createRecorder();
  const judge = createJudge(rules);
  const tellers = [teller(release.green, "green", recorder), teller(release.blue, "blue", recorder)];
  const kind = family.baseline ?? "concurrent";
  const alarms: Record<string, number> = {};
  let last: readonly Signal[] = [];
  for (let minute = 1; minute <= bakeMinutes; minute++) {
    const at = began + minute * 60_000;
    for (const tell of tellers) tell(minute * 60_000);
    last = judge({
      bundle: "green",
      baseline: { kind, bundle: "blue" },
      since: began,
      at,
      bakeMs: bakeMinutes * 60_000,
      alarmsOnly: alarmsOnly && minute < bakeMinutes,
      watched: recorder.between("green", began, at),
      reference:
        kind === "history" ? recorder.between("blue", 0, began) : recorder.between("blue", began, at),
    });
    for (const { name, status } of last) if (status === "alarm") alarms[name] ??= minute;
    if (until !== undefined && alarms[until] !== undefined) break;
  }
  return { alarms, last };
}

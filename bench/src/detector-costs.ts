import { DDSketch } from "@datadog/sketches-js";
import { createJudge, createRecorder, latencyRegression, type RunFacts } from "@verdigris/detectors";
import { build } from "hdr-histogram-js";
import { chanceOf } from "./detector-world.ts";
import { collect, keep, measureOperations } from "./measure.ts";
import { type Findings, goal, operationRow, type Row } from "./report.ts";

const began = 1_800_000_000_000;
const minute = 60_000;

function look(runsPerMinute: number, minutes: number): Parameters<ReturnType<typeof createJudge>>[0] {
  const random = chanceOf(7);
  const recorder = createRecorder();
  for (const bundle of ["green", "blue"])
    for (let i = 0; i < runsPerMinute * minutes; i++) {
      const run: RunFacts = {
        bundle,
        class: "live",
        mixed: false,
        startedAt: began + (i / runsPerMinute) * minute,
      };
      recorder.started(run);
      recorder.ended(run, "completed", 1.25 ** (25 * random()) * 1_000, 0.01 + random());
    }
  const at = began + minutes * minute + 1;
  const baseline = { kind: "concurrent", bundle: "blue" } as const;
  return {
    ...{ bundle: "green", baseline, since: began, at, bakeMs: 120 * minute },
    watched: recorder.between("green", began, at),
    reference: recorder.between("blue", began, at),
  };
}

function memoryRow(): Row {
  collect();
  const before = process.memoryUsage().heapUsed;
  const kept = look(30, 120);
  const judge = createJudge([latencyRegression()]);
  keep(judge(kept));
  collect();
  const kib = (process.memoryUsage().heapUsed - before) / 1_024;
  keep(judge(kept));
  return {
    group: "memory",
    name: "two arms, two hours, 30 runs a minute each",
    unit: "KiB",
    min: kib,
    median: kib,
    max: kib,
  };
}

/** What counting a run and judging a bundle cost, beside two histograms people use. */
export async function detectorCosts(): Promise<Findings> {
  const recorder = createRecorder();
  const hdr = build();
  const sketch = new DDSketch({ relativeAccuracy: 0.01 });
  const random = chanceOf(3);
  const values = Array.from({ length: 4_096 }, () => 1_000 + 60_000 * random());
  const run: RunFacts = { bundle: "green", class: "live", mixed: false, startedAt: began };
  let i = 0;
  const next = (): number => values[i++ & 4_095] ?? 1;
  const judged = look(6, 120);
  const watched = createJudge([latencyRegression()]);
  keep(watched(judged));
  const measured = await measureOperations([
    { name: "record() of an ended run", run: () => keep(recorder.ended(run, "completed", next(), 0.01)) },
    { name: "hdr-histogram-js: one value", run: () => keep(hdr.recordValue(next() | 0)) },
    { name: "@datadog/sketches-js: one value", run: () => keep(sketch.accept(next())) },
    { name: "evaluation, 12 restarts x 300 buckets", run: () => keep(watched(judged)) },
  ]);
  const rows = [...measured].map(([name, rounds]) => operationRow("costs", name, rounds));
  const median = (name: string): number => rows.find((row) => row.name === name)?.median ?? Number.NaN;
  return {
    rows: [...rows, memoryRow()],
    goals: [
      goal("record() of an ended run (ns)", median("record() of an ended run"), "lower", 300),
      goal(
        "evaluation of 12 restarts x 300 buckets (ms)",
        median("evaluation, 12 restarts x 300 buckets") / 1e6,
        "lower",
        1,
      ),
    ],
  };
}

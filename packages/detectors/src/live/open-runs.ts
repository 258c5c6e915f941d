import type { InstrumentedProcess, RunScope, VerdigrisEvents } from "@verdigris/contracts";
import type { RunFacts, RunRecorder } from "../windows/recorder.ts";

/** A run this process holds. */
interface OpenRun {
  readonly startedAt: number;
  readonly facts: RunFacts;
  /** Null once a cost is not known. */
  spent: number | null;
}

/** Feeds a recorder with the runs of a process. */
export interface OpenRuns {
  /** The facts of a run that is open here, or ended here not long ago. */
  factsOf(run: string): RunFacts | null;
  stop(): void;
}

const mostRemembered = 10_000;

function factsFor({ bundle, class: traffic, mixed }: RunScope, startedAt: number): RunFacts {
  return { bundle, class: traffic, mixed, startedAt };
}

/** Counts what a process tells of its runs. `onEnded` hears of runs that ended without an answer to score. */
export function feedRecorder(
  process: InstrumentedProcess,
  recorder: RunRecorder,
  onEnded: (run: string, facts: RunFacts) => void,
): OpenRuns {
  const open = new Map<string, OpenRun>();
  const ended = new Map<string, RunFacts>();

  const begin = (scope: RunScope, acceptedAt: number | null): number => {
    const startedAt = acceptedAt ?? process.now();
    open.set(scope.run, { startedAt, facts: factsFor(scope, startedAt), spent: 0 });
    return startedAt;
  };
  const remember = (run: string, facts: RunFacts): void => {
    ended.set(run, facts);
    const [oldest] = ended.keys();
    if (ended.size > mostRemembered && oldest !== undefined) ended.delete(oldest);
  };
  const finished = ({ scope, outcome, durationMs }: VerdigrisEvents["run-finished"]): void => {
    const run = open.get(scope.run) ?? { startedAt: process.now() - durationMs, spent: null };
    open.delete(scope.run);
    const facts = factsFor(scope, run.startedAt);
    remember(scope.run, facts);
    if (outcome === "cancelled") {
      recorder.withdrawn(facts);
      return;
    }
    // A run that crossed processes took as long as it took, not as long as it was here.
    recorder.ended(facts, outcome, Math.max(durationMs, process.now() - run.startedAt), run.spent);
    if (outcome === "failed") onEnded(scope.run, facts);
  };
  const released = ({ scope, reason }: VerdigrisEvents["run-released"]): void => {
    const run = open.get(scope.run);
    open.delete(scope.run);
    if (run !== undefined && reason !== "run-cancelled")
      recorder.spent(factsFor(scope, run.startedAt), run.spent);
  };
  const factsOf = (run: string): RunFacts | null => open.get(run)?.facts ?? ended.get(run) ?? null;
  const stops = [
    // A verdict that was given through the run itself.
    process.on("run-scored", ({ scope, score }) => {
      const facts = factsOf(scope.run);
      if (facts !== null && score.passed !== undefined) recorder.scored(facts, score.passed);
    }),
    process.on("run-started", ({ scope, acceptedAt }) => {
      recorder.started(factsFor(scope, begin(scope, acceptedAt)));
    }),
    process.on("run-resumed", ({ scope, acceptedAt }) => {
      begin(scope, acceptedAt);
    }),
    process.on("usage", ({ scope, usage }) => {
      const run = open.get(scope.run);
      if (run === undefined) return;
      run.spent = run.spent === null || usage.cost === null ? null : run.spent + usage.cost;
    }),
    process.on("run-finished", finished),
    process.on("run-released", released),
    // Swept pins are told once, by whoever removed them, also for processes that died.
    process.on("run-expired", ({ local, run, bundle, class: traffic, mixed, ageMs, deadline }) => {
      if (local) return;
      const facts = { bundle, class: traffic, mixed, startedAt: deadline - ageMs };
      recorder.ended(facts, "expired", ageMs, undefined);
      onEnded(run, facts);
    }),
    process.on("run-migrated", ({ scope, from }) => {
      const run = open.get(scope.run);
      if (run !== undefined)
        recorder.withdrawn({ ...factsFor(scope, run.startedAt), bundle: from, mixed: false });
    }),
  ];
  return {
    factsOf,
    stop() {
      for (const stop of stops) stop();
    },
  };
}

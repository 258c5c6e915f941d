import type { InstrumentedProcess, RunScope, ScoredRun, VerdigrisEvents } from "@verdigris/contracts";
import type { RunFacts, RunRecorder } from "../windows/recorder.ts";

/** A run whose start is known: what is said of it can be counted. Holds no key and no label. */
export interface KnownRun extends ScoredRun {
  readonly acceptedAt: number;
}

/** A run this process holds. */
interface OpenRun {
  readonly known: KnownRun;
  readonly startedAt: number;
  /** Null once a cost is not known. */
  spent: number | null;
}

/** How a run ended, as far as it is counted. */
interface Ending extends Pick<OpenRun, "startedAt" | "spent"> {
  readonly tookMs: number;
}

type Ended = Pick<VerdigrisEvents["run-finished"], "scope" | "outcome" | "durationMs">;

/** Feeds a recorder with the runs of a process. */
export interface OpenRuns {
  /** A run that is open here, or ended here not long ago. */
  known(run: string): KnownRun | null;
  /** True for a run that failed here not long ago. */
  hasFailed(run: string): boolean;
  stop(): void;
}

const mostRemembered = 10_000;

function factsFor({ bundle, class: traffic, mixed }: ScoredRun, startedAt: number): RunFacts {
  return { bundle, class: traffic, mixed, startedAt };
}

function knownFrom({ agent, run, bundle, digest, class: traffic, mixed }: RunScope, at: number): KnownRun {
  return { agent, run, bundle, digest, class: traffic, mixed, acceptedAt: at };
}

/** The latest runs that ended here. */
interface EndedRuns {
  add(known: KnownRun, failed: boolean): void;
  known(run: string): KnownRun | null;
  hasFailed(run: string): boolean;
}

function createEndedRuns(): EndedRuns {
  const ended = new Map<string, { readonly known: KnownRun; readonly failed: boolean }>();
  return {
    add(known, failed) {
      ended.set(known.run, { known, failed });
      const [oldest] = ended.keys();
      if (ended.size > mostRemembered && oldest !== undefined) ended.delete(oldest);
    },
    known: (run) => ended.get(run)?.known ?? null,
    hasFailed: (run) => ended.get(run)?.failed === true,
  };
}

/** A run that was swept, which may have been another process's. */
function knownFromSwept(
  agent: string,
  { run, bundle, class: traffic, mixed, ageMs, deadline }: VerdigrisEvents["run-expired"],
): KnownRun {
  return { agent, run, bundle, class: traffic, mixed, acceptedAt: deadline - ageMs };
}

/** Counts runs that were finished here, each when that is certain. */
function countEndings(
  process: InstrumentedProcess,
  recorder: RunRecorder,
  open: Map<string, OpenRun>,
  ended: Pick<EndedRuns, "add">,
): {
  finished(told: VerdigrisEvents["run-finished"]): void;
  settled(told: VerdigrisEvents["finish-settled"]): void;
} {
  const unsettled = new Map<string, Ending>();
  const count = ({ scope, outcome, durationMs }: Ended, run: Ending): void => {
    const facts = factsFor(scope, run.startedAt);
    if (outcome === "cancelled") recorder.withdrawn(facts);
    else recorder.ended(facts, outcome, Math.max(durationMs, run.tookMs), run.spent);
  };
  const finished = (told: VerdigrisEvents["run-finished"]): void => {
    const { scope, outcome, durationMs, unconfirmed } = told;
    const now = process.now();
    const { startedAt, spent } = open.get(scope.run) ?? { startedAt: now - durationMs, spent: null };
    open.delete(scope.run);
    ended.add(knownFrom(scope, startedAt), outcome === "failed");
    // A run that crossed processes took as long as it took, not as long as it was here.
    const ending = { startedAt, spent, tookMs: now - startedAt };
    if (unconfirmed === true) unsettled.set(scope.run, ending);
    else count(told, ending);
  };
  const settled = (told: VerdigrisEvents["finish-settled"]): void => {
    const ending = unsettled.get(told.scope.run);
    unsettled.delete(told.scope.run);
    if (ending === undefined) return;
    if (told.result === "finished") count(told, ending);
    // Its end is another process's to count; what it spent here is not.
    else recorder.spent(factsFor(told.scope, ending.startedAt), ending.spent);
  };
  return { finished, settled };
}

/** Counts what a process tells of its runs. `onSwept` hears of runs that hung, or whose process died. */
export function feedRecorder(
  process: InstrumentedProcess,
  recorder: RunRecorder,
  onSwept: (run: KnownRun) => void,
): OpenRuns {
  const open = new Map<string, OpenRun>();
  const ended = createEndedRuns();
  const { finished, settled } = countEndings(process, recorder, open, ended);

  const begin = (scope: RunScope, acceptedAt: number | null): number => {
    const startedAt = acceptedAt ?? process.now();
    open.set(scope.run, { startedAt, known: knownFrom(scope, startedAt), spent: 0 });
    return startedAt;
  };
  const released = ({ scope, reason }: VerdigrisEvents["run-released"]): void => {
    const run = open.get(scope.run);
    open.delete(scope.run);
    if (run !== undefined && reason !== "run-cancelled")
      recorder.spent(factsFor(scope, run.startedAt), run.spent);
  };
  const known = (run: string): KnownRun | null => open.get(run)?.known ?? ended.known(run);
  const stops = [
    // Every verdict comes this way, whoever gave it. What this process knows of a run outweighs what the caller does.
    process.on("run-scored", ({ scope, score }) => {
      const of = known(scope.run) ?? scope;
      if (of.acceptedAt !== undefined && score.passed !== undefined)
        recorder.scored(factsFor(of, of.acceptedAt), score.passed);
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
    process.on("finish-settled", settled),
    process.on("run-released", released),
    // Swept pins are told once, by whoever removed them, also for processes that died.
    process.on("run-expired", (told) => {
      if (told.local) return;
      const swept = knownFromSwept(process.agent, told);
      recorder.ended(factsFor(swept, swept.acceptedAt), "expired", told.ageMs, undefined);
      onSwept(swept);
    }),
    process.on("run-migrated", ({ scope, from }) => {
      const run = open.get(scope.run);
      if (run === undefined) return;
      recorder.withdrawn({ ...factsFor(scope, run.startedAt), bundle: from, mixed: false });
      open.set(scope.run, { ...run, known: knownFrom(scope, run.startedAt) });
    }),
  ];
  return {
    known,
    hasFailed: ended.hasFailed,
    stop() {
      for (const stop of stops) stop();
    },
  };
}

import { type Clock, InvalidArgumentError, systemClock } from "@verdigris/contracts";
import type { EvalSet } from "../eval-set/eval-set.ts";
import { createResultsBuilder, defineResults } from "../results/define-results.ts";
import type { AnsweringBundle, EvalResults, ResultsHeader } from "../results/results.ts";
import type { Scorer } from "../scorers/scorer.ts";
import { isInfrastructureError } from "./infrastructure-error.ts";
import { checkOutputs, createOutputKeeper, type OutputOptions, type Redact } from "./keep-output.ts";
import { createProgressTeller, type EvalProgress } from "./progress.ts";
import type { RecordedLine } from "./recorded-line.ts";
import { createMemorySink, type ResultsSink } from "./results-sink.ts";
import { type Earlier, readEarlier, taskKey } from "./resume.ts";
import { runTask, type Task, type TaskContext } from "./run-case.ts";
import { createStop, type Stop } from "./stop.ts";
import type { EvalTarget } from "./target.ts";

/** What {@link runEvals} is told. */
export interface RunEvalsOptions {
  readonly set: EvalSet;
  /** Whose answers these are. */
  readonly bundle: AnsweringBundle;
  readonly target: EvalTarget;
  /** At least one; each writes a metric of its own. */
  readonly scorers: readonly Scorer[];
  /** How often each case is asked, 1 to 100. @default 1 */
  readonly repeats?: number;
  /** Cases under way at once, 1 to 1,000. @default 4 */
  readonly concurrency?: number;
  /** For each attempt of the target and of each scorer. @default 120,000 */
  readonly timeoutMs?: number;
  /** How long work that was told to stop keeps its place. @default 5,000 */
  readonly graceMs?: number;
  /** Attempts after the first, for infrastructure errors and time-outs alone, 0 to 10. @default 2 */
  readonly retries?: number;
  /**
   * What a repeat counts for whose target threw an error of its own: nothing, so that no gate passes over it, or 0 on
   * every metric, where an agent that breaks is an agent that answered wrong.
   * @default "unmeasured"
   */
  readonly targetErrors?: "unmeasured" | "zero";
  /** @default `isInfrastructureError`: network, quota, overload, time-out */
  readonly isInfrastructureError?: (error: unknown) => boolean;
  /** Where lines are written as they come, and taken up after a kill. @default in memory */
  readonly sink?: ResultsSink;
  /** Keeps outputs for judges and people to read. @default none is kept */
  readonly outputs?: OutputOptions;
  /** Asked before an output, an error's message or a scorer's reason is written. @default as it is */
  readonly redact?: Redact;
  /** Told at the start and after every repeat of a case. @default none */
  readonly onProgress?: (progress: EvalProgress) => void;
  /** Stops the run; what was finished is in the sink. @default none */
  readonly signal?: AbortSignal;
  /** @default the host's */
  readonly clock?: Clock;
  /** For delays between attempts, in [0, 1). @default Math.random */
  readonly random?: () => number;
  /** Names this call in nonces. @default a fresh UUID */
  readonly newId?: () => string;
}

/** A finished run: every repeat of every case has its line. */
export interface EvalRun {
  readonly header: ResultsHeader;
  /** By repeat, then in the order of the set. */
  readonly lines: readonly RecordedLine[];
  /** The same as the gate reads it: numbers, no outputs. */
  readonly results: EvalResults;
  /** Lines taken over from an earlier run. */
  readonly resumed: number;
  /** Lines without all of their scores. */
  readonly errors: number;
  /** Attempts that went on after they had been told to stop: targets that do not heed their signal. */
  readonly abandoned: number;
}

/** Name and version of what writes the files. */
const runner = "verdigris/1";

/**
 * Asks a target every case of a set, `repeats` times, and scores the answers. Each repeat of each case gets exactly one
 * line, in the sink before it counts; a run that was killed goes on where it stopped when it is called again with the
 * same sink, and does no finished work twice. What could not be measured is an error on its line, never a score.
 *
 * Rejects with the reason of `signal`, once what was under way has ended or its grace is over; with what the sink threw;
 * with `results-invalid` when set, bundle or scorers cannot stand in a header;
 * with `digest-mismatch` when the sink holds other results, and `record-corrupt` when it is damaged.
 */
export async function runEvals(options: RunEvalsOptions): Promise<EvalRun> {
  const { set, sink = createMemorySink(), clock = systemClock, repeats = 1, signal } = options;
  check(options);
  signal?.throwIfAborted();
  const fresh = headerOf(options, clock);
  // Refused now and not when everything has been paid for.
  createResultsBuilder(fresh);
  const earlier = readEarlier(await sink.load(), fresh, set, clock.now());
  const header = earlier.header ?? fresh;
  await prepare(sink, header, earlier);

  const tasks = tasksOf(set, repeats);
  const lines = new Map<string, RecordedLine>();
  for (const task of tasks) {
    const line = earlier.finished.get(keyOf(task));
    if (line !== undefined) lines.set(keyOf(task), line);
  }
  const resumed = lines.size;
  const teller = createProgressTeller(options.onProgress, clock, {
    ...{ total: tasks.length, resumed },
    errors: [...lines.values()].filter(isError).length,
  });
  let abandoned = 0;
  teller.begin();
  // The clock's timers let a process end; this one must not while a case is waited for.
  const awake = setInterval(() => {}, 2 ** 30);
  try {
    const waiting = tasks.filter((task) => !lines.has(keyOf(task)));
    await eachOf(waiting, options, clock, async (task, context) => {
      const result = await runTask(task, context);
      abandoned += result.abandoned;
      await sink.append(JSON.stringify(result.line));
      lines.set(keyOf(task), result.line);
      teller.ended(result.line);
    });
  } finally {
    clearInterval(awake);
    await sink.close();
  }
  const ordered = tasks.flatMap((task) => lines.get(keyOf(task)) ?? []);
  const results = defineResults(header, ordered);
  return { header, lines: ordered, results, resumed, errors: ordered.filter(isError).length, abandoned };
}

/** All cases once before any of them twice, so that a run that was cut short is still balanced. */
function tasksOf({ cases }: EvalSet, repeats: number): readonly Task[] {
  return Array.from({ length: repeats }, (_, repeat) => cases.map((one) => ({ case: one, repeat }))).flat();
}

function keyOf({ case: { id }, repeat }: Task): string {
  return taskKey({ case: id, repeat });
}

function isError({ error }: RecordedLine): boolean {
  return error !== undefined;
}

async function prepare(
  sink: ResultsSink,
  header: ResultsHeader,
  { stale, finished, ...earlier }: Earlier,
): Promise<void> {
  if (earlier.header === null) await sink.append(JSON.stringify(header));
  else if (stale) await sink.replace([header, ...finished.values()].map((line) => JSON.stringify(line)));
}

/** Works on all tasks, a few at a time. The first failure stops the rest, which is waited for before it is thrown. */
async function eachOf(
  tasks: readonly Task[],
  options: RunEvalsOptions,
  clock: Clock,
  work: (task: Task, context: TaskContext) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const onAbort = (): void => stop.abort(options.signal?.reason);
  options.signal?.addEventListener("abort", onAbort, { once: true });
  const context = contextOf(options, clock, createStop(stop.signal));
  const waiting = tasks.values();
  const lane = async (): Promise<void> => {
    for (const task of waiting) {
      stop.signal.throwIfAborted();
      await work(task, context);
    }
  };
  try {
    const width = Math.min(options.concurrency ?? 4, tasks.length);
    const lanes = Array.from({ length: width }, async () => {
      try {
        await lane();
      } catch (error) {
        stop.abort(error);
      }
    });
    await Promise.all(lanes);
    stop.signal.throwIfAborted();
  } finally {
    options.signal?.removeEventListener("abort", onAbort);
  }
}

function contextOf(options: RunEvalsOptions, clock: Clock, stop: Stop): TaskContext {
  const {
    target,
    scorers,
    timeoutMs = 120_000,
    graceMs = 5_000,
    retries = 2,
    random = Math.random,
  } = options;
  const { newId = () => crypto.randomUUID() } = options;
  const judge = options.isInfrastructureError ?? isInfrastructureError;
  return {
    ...{ runId: newId(), target, scorers, targetErrors: options.targetErrors ?? "unmeasured" },
    limits: { clock, timeoutMs, graceMs, retries, random, stop, isInfrastructureError: judge },
    keeper: createOutputKeeper(options.outputs, options.redact, () => clock.now()),
  };
}

function headerOf({ set, bundle, scorers }: RunEvalsOptions, clock: Clock): ResultsHeader {
  const { name, version, digest } = set;
  return {
    ...{ v: 1, kind: "eval-results", set: { name, version, digest } },
    bundle: {
      ...{ id: bundle.id, digest: bundle.digest },
      ...(bundle.models === undefined ? {} : { models: bundle.models }),
    },
    ...{ scorers: scorers.map(({ identity }) => identity), startedAt: clock.now(), runner },
  };
}

function check({ set, target, scorers, ...options }: RunEvalsOptions): void {
  if (!Array.isArray(set?.cases) || set.cases.length === 0) {
    throw new InvalidArgumentError("set", "must be an eval set with at least one case");
  }
  if (typeof target !== "function") throw new InvalidArgumentError("target", "must be a function");
  const metrics = Array.isArray(scorers) ? scorers.map(({ identity }) => identity.metric) : [];
  if (metrics.length === 0) throw new InvalidArgumentError("scorers", "must hold at least one scorer");
  const twice = metrics.find((metric, at) => metrics.indexOf(metric) !== at);
  if (twice !== undefined)
    throw new InvalidArgumentError("scorers", `write the metric ${twice} twice: rename one`);
  if (options.outputs !== undefined) checkOutputs(options.outputs);
  requireWhole("repeats", options.repeats, 1, 100);
  requireWhole("concurrency", options.concurrency, 1, 1_000);
  requireWhole("retries", options.retries, 0, 10);
  requireWhole("timeoutMs", options.timeoutMs, 1, 86_400_000);
  requireWhole("graceMs", options.graceMs, 0, 86_400_000);
}

function requireWhole(argument: string, value: number | undefined, least: number, most: number): void {
  if (value === undefined || (Number.isInteger(value) && value >= least && value <= most)) return;
  throw new InvalidArgumentError(argument, `must be a whole number from ${least} to ${most}, got ${value}`);
}

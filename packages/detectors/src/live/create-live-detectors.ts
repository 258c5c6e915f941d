import {
  agentKeys,
  type Bundle,
  type BundleId,
  type Instrument,
  type InstrumentedProcess,
  InvalidArgumentError,
  isVerdigrisError,
  type RunScope,
  type Signal,
  type SignalReader,
  VerdigrisError,
} from "@verdigris/contracts";
import { storeSource } from "../across/store-source.ts";
import { createWindowWriter } from "../across/window-writer.ts";
import {
  createDetectors,
  type Detectors,
  type DetectorsOptions,
  type WatchTarget,
} from "../create-detectors.ts";
import type { DriftBook } from "../drift/drift-book.ts";
import { checkServedModel } from "../drift/served-model.ts";
import { type MetricSource, recorderSource } from "../source.ts";
import { createRecorder, type RunRecorder } from "../windows/recorder.ts";
import { everySoOften } from "./every-so-often.ts";
import { readReceipt, receiptOf } from "./feedback-receipt.ts";
import { createLiveScores, type LiveScores, type LiveScoring, type ScoringCounts } from "./live-scores.ts";
import { feedRecorder, type OpenRuns } from "./open-runs.ts";
import { baselineOf, sinceWhen, watchedBundle } from "./watch-target.ts";

/** Options of {@link createLiveDetectors}. */
export interface LiveDetectorsOptions extends Omit<DetectorsOptions, "source"> {
  /** @default the store of the process, or its own runs where there is none */
  readonly source?: MetricSource;
  /** Scores a share of the answers in the background. @default nothing is scored */
  readonly scoring?: LiveScoring;
  /** Where drift is noted: then the model that served each call is compared with the bundle's. @default none */
  readonly drift?: DriftBook;
  /** How often this process writes what it has counted. @default 5000 */
  readonly flushMs?: number;
  /** How often it looks, to tell of changes as the event `signal`; "never" leaves looking to `signals()`. @default 60000 */
  readonly lookMs?: number | "never";
}

/** Detectors that are fed by the runs of their process: an instrument of `createVerdigris`. */
export interface LiveDetectors extends SignalReader, Instrument {
  signals(bundle?: BundleId | WatchTarget): Promise<readonly Signal[]>;
  /**
   * A person's verdict on a run, any time later: it is told as the score `feedback`, and counts for the bundle the run was pinned
   * to: in windows at the time it started, in `blame` when it was given. False when this process does not know the run (10,000 are
   * remembered): pass what {@link LiveDetectors.receipt} gave out instead of the id.
   */
  feedback(run: string, passed: boolean): boolean;
  /** What to hand out with an answer, so that feedback on it finds its place in any process. Null for a run not known here. */
  receipt(run: string): string | null;
  /** Notes a yes-or-no event of a run, for `eventRate`. False when this process does not know the run. */
  note(run: string, event: string, hit: boolean): boolean;
  /** What became of the answers chosen for scoring. */
  scoring(): ScoringCounts;
  /** Writes what was counted now. */
  flush(): Promise<void>;
}

/** The name of what the scorers of live answers say together. */
const liveScore = "live";

interface Connected {
  readonly process: InstrumentedProcess;
  readonly recorder: RunRecorder;
  readonly runs: OpenRuns;
  readonly detectors: Detectors;
  readonly scores: LiveScores | null;
  readonly flush: () => Promise<void>;
}

/** Counts of windows are kept for the baseline's past and the bake. */
function keptMs({ historyMs = 28_800_000, bakeMs = 7_200_000 }: LiveDetectorsOptions): number {
  return historyMs + bakeMs + 3_600_000;
}

function connected(options: LiveDetectorsOptions, process: InstrumentedProcess): Connected {
  const { store, agent, clock } = process;
  let touched: Parameters<typeof createRecorder>[0];
  const recorder = createRecorder((bundle, cohort) => touched?.(bundle, cohort));
  const writer =
    store === null
      ? null
      : createWindowWriter({ store, keys: agentKeys(agent), node: process.newId(), recorder });
  touched = writer?.touched;
  const own = store === null ? recorderSource(recorder, process.now) : storeSource({ store, agent });
  const detectors = createDetectors({ ...options, source: options.source ?? own });
  const scores = options.scoring === undefined ? null : createLiveScores(options.scoring, clock);
  const runs = feedRecorder(process, recorder, (swept) => {
    // A run that hung has given no answer.
    if (scores?.isSampled(swept.run) === true && scores.hasSeen())
      scores.fail((passed) => process.score(swept, { name: liveScore, passed }));
  });
  let forgottenAt = clock.monotonic();
  const flush = async (): Promise<void> => {
    await writer?.flush();
    if (clock.monotonic() - forgottenAt < 600_000) return;
    forgottenAt = clock.monotonic();
    recorder.forget(process.now() - keptMs(options));
    await writer?.forget(process.now() - keptMs(options));
  };
  return { process, recorder, runs, detectors, scores, flush };
}

async function targetOf(
  { process }: Connected,
  given: BundleId | WatchTarget | undefined,
): Promise<WatchTarget> {
  if (typeof given === "object") return given;
  const { store, agent } = process;
  const route = process.route();
  if (route === null || store === null)
    throw new VerdigrisError(
      "no-route",
      `${agent} has no route here: say which bundle to watch, since when and against what`,
      { agent },
    );
  const bundle = given ?? watchedBundle(route);
  return { bundle, baseline: baselineOf(route, bundle), since: await sinceWhen(store, agent, route, bundle) };
}

/** Compares the model that served each call with those its bundle pins. */
function watchModels(process: InstrumentedProcess, book: DriftBook): () => void {
  const known = new Map<string, Bundle>();
  return process.on("usage", ({ scope, usage }) => {
    const bundle = known.get(scope.digest);
    if (bundle !== undefined) {
      checkServedModel(bundle, usage.model, book);
      return;
    }
    const learn = async (): Promise<void> => {
      const found = await process.bundle(scope.bundle);
      known.set(scope.digest, found);
      checkServedModel(found, usage.model, book);
    };
    learn().catch((error: unknown) => process.warn("detectors", String(error)));
  });
}

/** Tells of every rule that says something else than before. */
function createTeller({ process }: Connected): (signals: readonly Signal[]) => void {
  const told = new Map<string, string>();
  return (signals) => {
    for (const signal of signals) {
      const now = `${signal.bundle}/${signal.status}`;
      if (told.get(signal.name) === now) continue;
      told.set(signal.name, now);
      process.signal(signal);
    }
  };
}

/**
 * Creates detectors for `createVerdigris({ detectors })`. They count its runs, write what they counted to its store, and say of the
 * bundle a release is about how it does, in any process. Throws `invalid-argument`; never in a run's way.
 */
export function createLiveDetectors(options: LiveDetectorsOptions = {}): LiveDetectors {
  const { flushMs = 5_000, lookMs = 60_000, scoring } = options;
  if (scoring !== undefined && !(scoring.sample >= 0 && scoring.sample <= 1))
    throw new InvalidArgumentError("scoring.sample", `must lie between 0 and 1, got ${scoring.sample}`);
  // What is wrong with the rules is said here, not when a process begins.
  createDetectors({ ...options, source: { read: () => Promise.reject(new Error("not connected")) } });
  let here: Connected | null = null;
  const need = (): Connected => {
    if (here !== null) return here;
    throw new InvalidArgumentError("detectors", "belong to no process yet: pass them to createVerdigris");
  };
  const signals: LiveDetectors["signals"] = async (given) => {
    const live = need();
    await live.flush();
    return live.detectors.signals(await targetOf(live, given));
  };
  return {
    signals,
    // Runs are wrapped only where answers are scored.
    ...(scoring === undefined ? {} : { run: (scope, next) => scoredRun(here, scope, next) }),
    connect(process) {
      if (here !== null)
        throw new InvalidArgumentError("detectors", "belong to one process: create others for another");
      const live = connected(options, process);
      here = live;
      const tell = createTeller(live);
      const failed = (error: unknown): void =>
        process.warn("detectors", error instanceof Error ? error.message : String(error));
      const look = async (): Promise<void> => {
        if (process.route() !== null) tell(await signals());
      };
      const stops = [
        options.drift === undefined ? () => {} : watchModels(process, options.drift),
        everySoOften(process.clock, flushMs, live.flush, failed),
        lookMs === "never" ? () => {} : everySoOften(process.clock, lookMs, look, failed),
      ];
      return async () => {
        for (const stop of stops) stop();
        live.runs.stop();
        await live.flush();
      };
    },
    feedback(run, passed) {
      const { runs, process } = need();
      const known = runs.known(run) ?? readReceipt(process.agent, run);
      if (known !== null) process.score(known, { name: "feedback", passed });
      return known !== null;
    },
    receipt(run) {
      const known = need().runs.known(run);
      return known === null ? null : receiptOf(known);
    },
    note(run, event, hit) {
      const { runs, recorder } = need();
      const known = runs.known(run);
      if (known !== null) recorder.noted({ ...known, startedAt: known.acceptedAt }, event, hit);
      return known !== null;
    },
    scoring: () => need().scores?.counts() ?? { scored: 0, dropped: 0, unscored: 0 },
    flush: () => need().flush(),
  };
}

/** A run that threw one of these goes on elsewhere, was called off, or is told of when it is swept. */
const noEnding: readonly string[] = ["run-cancelled", "run-superseded", "run-expired"];

/** Takes what a run answers in for scoring, if it was chosen; the run goes on at once. */
async function scoredRun<T>(live: Connected | null, scope: RunScope, next: () => Promise<T>): Promise<T> {
  if (live?.scores?.isSampled(scope.run) !== true) return next();
  const { scores, runs, process } = live;
  // Of the bundle it is on by now: one that has moved meanwhile belongs to neither.
  const tell = (passed: boolean): void =>
    process.score(runs.known(scope.run) ?? scope, { name: liveScore, passed });
  let value: T;
  try {
    value = await next();
  } catch (error) {
    if (!isVerdigrisError(error) || !noEnding.includes(error.code)) scores.fail(tell);
    throw error;
  }
  if (runs.hasFailed(scope.run)) scores.fail(tell);
  else scores.take(scope, value, tell);
  return value;
}

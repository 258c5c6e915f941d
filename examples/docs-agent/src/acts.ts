import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BundleId, diffBundles, type Verdigris } from "verdigris";
import type { DocsAgent } from "./agent.ts";
import { search } from "./ask.ts";
import type { Digest } from "./digest.ts";
import { type OtherProcess, startProcess } from "./processes.ts";
import type { Question } from "./questions.ts";
import type { ReleaseReport } from "./release.ts";
import { type Served, serveOne } from "./serve.ts";
import type { Stage } from "./stage.ts";
import type { PausedRun, ResumedRun } from "./worker.ts";

/** A run that waits on disk. */
export interface Paused {
  readonly run: string;
  readonly bundle: BundleId;
  readonly file: string;
  readonly bytes: number;
}

/** Starts a run, takes its first step and puts it away: its token and state go to a file, nothing of it stays here. */
export async function pauseRun({ verdigris, directory }: Stage, question: Question): Promise<Paused> {
  const { text, exclude } = question;
  const started = await verdigris.start({ key: question.id });
  if (!started.placed) throw new Error(`${started.bundle} is not served here`);
  const { run } = started;
  const state = await search(run, { text, exclude });
  const file = join(directory, "paused.json");
  writeFileSync(file, JSON.stringify({ token: run.park(), state } satisfies PausedRun));
  return { run: run.id, bundle: run.scope.bundle, file, bytes: statSync(file).size };
}

/** A flip that another process made, seen from this one. */
export interface Flip extends ReleaseReport {
  /** Runs that were under way here when the flip was known, and the bundles all such runs finished on. */
  readonly inFlight: number;
  readonly inFlightFinishedOn: readonly BundleId[];
  readonly firstStart: FirstStart;
  /** What lies between the two bundles, as lines for people. */
  readonly changes: readonly string[];
}

/** The first start after a move of the route. */
export interface FirstStart {
  readonly bundle: BundleId;
  /** From the committed move to the accepted run; `loadMs` of it went into its pipeline. */
  readonly afterMs: number;
  readonly loadMs: number;
}

/** Lets the release process flip while runs are under way, and starts the next one the moment that is known. */
export async function flipUnderTraffic(
  { verdigris, ledger, manifests }: Stage,
  release: OtherProcess,
  evidence: Digest | null,
  during: readonly Question[],
  next: Question,
): Promise<Flip> {
  const finished: Served[] = [];
  const accepted = startsOf(verdigris, during.length);
  const underWay = Promise.all(
    during.map(async (question) => finished.push(await serveOne(verdigris, question))),
  );
  await Promise.race([accepted, underWay]);
  release.enter(evidence ?? "");
  const report = (await release.result) as ReleaseReport;

  const inFlight = during.length - finished.length;
  const firstStart = nextStart(verdigris, report.flippedAt);
  const first = await serveOne(verdigris, next);
  await underWay;
  for (const served of [...finished, first]) ledger.answered(served);
  const inFlightFinishedOn = finished.slice(during.length - inFlight).map(({ scope }) => scope.bundle);
  const [blue, green] = [...manifests.values()];
  const changes = blue && green ? diffBundles(blue, green).text.split("\n") : [];
  return { ...report, inFlight, inFlightFinishedOn, firstStart: await firstStart, changes };
}

/** Resolves when so many more runs have been accepted here. */
function startsOf(verdigris: Verdigris<DocsAgent>, count: number): Promise<void> {
  return new Promise((resolve) => {
    let seen = 0;
    const stop = verdigris.on("run-started", () => {
      seen += 1;
      if (seen < count) return;
      stop();
      resolve();
    });
  });
}

function nextStart(verdigris: Verdigris<DocsAgent>, movedAt: number): Promise<FirstStart> {
  return new Promise((resolve) => {
    let loadMs = 0;
    const stopLoads = verdigris.on("pipeline-loaded", ({ durationMs }) => {
      loadMs += durationMs;
    });
    const stop = verdigris.on("run-started", ({ scope }) => {
      stop();
      stopLoads();
      resolve({ bundle: scope.bundle, afterMs: Date.now() - movedAt, loadMs });
    });
  });
}

/** Lets a third process take the paused run up and finish it. */
export async function finishElsewhere(
  { ledger, signal, file }: Stage,
  question: Question,
  paused: Paused,
): Promise<Served> {
  const worker = startProcess("worker.js", ["--file", file, "--paused", paused.file], signal);
  const { answer, used, finished } = (await worker.result) as ResumedRun;
  for (const event of used) ledger.used(event);
  ledger.finished(finished, { timed: false });
  const served: Served = { question, scope: finished.scope, answer };
  ledger.answered(served);
  return served;
}

/** A way back, timed. */
export interface Rollback {
  readonly generation: number;
  readonly committedMs: number;
  readonly nextStart: FirstStart;
}

/** Goes back in one call, and asks the next question. */
export async function rollBack({ verdigris, ledger }: Stage, next: Question): Promise<Rollback> {
  const began = performance.now();
  const { generation } = await verdigris.rollback({ reason: "to show the way back" });
  const committedMs = performance.now() - began;
  const start = nextStart(verdigris, Date.now());
  ledger.answered(await serveOne(verdigris, next));
  return { generation, committedMs, nextStart: await start };
}

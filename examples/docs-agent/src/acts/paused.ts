import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BundleId } from "verdigris";
import type { Question } from "../agent/questions.ts";
import { search } from "../ask.ts";
import { type OtherProcess, startProcess } from "../processes.ts";
import type { Served } from "../serve.ts";
import type { Stage } from "../stage.ts";
import type { PausedRun, ResumedRun } from "../worker.ts";

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
  const started = await verdigris.start({ key: "somebody patient" });
  if (!started.placed) throw new Error(`${started.bundle} is not served here`);
  const { run } = started;
  const state = await search({ run }, { text, exclude });
  const file = join(directory, "paused.json");
  writeFileSync(file, JSON.stringify({ token: run.park(), state } satisfies PausedRun));
  return { run: run.id, bundle: run.scope.bundle, file, bytes: statSync(file).size };
}

/** Starts the process that will take it up: it gets ready, and waits to be told. */
export function startWorker({ file, signal }: Stage, paused: Paused): OtherProcess {
  return startProcess("worker.js", ["--file", file, "--paused", paused.file], signal);
}

/** Lets that process take the paused run up and finish it. */
export async function finishElsewhere(
  { ledger }: Stage,
  question: Question,
  worker: OtherProcess,
): Promise<Served> {
  worker.enter();
  const { answer, used, finished } = (await worker.result) as ResumedRun;
  for (const event of used) ledger.used(event);
  ledger.finished(finished, { timed: false });
  const served: Served = { question, scope: finished.scope, answer };
  ledger.answered(served);
  return served;
}

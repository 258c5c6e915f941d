import { mkdirSync } from "node:fs";
import { type FirstStart, finishElsewhere, flipUnderTraffic, pauseRun, rollBack } from "./acts.ts";
import { describeBundle, loadMaterials } from "./bundles.ts";
import { gateCandidates } from "./gate-act.ts";
import { startProcess } from "./processes.ts";
import { excerpt, type View } from "./progress.ts";
import { loadQuestions } from "./questions.ts";
import { readAhead } from "./read-ahead.ts";
import { type DemoReport, staleAmong } from "./report.ts";
import { setStage, storeFile } from "./stage.ts";

/** What the demo is played with. */
export interface DemoOptions {
  /** Where the store and the paused run are kept. */
  readonly directory: string;
  /** Where the reports of the gate go. */
  readonly reports: string;
  /** How many questions are asked of each bundle. */
  readonly limit: number;
  readonly view: View;
  readonly signal: AbortSignal;
}

const concurrency = 4;

/** The fewest questions that fill every act. */
export const fewestQuestions: number = concurrency + 3;

/** Plays the release of green3 over blue, and the way back, on real questions. */
export async function playDemo({
  directory,
  reports,
  limit,
  view,
  signal,
}: DemoOptions): Promise<DemoReport> {
  const { line, paint } = view;
  const title = (text: string): void => line(`\n${paint("bold", text)}`);
  mkdirSync(directory, { recursive: true });

  title("0  One agent, its documentation and its questions");
  // The releasing process gets ready meanwhile, and waits for Enter before it touches the store.
  const release = startProcess("release.js", ["--file", storeFile(directory), "--confirm"], signal);
  const materials = await loadMaterials();
  const known = loadQuestions(materials.corpus);
  const questions = known.slice(0, limit);
  await readAhead({ materials, questions, indexes: ["whole", "split", "both"], concurrency, view, signal });
  const bundle = describeBundle("blue", "whole", materials);
  const stage = await setStage({ directory, view, signal, concurrency, materials, bundle });

  // Blue gets every question once: most before the pause, some at the flip, one after the rollback.
  const [paused, last, ...others] = questions;
  if (paused === undefined || last === undefined) throw new RangeError("there are too few questions");
  const during = others.slice(-concurrency);
  try {
    title("1  blue serves");
    await stage.serve("answering on blue", others.slice(0, -concurrency));

    title("2  Three greens want to follow; the gate compares each with blue, question by question");
    const verdicts = await gateCandidates({
      ...{ materials, questions, served: stage.served, blue: bundle },
      ...{ directory, reports, concurrency, view, signal },
    });
    const released = verdicts.find(({ candidate }) => candidate.bundle.id === "green3");
    const evidence = released?.verdict === "pass" ? released.digest : null;

    title("3  A run is paused after its first step");
    const waiting = await pauseRun(stage, paused);
    line(
      `   run ${waiting.run} is on ${waiting.bundle}; its token and state are ${waiting.bytes} bytes on disk`,
    );

    title("4  Another process registers green3 and flips to it, while runs are under way");
    const flip = await flipUnderTraffic(stage, release, evidence, during, paused);
    line(`   generation ${flip.generation}, by ${flip.by}: ${flip.reason}`);
    line(`   on record with it: ${flip.unevidenced ? "no evidence" : `evidence ${evidence?.slice(7, 19)}`}`);
    for (const text of flip.changes) line(paint("dim", `   ${text}`));
    line(`   ${flip.inFlight} runs were under way; they finished on ${listed(flip.inFlightFinishedOn)}`);

    title("5  New runs are on green3 at once; nobody told this process");
    line(`   first start after the flip: ${told(flip.firstStart)}`);
    await stage.serve("answering on green3", questions.slice(1));

    title("6  A third process takes the paused run up");
    const { live } = (await stage.verdigris.status()).route ?? { live: "none" };
    const resumed = await finishElsewhere(stage, paused, waiting);
    line(`   asked     ${excerpt(paused.text)}`);
    line(`   answered  ${excerpt(resumed.answer.text)}`);
    line(`   started on ${waiting.bundle}, finished on ${resumed.scope.bundle}, while ${live} is live`);

    title("7  Rollback is one call");
    const startsAfterFlip = stage.ledger.starts.filter(({ at }) => at >= flip.flippedAt);
    const rollback = await rollBack(stage, last);
    line(`   committed in ${rollback.committedMs.toFixed(1)} ms, generation ${rollback.generation}`);
    line(`   first start after it: ${told(rollback.nextStart)}`);

    return {
      questions: questions.length,
      allQuestions: questions.length === known.length,
      reports,
      gate: verdicts,
      concurrency,
      flip,
      paused: {
        run: waiting.run,
        startedOn: waiting.bundle,
        finishedOn: resumed.scope.bundle,
        liveMeanwhile: live,
        question: paused.text,
        answer: resumed.answer.text,
      },
      rollback,
      startsAfterFlip: startsAfterFlip.length,
      staleStarts: staleAmong(startsAfterFlip, flip.bundle),
      bundles: stage.ledger.accounts(),
    };
  } finally {
    await stage.close();
  }
}

function told({ bundle, afterMs, loadMs }: FirstStart): string {
  const loading = loadMs === 0 ? "" : `, of them ${loadMs.toFixed(0)} ms to load its pipeline`;
  return `${bundle}, accepted ${afterMs.toFixed(0)} ms after the commit${loading}`;
}

function listed(bundles: readonly string[]): string {
  return [...new Set(bundles)].join(" and ");
}

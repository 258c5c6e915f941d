import { mkdirSync } from "node:fs";
import type { GatePolicy } from "@verdigris/eval-gate";
import type { ReleaseRecord } from "@verdigris/release";
import { changeTool } from "./acts/drift.ts";
import { practise } from "./acts/drill.ts";
import { promote } from "./acts/green3.ts";
import { shipHurried } from "./acts/hurried.ts";
import { checkMemory, snapshot } from "./acts/memory.ts";
import { stoppedRelease } from "./acts/stopped.ts";
import { loadQuestions } from "./agent/questions.ts";
import { describeBundle, loadMaterials } from "./bundles.ts";
import { blue, green1, green2, green3, green4, green5, green6 } from "./candidates.ts";
import { settled } from "./follow.ts";
import { policy } from "./gates/evals.ts";
import { releasePlan } from "./plan.ts";
import type { View } from "./progress.ts";
import { readAhead } from "./read-ahead.ts";
import type { DemoReport, RollbackTimes, Spending } from "./report.ts";
import { type Stage, setStage } from "./stage.ts";

/** What the demo is played with. */
export interface DemoOptions {
  /** Where the store and the paused run are kept. */
  readonly directory: string;
  /** Where the reports of the gates go. */
  readonly reports: string;
  /** How many different questions there are. */
  readonly limit: number;
  readonly view: View;
  readonly signal: AbortSignal;
}

const concurrency = 4;

/** The fewest questions that fill every act. */
export const fewestQuestions = 10;

/** Plays the life of a release and of some that went wrong, on real questions. */
export async function playDemo({
  directory,
  reports,
  limit,
  view,
  signal,
}: DemoOptions): Promise<DemoReport> {
  mkdirSync(directory, { recursive: true });
  const title = (text: string): void => view.line(`\n${view.paint("bold", text)}`);

  title("0  One agent, its documentation and its questions");
  const materials = await loadMaterials();
  const known = loadQuestions(materials.corpus);
  const questions = known.slice(0, limit);
  await readAhead({ materials, questions, indexes: ["whole", "split", "both"], concurrency, view, signal });
  const stage = await setStage({
    ...{ directory, reports, view, signal, concurrency, materials, questions },
    bundle: describeBundle(blue, materials),
    allQuestions: questions.length === known.length,
  });
  try {
    return await playActs(stage, title);
  } finally {
    await stage.close();
  }
}

async function playActs(stage: Stage, title: (text: string) => void): Promise<DemoReport> {
  const { questions, releases, verdigris, view } = stage;
  const [waiting] = questions;
  if (waiting === undefined) throw new RangeError("there are no questions");

  title("1  blue serves");
  await stage.serve("users ask", questions);
  showPlan(policy, view);
  for (const { text } of (await releases.explain(releasePlan)).phases) view.line(`   ${text}`);

  const driver = releases.drive();
  title("2  Two greens that are right more often, and are stopped");
  await stoppedRelease(stage, green1);
  await stoppedRelease(stage, green2);

  title("3  green3 goes live: smoke, evals, shadow, canary, switch");
  const promotion = await promote(stage, waiting, driver);

  title("4  A drill: the way back, while nothing is wrong");
  const drill = await practise(stage);

  title("5  A slow bundle is shipped past its gates, and taken back");
  const before = await snapshot(stage, green3.id);
  const slow = await shipHurried(stage, green4);
  if (slow.release.outcome?.kind !== "rolled-back")
    throw new Error(`nobody noticed that ${green4.id} is slow`);
  const memory = await checkMemory(stage, before, green3.id, green4.id);
  view.line(
    `   ${memory.takenBack} notes of ${green4.id} are taken back, ${memory.leftOver} are left; ${memory.ownMeanwhile} of ${green3.id}'s own from the same time stay`,
  );

  title("6  The same bundle under another name: as many questions, no alarm");
  const same = await shipHurried(stage, green5, { ms: slow.watchedMs, runs: slow.runs });

  title("7  A bundle that costs more is noticed, and a person takes it back");
  const dear = await shipHurried(stage, green6);
  const { confirmed, ...rollback } = await releases.rollback({
    reason: "three pages cost too much for what they add",
  });
  const { outcome } = await confirmed;
  view.line(
    `   ${rollback.outcome} to ${rollback.to} in ${rollback.elapsedMs.toFixed(0)} ms, ${outcome} by every process`,
  );
  await settled(stage, dear.release.id);

  title("8  A tool changes under the bundle that is live");
  const tool = await changeTool(stage);

  const records = await releases.list();
  const inOrder = records.toSorted((left, right) => left.startedAt - right.startedAt);
  return {
    ...{ questions: questions.length, allQuestions: stage.allQuestions, concurrency: stage.concurrency },
    ...{ reports: stage.reports, evals: stage.evals, shadow: promotion.shadow, canary: promotion.canary },
    ...{
      switch: promotion.switch,
      paused: promotion.paused,
      drill,
      slow,
      same,
      dear,
      rollback,
      memory,
      tool,
    },
    releases: inOrder,
    rollbacks: inOrder.flatMap(timesOf),
    bundles: stage.ledger.accounts(),
    spending: await spendingOf(stage),
    writes: Object.fromEntries(stage.notebook.writes),
    auditOk: (await verdigris.verifyAudit()).ok,
  };
}

function showPlan({ digest, metrics, critical }: GatePolicy, { line }: View): void {
  const points = (share: number): string => (100 * share).toFixed(0);
  const overall = metrics.flatMap((metric) => (metric.kind === "rare-event" ? [] : [points(metric.margin)]));
  const named = critical.map(
    ({ slice, margins }) => `${slice} ones ${Object.values(margins).map(points).join()}`,
  );
  line(
    `   agreed before any result (policy ${digest.slice(7, 19)}): points that may be lost: over all questions ${overall.join()}, on ${named.join(", ")}`,
  );
}

function timesOf({ id, rollback }: ReleaseRecord): readonly RollbackTimes[] {
  if (rollback === null) return [];
  const { by, decidedAt, newRunsSafeAt, lastRunGoneAt } = rollback;
  const after = (at: number | null): number | null => (at === null ? null : at - decidedAt);
  return [{ release: id, by: by.id, safeMs: after(newRunsSafeAt), goneMs: after(lastRunGoneAt) }];
}

async function spendingOf({ verdigris }: Stage): Promise<readonly Spending[]> {
  const { lines } = await verdigris.costs({ from: 0, to: Date.now() + 1_000, by: "bundle" });
  return lines.map(({ key, traffic, calls, cost }) => ({ bundle: key, traffic, calls, cost }));
}

import { setTimeout as pause } from "node:timers/promises";
import type { Driver, ReleaseRecord } from "@verdigris/release";
import { renderShadowText, type ShadowEvidence } from "@verdigris/shadow";
import { type BundleId, diffBundles } from "verdigris";
import type { Question } from "../agent/questions.ts";
import { green3 } from "../candidates.ts";
import type { ControllerReport } from "../controller.ts";
import { followRelease, readRelease, standingOf } from "../follow.ts";
import type { RunLine } from "../ledger.ts";
import { releasePlan } from "../plan.ts";
import { type OtherProcess, startProcess } from "../processes.ts";
import { excerpt } from "../progress.ts";
import type { Stage } from "../stage.ts";
import { finishElsewhere, type Paused, pauseRun, startWorker } from "./paused.ts";
import { followTo, startRelease } from "./start.ts";
import { whileServing } from "./while-serving.ts";

/** The switch as it was seen from this process, which serves. */
export interface Switch {
  readonly at: number;
  readonly generation: number;
  readonly confirmed: string | null;
  /** The process that drove the release when it was made. */
  readonly by: ControllerReport;
  /** Store time from it to the first run that was accepted afterwards, and that run's bundle. */
  readonly firstStart: { readonly bundle: BundleId; readonly afterMs: number };
  /** Runs accepted after it, and those of them that were not on the new bundle. */
  readonly starts: number;
  readonly stale: number;
  /** Runs of blue that were under way then, and the bundles they finished on. */
  readonly inFlight: number;
  readonly inFlightFinishedOn: readonly BundleId[];
}

/** The canary, counted by key. */
export interface CanaryCount {
  readonly runs: number;
  readonly onGreen: number;
  readonly keys: number;
  /** Keys whose runs were on both bundles. */
  readonly changedSides: number;
}

/** A run that waited across the switch. */
export interface Resumed extends Paused {
  readonly question: string;
  readonly answer: string;
  readonly finishedOn: BundleId;
  readonly liveMeanwhile: BundleId;
}

/** What became of green3. */
export interface Promotion {
  readonly release: ReleaseRecord;
  readonly shadow: ShadowEvidence | null;
  readonly canary: CanaryCount;
  readonly switch: Switch;
  readonly paused: Resumed;
}

/** Starts that are watched after the switch. */
const startsWatched = 60;

/** Takes green3 through every phase to where it is live. `driver` is this process's, and makes way for another's. */
export async function promote(stage: Stage, waiting: Question, driver: Driver): Promise<Promotion> {
  const { releases, view } = stage;
  const { line } = view;
  line(`   ${view.paint("bold", green3.id)}: ${green3.idea}`);
  const { id } = await startRelease(stage, green3, { plan: releasePlan, reason: green3.idea });
  for (const text of await differences(stage)) line(view.paint("dim", `   ${text}`));
  await inShadow(stage, id);
  const paused = await pauseRun(stage, waiting);
  line(
    `   run ${paused.run} is paused on ${paused.bundle}: ${paused.bytes} bytes on disk hold its token and state`,
  );
  await stage.serve("users ask blue, green3 is asked in their shadow", stage.mirrored);
  const there = await followTo(stage, id, "canary");
  const shadow = stage.shadows.at(-1) ?? null;
  if (shadow !== null) for (const text of renderShadowText(shadow).split("\n")) line(`   ${text}`);
  if (there.phase !== "canary") throw new Error(`${id} is ${standingOf(there)}`);

  await driver.close();
  const controller = startProcess("controller.js", ["--file", stage.file, "--release", id], stage.signal);
  controller.enter();
  line("   from here on another process drives the release; this one only serves");
  const worker = startWorker(stage, paused);
  const before = stage.ledger.runs.length;
  const release = await throughSwitch(stage, id);
  const by = (await controller.result) as ControllerReport;
  const seen = switchOf(stage.ledger.runs.slice(before), release, by);
  const canary = canaryOf(stage.ledger.runs.slice(before), release);
  line(
    `   canary    ${canary.runs} runs, ${canary.onGreen} of them on green3; ${canary.changedSides} of ${canary.keys} keys saw both`,
  );
  line(
    `   switched  at generation ${seen.generation} by process ${by.pid}, ${seen.confirmed} by every process`,
  );
  line(
    `   first start ${seen.firstStart.afterMs} ms after it, on ${seen.firstStart.bundle}; ${seen.stale} of ${seen.starts} starts were stale`,
  );
  const finishedOn = [...new Set(seen.inFlightFinishedOn)].join(" and ") || "nothing";
  line(`   ${seen.inFlight} runs were under way on blue then; they finished on ${finishedOn}`);
  releases.drive();
  return { release, shadow, canary, switch: seen, paused: await resume(stage, waiting, paused, worker) };
}

/** Waits until the shadow gate listens. */
async function inShadow(stage: Stage, id: string): Promise<void> {
  const release = await followTo(stage, id, "shadow");
  if (release.phase !== "shadow") throw new Error(`${id} is ${standingOf(release)}`);
  while (!stage.isMirrored()) await pause(20, undefined, { signal: stage.signal });
}

/** Users ask until the canary is through, the switch is made, and some more. */
async function throughSwitch(stage: Stage, id: string): Promise<ReleaseRecord> {
  const { ledger, signal, view } = stage;
  const release = await whileServing(stage, "users ask, on both sides of the switch", async () => {
    const switched = await followRelease(stage, id, ({ switch: made }) => made !== null);
    const enough = ledger.runs.length + startsWatched;
    while (switched.switch !== null && ledger.runs.length < enough) await pause(20, undefined, { signal });
    return followRelease(stage, id, ({ phase }) => phase === "quarantine");
  });
  if (release.phase !== "quarantine") throw new Error(`${id} is ${standingOf(release)}`);
  view.line(view.paint("green", `   ${standingOf(release)}`));
  return readRelease(stage, id);
}

function switchOf(runs: readonly RunLine[], release: ReleaseRecord, by: ControllerReport): Switch {
  const { at = 0, generation = 0, confirmed = null } = release.switch ?? {};
  const after = runs.filter(({ acceptedAt }) => acceptedAt >= at);
  const [first] = after;
  const underWay = runs.filter(
    ({ acceptedAt, endedAt, bundle }) =>
      acceptedAt < at && (endedAt ?? at) >= at && bundle !== release.bundle.id,
  );
  return {
    ...{ at, generation, by, confirmed: confirmed?.outcome ?? null },
    firstStart: { bundle: first?.bundle ?? "none", afterMs: (first?.acceptedAt ?? at) - at },
    starts: after.length,
    stale: after.filter(({ bundle }) => bundle !== release.bundle.id).length,
    inFlight: underWay.length,
    inFlightFinishedOn: underWay.map(({ bundle }) => bundle),
  };
}

function canaryOf(all: readonly RunLine[], release: ReleaseRecord): CanaryCount {
  const from = release.trafficSince ?? 0;
  const to = release.switch?.at ?? 0;
  const runs = all.filter(({ acceptedAt }) => acceptedAt >= from && acceptedAt < to);
  const sides = new Map<string, Set<BundleId>>();
  for (const { key, bundle } of runs) sides.set(key, (sides.get(key) ?? new Set()).add(bundle));
  return {
    runs: runs.length,
    onGreen: runs.filter(({ bundle }) => bundle === release.bundle.id).length,
    keys: sides.size,
    changedSides: [...sides.values()].filter(({ size }) => size > 1).length,
  };
}

async function resume(
  stage: Stage,
  question: Question,
  paused: Paused,
  worker: OtherProcess,
): Promise<Resumed> {
  const { line } = stage.view;
  const { live = "none" } = (await stage.verdigris.status()).route ?? {};
  const { answer, scope } = await finishElsewhere(stage, question, worker);
  line(
    `   a third process took the paused run up: begun on ${paused.bundle}, finished on ${scope.bundle}, while ${live} is live`,
  );
  line(`   asked     ${excerpt(question.text)}`);
  line(`   answered  ${excerpt(answer.text)}`);
  return {
    ...paused,
    question: question.text,
    answer: answer.text,
    finishedOn: scope.bundle,
    liveMeanwhile: live,
  };
}

async function differences({ verdigris }: Stage): Promise<readonly string[]> {
  const [from, to] = await Promise.all([verdigris.bundle("blue"), verdigris.bundle(green3.id)]);
  return diffBundles(from, to).text.split("\n");
}

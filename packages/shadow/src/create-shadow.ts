import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { canonicalJson, type Digest, type GateAnswer, recordVersion } from "@verdigris/contracts";
import { type Collector, createCollector } from "./collector.ts";
import { fidelityText } from "./fidelity-text.ts";
import { createForgottenKeys, type ForgottenKeys, type OpenMark } from "./forgotten-keys.ts";
import { createJobLine, type JobLine } from "./job-line.ts";
import { jobOf, type TakenDown, unwatchedRun, type WatchedRun, watchedRun } from "./live-run.ts";
import { boundRun, StoppedRun } from "./observe-run.ts";
import { createReleaseGate } from "./release-gate.ts";
import type { Shadow, ShadowDrop, ShadowEvidence, ShadowStatus } from "./shadow.ts";
import type { ShadowJob, ShadowReport } from "./shadow-job.ts";
import {
  completeOptions,
  type LiveRun,
  type ShadowOptions,
  type ShadowSettings,
  type ShadowSide,
} from "./shadow-options.ts";
import { createSpendAccount, type SpendAccount } from "./spend-account.ts";
import { takeJob } from "./take-job.ts";

/** Counts of what happened, kept by the one who counts. */
function createCounts() {
  const dropped: Partial<Record<ShadowDrop, number>> = {};
  const counts = {
    seen: 0,
    sampled: 0,
    dropped,
    drop(why: ShadowDrop): void {
      dropped[why] = (dropped[why] ?? 0) + 1;
    },
  };
  return counts;
}

/** Decides what is mirrored; nothing in it may reach the user. */
function createSampler<I, O>(
  settings: ShadowSettings<I, O>,
  forgotten: ForgottenKeys,
  drop: (why: ShadowDrop) => void,
) {
  const { sample, random, mirror, baseline } = settings;
  let mirrored = 0;
  return {
    takes(about: LiveRun): boolean {
      try {
        if (sample === 0 || random() >= sample) return false;
        // Only `true`: a promise of a "no" would be taken for a yes.
        if (!forgotten.has(about.key) && mirror(about) === true) return true;
      } catch {
        // A rule or a chance that cannot be asked keeps the run out: consent is not assumed.
      }
      drop("kept-out");
      return false;
    },
    again(): ShadowJob["again"] {
      mirrored += 1;
      const blue = mirrored <= baseline.first || random() < baseline.share;
      return { blue, green: blue && baseline.green };
    },
  };
}

function seal(evidence: Omit<ShadowEvidence, "digest">): ShadowEvidence {
  const digest: Digest = `sha256:${bytesToHex(sha256(utf8ToBytes(canonicalJson(evidence))))}`;
  return { ...evidence, digest };
}

function summaryOf(evidence: ShadowEvidence): string {
  const { blue, green, verdict, divergence } = evidence;
  const found = `${verdict.verdict}: ${green} against ${blue} on ${divergence.compared} mirrored inputs, ${verdict.reason}`;
  return `${found}; ${fidelityText(evidence.divergence)}`;
}

/** Everything one mirror is made of. */
interface Parts<I, O> {
  readonly settings: ShadowSettings<I, O>;
  readonly counts: ReturnType<typeof createCounts>;
  readonly account: SpendAccount;
  readonly collector: Collector;
  readonly forgotten: ForgottenKeys;
  readonly isClosed: () => boolean;
}

/** Why a job is not run here; null where it may be. */
function obstacle<I, O>(
  { settings, account, forgotten, isClosed }: Parts<I, O>,
  job: ShadowJob,
): ShadowDrop | null {
  const { agent, blue, green, clock } = settings;
  if (isClosed()) return "closed";
  if (job.v !== recordVersion || job.agent !== agent) return "foreign";
  if (job.blue !== blue.bundle || job.green !== green.bundle) return "foreign";
  if (job.expires <= clock.now()) return "expired";
  if (forgotten.has(job.key)) return "erased";
  return account.closed() !== null || !account.admits(0) ? "budget" : null;
}

/** Runs one job, and counts it where it could not be run. */
async function takeOrDrop<I, O>(
  parts: Parts<I, O>,
  { enter, clear }: Pick<JobLine, "enter" | "clear">,
  job: ShadowJob,
): Promise<ShadowReport | null> {
  const { settings, account, counts } = parts;
  // A job of a queue comes when it comes: under pressure it waits here, as long as its recording is good.
  if (obstacle(parts, job) === null) await clear(job.expires);
  const inTheWay = obstacle(parts, job);
  if (inTheWay !== null) {
    counts.drop(inTheWay);
    return null;
  }
  try {
    return await takeJob({ settings, account, enter }, job);
  } catch (error) {
    counts.drop(error instanceof StoppedRun && error.why !== "timed-out" ? error.why : "unreadable");
    return null;
  }
}

/** Watches users' runs, and hands the sampled ones on when they have ended. */
function createWatch<I, O>(
  { settings, counts, account, forgotten, isClosed }: Parts<I, O>,
  reserve: JobLine["reserve"],
  send: (job: ShadowJob) => void | Promise<void>,
) {
  const { blue, clock } = settings;
  const sampler = createSampler(settings, forgotten, counts.drop);
  /** Later, in a turn of its own: copying, digesting and sending are not the user's to wait for. */
  const handOn = (about: LiveRun, mark: OpenMark) => (taken: TakenDown) => {
    const place = reserve();
    if (typeof place === "string") {
      mark.ended();
      return counts.drop(place);
    }
    clock.setTimer(async () => {
      mark.ended();
      try {
        if (mark.erased || forgotten.has(about.key)) counts.drop("erased");
        else await send(jobOf(settings, about, taken, sampler.again()));
      } catch {
        counts.drop("unreadable");
      } finally {
        place.leave();
      }
    }, 0);
  };
  return (input: I, about: LiveRun = {}): WatchedRun<O> => {
    counts.seen += 1;
    if (isClosed() || !sampler.takes(about)) return unwatchedRun(blue.bundle);
    counts.sampled += 1;
    const mark = forgotten.began(about.key);
    try {
      // What is spent does not come back: nothing is taken down for it any more.
      if (account.closed() === null) return watchedRun(settings, input, handOn(about, mark));
      counts.drop("budget");
    } catch {
      counts.drop("unreadable");
    }
    mark.ended();
    return unwatchedRun(blue.bundle);
  };
}

/** What people and releases are told. */
function createAnswers<I, O>({ settings, counts, account, collector, isClosed }: Parts<I, O>, line: JobLine) {
  const { agent, blue, green, clock } = settings;
  const status = (): ShadowStatus => ({
    seen: counts.seen,
    sampled: counts.sampled,
    compared: collector.divergence().compared,
    queued: line.queued,
    inFlight: line.inFlight,
    dropped: { ...counts.dropped },
    spend: account.spend,
    paused: line.paused(),
  });
  const evidence = (): ShadowEvidence => {
    const bundles = { blue: blue.bundle, green: green.bundle };
    const found = { verdict: collector.verdict(), divergence: collector.divergence(), status: status() };
    return seal({ v: recordVersion, kind: "shadow-evidence", agent, ...bundles, ...found, at: clock.now() });
  };
  const gate = (): GateAnswer => {
    const sealed = evidence();
    return { verdict: sealed.verdict.verdict, summary: summaryOf(sealed), evidence: sealed.digest };
  };
  const { verdict } = collector;
  const isOver = () => isClosed() || (account.closed() !== null && line.queued + line.inFlight === 0);
  return {
    status,
    evidence,
    gate,
    verdict,
    releaseGate: createReleaseGate({ clock, verdict, gate, evidence, isOver }),
    examples: () => collector.worst.list(),
  };
}

/** Runs blue and nothing else, as far as the user can tell. */
async function runWatched<I, O>(run: ShadowSide<I, O>["run"], input: I, watched: WatchedRun<O>): Promise<O> {
  let output: O;
  try {
    output = await run(input, watched.session);
  } catch (error) {
    watched.failed();
    throw error;
  }
  watched.answered(output);
  return output;
}

/** Where jobs go: this process's line, or the caller's queue, whatever that does and however long it takes. */
function sender<I, O>(
  { queue, clock, maxRunMs }: ShadowSettings<I, O>,
  line: JobLine,
  drop: (why: ShadowDrop) => void,
): (job: ShadowJob) => void | Promise<void> {
  if (queue === null) return (job) => line.offer(job);
  return async (job) => {
    // Not the line's to stop: nothing is asked of a provider here, and a job that is on its way arrives all the same.
    const bounded = boundRun(clock, maxRunMs);
    try {
      await bounded.race((async () => queue.send(job))());
    } catch {
      drop("send-failed");
    } finally {
      bounded.end();
    }
  };
}

/**
 * Makes the mirror. Everything is checked here; afterwards nothing it does can fail a user's run. Throws
 * `invalid-argument` naming the option that is wrong.
 */
export function createShadow<I, O>(options: ShadowOptions<I, O>): Shadow<I, O> {
  const settings = completeOptions(options);
  const { blue, clock, maxInFlight, maxQueued, pressure } = settings;
  const counts = createCounts();
  const account = createSpendAccount(settings.budget);
  const forgotten = createForgottenKeys(settings);
  const collector = createCollector(settings, forgotten, counts.drop);
  let closed = false;
  const parts: Parts<I, O> = { settings, counts, account, collector, forgotten, isClosed: () => closed };
  const take = (job: ShadowJob) =>
    takeOrDrop(
      parts,
      { enter: (bounded, key) => line.enter(bounded, key), clear: (until) => line.clear(until) },
      job,
    );
  const work = async (job: ShadowJob): Promise<void> => {
    const report = await take(job);
    if (report !== null) collector.add(report);
  };
  const line = createJobLine({ clock, maxInFlight, maxQueued, account, pressure, drop: counts.drop, work });
  const watch = createWatch(parts, () => line.reserve(), sender(settings, line, counts.drop));

  return {
    name: "shadow",
    run: (input, about) => runWatched(blue.run, input, watch(input, about)),
    watch,
    take,
    report: collector.add,
    ...createAnswers(parts, line),
    async erase({ subject }) {
      if (subject === undefined) return 0;
      forgotten.add(subject);
      return line.erase(subject) + collector.worst.erase(subject);
    },
    idle: () => line.idle(),
    async close() {
      closed = true;
      line.close();
      await line.idle();
    },
  };
}

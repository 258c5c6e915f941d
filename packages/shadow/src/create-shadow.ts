import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { canonicalJson, type Digest, type GateAnswer, recordVersion } from "@verdigris/contracts";
import { addReport, type Divergence, emptyDivergence } from "./divergence.ts";
import { createJobLine, type JobLine } from "./job-line.ts";
import { jobOf, type TakenDown, unwatchedRun, type WatchedRun, watchedRun } from "./live-run.ts";
import { StoppedRun } from "./observe-run.ts";
import type { Shadow, ShadowDrop, ShadowEvidence, ShadowStatus } from "./shadow.ts";
import type { ShadowJob, ShadowReport } from "./shadow-job.ts";
import {
  completeOptions,
  type LiveRun,
  type ShadowOptions,
  type ShadowQueue,
  type ShadowSettings,
  type ShadowSide,
} from "./shadow-options.ts";
import { judgeDivergence, type ShadowVerdict } from "./shadow-verdict.ts";
import { createSpendAccount, type SpendAccount } from "./spend-account.ts";
import { takeJob } from "./take-job.ts";
import { createWorstExamples } from "./worst-examples.ts";

/** Reports whose ids are remembered, so that one that comes twice counts once. */
const mostRemembered = 100_000;

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

/** What reports add up to, each once. */
function createCollector<I, O>(settings: ShadowSettings<I, O>, drop: (why: ShadowDrop) => void) {
  const { blue, green, rule, examples, comparators } = settings;
  const remembered = new Set<string>();
  const worst = createWorstExamples(examples?.perView ?? 1);
  const judged = new Map(comparators.map(({ name, judged: counts = true }) => [name, counts]));
  let divergence: Divergence = emptyDivergence(blue.bundle, green.bundle, rule.margin);
  return {
    worst,
    divergence: () => divergence,
    verdict: (): ShadowVerdict => judgeDivergence(divergence, (view) => judged.get(view) ?? false, rule),
    add(report: ShadowReport): void {
      if (remembered.has(report.job)) {
        drop("repeated");
        return;
      }
      divergence = addReport(divergence, report);
      remembered.add(report.job);
      const oldest = remembered.values().next();
      if (remembered.size > mostRemembered && !oldest.done) remembered.delete(oldest.value);
      if (examples !== null) worst.add(report);
    },
  };
}

/** Decides what is mirrored; nothing in it may reach the user. */
function createSampler<I, O>(settings: ShadowSettings<I, O>, drop: (why: ShadowDrop) => void) {
  const { sample, random, mirror, baseline } = settings;
  let mirrored = 0;
  return {
    takes(about: LiveRun): boolean {
      try {
        if (sample === 0 || random() >= sample) return false;
        if (mirror(about)) return true;
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

function summaryOf({ blue, green, verdict, divergence }: ShadowEvidence): string {
  return `${verdict.verdict}: ${green} against ${blue} on ${divergence.compared} mirrored inputs, ${verdict.reason}`;
}

/** Everything one mirror is made of. */
interface Parts<I, O> {
  readonly settings: ShadowSettings<I, O>;
  readonly counts: ReturnType<typeof createCounts>;
  readonly account: SpendAccount;
  readonly collector: ReturnType<typeof createCollector>;
  readonly isClosed: () => boolean;
}

/** Why a job is not run here; null where it may be. */
function obstacle<I, O>({ settings, account, isClosed }: Parts<I, O>, job: ShadowJob): ShadowDrop | null {
  const { agent, blue, green, clock } = settings;
  if (isClosed()) return "closed";
  if (job.v !== recordVersion || job.agent !== agent) return "foreign";
  if (job.blue !== blue.bundle || job.green !== green.bundle) return "foreign";
  if (job.expires <= clock.now()) return "expired";
  return account.closed() !== null || !account.admits(0) ? "budget" : null;
}

/** Runs one job, and counts it where it could not be run. */
async function takeOrDrop<I, O>(
  parts: Parts<I, O>,
  enter: JobLine["enter"],
  job: ShadowJob,
): Promise<ShadowReport | null> {
  const { settings, account, counts } = parts;
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
  { settings, counts, isClosed }: Parts<I, O>,
  expect: JobLine["expect"],
  send: (job: ShadowJob) => void,
) {
  const sampler = createSampler(settings, counts.drop);
  /** Later, in a turn of its own: parsing and digesting are not the user's to wait for. */
  const handOn = (about: LiveRun) => (taken: TakenDown) => {
    const done = expect();
    settings.clock.setTimer(() => {
      try {
        send(jobOf(settings, about, taken, sampler.again()));
      } catch {
        counts.drop("unreadable");
      }
      done();
    }, 0);
  };
  return (input: I, about: LiveRun = {}): WatchedRun<O> => {
    counts.seen += 1;
    if (isClosed() || !sampler.takes(about)) return unwatchedRun(settings.blue.bundle);
    counts.sampled += 1;
    try {
      return watchedRun(settings, input, handOn(about));
    } catch {
      counts.drop("unreadable");
      return unwatchedRun(settings.blue.bundle);
    }
  };
}

/** What people and releases are told. */
function createAnswers<I, O>({ settings, counts, account, collector }: Parts<I, O>, line: JobLine) {
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
  return {
    status,
    evidence,
    gate,
    verdict: collector.verdict,
    examples: () => collector.worst.list(clock.now()),
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

/** Where jobs go: this process's line, or the caller's queue, whatever that does. */
function sender(queue: ShadowQueue | null, line: JobLine, drop: (why: ShadowDrop) => void) {
  if (queue === null) return (job: ShadowJob) => line.offer(job);
  return (job: ShadowJob) => void (async () => queue.send(job))().catch(() => drop("send-failed"));
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
  const collector = createCollector(settings, counts.drop);
  let closed = false;
  const parts: Parts<I, O> = { settings, counts, account, collector, isClosed: () => closed };
  const enter: JobLine["enter"] = (bounded) => line.enter(bounded);
  const take = (job: ShadowJob) => takeOrDrop(parts, enter, job);
  const work = async (job: ShadowJob): Promise<void> => {
    const report = await take(job);
    if (report !== null) collector.add(report);
  };
  const line = createJobLine({ clock, maxInFlight, maxQueued, account, pressure, drop: counts.drop, work });
  const watch = createWatch(parts, () => line.expect(), sender(settings.queue, line, counts.drop));

  return {
    name: "shadow",
    run: (input, about) => runWatched(blue.run, input, watch(input, about)),
    watch,
    take,
    report: collector.add,
    ...createAnswers(parts, line),
    async erase({ subject }) {
      return subject === undefined ? 0 : line.erase(subject) + collector.worst.erase(subject);
    },
    idle: () => line.idle(),
    async close() {
      closed = true;
      line.close();
      await line.idle();
    },
  };
}

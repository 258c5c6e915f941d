import type { Signal } from "@verdigris/contracts";
import { logSumExp } from "@verdigris/statistics";
import { type Arms, isConcurrent } from "../evidence/arms.ts";
import { createHistoryTail } from "../evidence/history-tail.ts";
import { createPairEvidence } from "../evidence/pair-evidence.ts";
import { perBlock } from "../evidence/per-block.ts";
import { type Weight, weigh } from "../evidence/restarts.ts";
import { slower } from "../evidence/streams.ts";
import { createTailEvidence } from "../evidence/tail-evidence.ts";
import { endedOf } from "../windows/cohort.ts";
import { bucketsPerQuarter, middleOf } from "../windows/histogram.ts";
import { latencyQuantile, latestWindow, sumOf } from "../windows/window.ts";
import {
  checkRegression,
  type Finding,
  isAsked,
  isReached,
  type Look,
  type RegressionOptions,
  type Rule,
  signalOf,
} from "./rule.ts";

/** Options of {@link latencyRegression}. `ratio`: an alarm needs a p95 this many times the baseline's. @default 1.25 */
export interface LatencyRegressionOptions extends RegressionOptions {}

/** About what a doubling takes at α = 0.01. */
const runsForDoubling = 60;
const quantile = 0.95;
/** Ranks tell of most slowdowns sooner; the tails of one that spares most runs. */
const tailWeight = 0.25;

/**
 * Alarms when the bundle is slower: its p95 over the window is more than `ratio` times the baseline's, and matched runs say
 * that this is no chance. Runs that hang count as slow while they hang, and runs that fail count with the time they took.
 */
export function latencyRegression(options: LatencyRegressionOptions = {}): Rule {
  const settings = checkRegression({ name: "latency-regression", ratio: 1.25, ...options });
  const { name, ratio, settleMs, warmUp } = settings;
  const shift = Math.floor((Math.log(ratio) / Math.log(1.25)) * bucketsPerQuarter + 1e-9);
  return {
    name,
    judge(cut) {
      const pairs = createPairEvidence([slower(settleMs, 1)]);
      const tail = createTailEvidence();
      const history = createHistoryTail();
      const ended = createEnded();
      const evidenceOf = (look: Look, arms: Arms, usual: number): Evidence | null => {
        const ofPairs = pairs(arms);
        const together = (ofTails: readonly number[]): Weight =>
          weigh(mixed(ofPairs, ofTails), look.bakeMs, settings.alpha);
        // The tails are most of the work, and mostly it is plain without them that there is no alarm.
        if (look.alarmsOnly === true && !isReached(together(tail.atMost(arms, usual)))) return null;
        const { logE, interval } = tail.of(arms);
        return { weight: together(logE), interval };
      };
      const beside = (look: Look, arms: Arms): Found => {
        const window = latestWindow(arms.watched, arms.reference, arms.at, settings.least);
        const value = p95(window.watched.cohorts, arms);
        const reference = p95(window.reference.cohorts, arms);
        const beyond = value !== null && reference !== null && value - reference > shift;
        const asked = reference !== null && isAsked(look, beyond);
        const judged = asked ? evidenceOf(look, arms, reference) : null;
        const interval = judged?.interval ?? null;
        const { n, referenceN } = ended(arms);
        const within = interval !== null && interval.high <= ratio;
        const compared: Compared = { value, reference, n, referenceN, interval, beyond, within };
        return { finding: findingOf(settings, compared, null), weight: judged?.weight ?? null };
      };
      const after = (look: Look, arms: Arms): Found => {
        const past = history(arms);
        const window = latestWindow(arms.watched, null, arms.at, settings.least);
        const value = p95(window.watched.cohorts, arms);
        const more = value === null || past.reference === null ? null : value - past.reference;
        const beyond = more !== null && more > Math.max(shift, past.swing);
        const { reference, referenceN, obstacle } = past;
        const { n } = ended(arms);
        const compared: Compared = { value, reference, n, referenceN, interval: null, beyond, within: false };
        const weight = isAsked(look, beyond) ? weigh(past.logE(), look.bakeMs, settings.alpha) : null;
        return { finding: findingOf(settings, compared, obstacle), weight };
      };
      return (look): Signal => {
        const arms = cut(look, warmUp);
        const { finding, weight } = isConcurrent(look.baseline) ? beside(look, arms) : after(look, arms);
        return signalOf({ name, look, baseline: look.baseline, weight }, finding);
      };
    },
  };
}

/** Creates what counts the runs of both arms that have ended. */
function createEnded(): (arms: Arms) => Pick<Finding, "n" | "referenceN"> {
  const ofBlock = perBlock(({ watched, reference }) => [sumOf(watched, endedOf), sumOf(reference, endedOf)]);
  return ({ blocks }) => {
    let [n, referenceN] = [0, 0];
    for (const [more = 0, others = 0] of ofBlock(blocks)) {
      n += more;
      referenceN += others;
    }
    return { n, referenceN };
  };
}

function p95(cohorts: Arms["watched"], { at }: Arms): number | null {
  return latencyQuantile(cohorts, at, quantile);
}

interface Evidence {
  readonly weight: Weight;
  readonly interval: Signal["interval"];
}

/** `ln E` of ranks and tails together, block by block. */
function mixed(ofPairs: readonly number[], ofTails: readonly number[]): number[] {
  return ofPairs.map((pair, block) =>
    logSumExp([Math.log(1 - tailWeight) + pair, Math.log(tailWeight) + (ofTails[block] ?? 0)]),
  );
}

interface Found {
  readonly finding: Finding;
  readonly weight: Weight | null;
}

/** Both arms, values as buckets. */
type Compared = Pick<Finding, "n" | "referenceN" | "value" | "reference" | "interval" | "beyond" | "within">;

function findingOf(
  { ratio: limit, least }: Required<RegressionOptions>,
  { value, reference, n, referenceN, interval, beyond, within }: Compared,
  obstacle: string | null,
): Finding {
  const ms = value === null ? null : middleOf(value);
  const otherMs = reference === null ? null : middleOf(reference);
  const ratio = ms === null || otherMs === null ? null : ms / otherMs;
  return {
    value: ms,
    reference: otherMs,
    ratio,
    limit,
    unit: "ms",
    n,
    referenceN,
    least,
    planned: runsForDoubling,
    beyond,
    interval,
    within,
    obstacle,
    words: `p95 ${shown(ms)} against ${shown(otherMs)}, ${ratio === null ? "no ratio" : `${ratio.toFixed(2)}x`} (limit ${limit}x)`,
  };
}

function shown(ms: number | null): string {
  return ms === null ? "nothing" : `${Number(ms.toPrecision(3))} ms`;
}

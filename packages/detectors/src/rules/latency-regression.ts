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
      const evidenceOf = (look: Look, arms: Arms): { weight: Weight; interval: Signal["interval"] } => {
        const tails = tail(arms);
        const logE = pairs(arms).map((pair, block) =>
          logSumExp([Math.log(1 - tailWeight) + pair, Math.log(tailWeight) + (tails.logE[block] ?? 0)]),
        );
        return { weight: weigh(logE, look.bakeMs, settings.alpha), interval: tails.interval };
      };
      const beside = (look: Look, arms: Arms): Finding => {
        const window = latestWindow(arms.watched, arms.reference, arms.at, settings.least);
        const value = p95(window.watched.cohorts, arms);
        const reference = p95(window.reference.cohorts, arms);
        const beyond = value !== null && reference !== null && value - reference > shift;
        const judged = isAsked(look, beyond) ? evidenceOf(look, arms) : null;
        const interval = judged?.interval ?? null;
        return {
          ...describe(value, reference, ratio),
          ...ended(arms),
          ...{ least: settings.least, planned: runsForDoubling, interval },
          weight: judged?.weight ?? null,
          beyond,
          within: interval !== null && interval.high <= ratio,
        };
      };
      const after = (look: Look, arms: Arms): Finding => {
        const past = history(arms);
        const window = latestWindow(arms.watched, null, arms.at, settings.least);
        const value = p95(window.watched.cohorts, arms);
        const more = value === null || past.reference === null ? null : value - past.reference;
        const beyond = more !== null && more > Math.max(shift, past.swing);
        return {
          ...describe(value, past.reference, ratio),
          ...{ n: ended(arms).n, referenceN: past.referenceN, least: settings.least },
          ...{ planned: runsForDoubling, interval: null, within: false, beyond },
          weight: isAsked(look, beyond) ? weigh(past.logE(), look.bakeMs, settings.alpha) : null,
          ...(past.obstacle === null ? {} : { obstacle: past.obstacle }),
        };
      };
      return (look): Signal => {
        const arms = cut(look, warmUp);
        return signalOf(name, look, (isConcurrent(look.baseline) ? beside : after)(look, arms));
      };
    },
  };
}

/** Creates what counts the runs of both arms that have ended. */
function createEnded(): (arms: Arms) => Pick<Finding, "n" | "referenceN"> {
  const ofBlock = perBlock(({ watched, reference }) => [sumOf(watched, endedOf), sumOf(reference, endedOf)]);
  return ({ blocks }) => {
    let [n, referenceN] = [0, 0];
    for (const [more = 0, others = 0] of blocks.map(ofBlock)) {
      n += more;
      referenceN += others;
    }
    return { n, referenceN };
  };
}

function p95(cohorts: Arms["watched"], { at }: Arms): number | null {
  return latencyQuantile(cohorts, at, quantile);
}

type Described = Pick<Finding, "value" | "reference" | "ratio" | "limit" | "unit" | "words">;

function describe(value: number | null, reference: number | null, limit: number): Described {
  const ratio = value === null || reference === null ? null : middleOf(value) / middleOf(reference);
  const shown = (bucket: number | null): string =>
    bucket === null ? "nothing" : `${Number(middleOf(bucket).toPrecision(3))} ms`;
  return {
    value: value === null ? null : middleOf(value),
    reference: reference === null ? null : middleOf(reference),
    ratio,
    limit,
    unit: "ms",
    words: `p95 ${shown(value)} against ${shown(reference)}, ${ratio === null ? "no ratio" : `${ratio.toFixed(2)}x`} (limit ${limit}x)`,
  };
}

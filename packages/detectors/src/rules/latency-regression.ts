import type { Signal } from "@verdigris/contracts";
import { logSumExp } from "@verdigris/statistics";
import { type Arms, createArms } from "../evidence/arms.ts";
import { createHistoryTail } from "../evidence/history-tail.ts";
import { createPairEvidence } from "../evidence/pair-evidence.ts";
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
  isConcurrent,
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
    judge() {
      const cut = createArms(warmUp);
      const pairs = createPairEvidence([slower(settleMs, 1)]);
      const tail = createTailEvidence();
      const history = createHistoryTail();
      const evidenceOf = (look: Look, arms: Arms): { weight: Weight; interval: Signal["interval"] } => {
        const tails = tail(arms);
        const logE = pairs(arms).map((pair, block) =>
          logSumExp([Math.log(1 - tailWeight) + pair, Math.log(tailWeight) + (tails.logE[block] ?? 0)]),
        );
        return { weight: weigh(logE, look.bakeMs, settings.alpha), interval: tails.interval };
      };
      const beside = (look: Look): Finding => {
        const arms = cut(look);
        const window = latestWindow(arms.watched, arms.reference, arms.at, settings.least);
        const value = p95(window.watched.cohorts, arms);
        const reference = p95(window.reference.cohorts, arms);
        const beyond = value !== null && reference !== null && value - reference > shift;
        const judged = isAsked(look, beyond) ? evidenceOf(look, arms) : null;
        const interval = judged?.interval ?? null;
        return {
          ...describe(value, reference, ratio),
          n: sumOf(arms.watched, endedOf),
          referenceN: sumOf(arms.reference, endedOf),
          ...{ least: settings.least, planned: runsForDoubling, interval },
          weight: judged?.weight ?? null,
          beyond,
          within: interval !== null && interval.high <= ratio,
        };
      };
      const after = (look: Look): Finding => {
        const arms = cut({ ...look, reference: [] });
        const past = history(arms, look.reference);
        const window = latestWindow(arms.watched, null, arms.at, settings.least);
        const value = p95(window.watched.cohorts, arms);
        const more = value === null || past.reference === null ? null : value - past.reference;
        return {
          ...describe(value, past.reference, ratio),
          ...{ n: sumOf(arms.watched, endedOf), referenceN: past.referenceN, least: settings.least },
          ...{ planned: runsForDoubling, interval: null, within: false },
          weight: weigh(past.logE, look.bakeMs, settings.alpha),
          beyond: more !== null && more > Math.max(shift, past.swing),
          ...(past.obstacle === null ? {} : { obstacle: past.obstacle }),
        };
      };
      return (look): Signal => signalOf(name, look, (isConcurrent(look.baseline) ? beside : after)(look));
    },
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

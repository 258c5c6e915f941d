import type { Signal, SignalBaseline } from "@verdigris/contracts";
import { wilsonInterval } from "@verdigris/statistics";
import type { Arms, Block } from "../evidence/arms.ts";
import { createMoreOften, type Rate } from "../evidence/more-often.ts";
import { fromEachBlock, perBlock } from "../evidence/per-block.ts";
import { weigh } from "../evidence/restarts.ts";
import type { Cohort } from "../windows/cohort.ts";
import { latestWindow } from "../windows/window.ts";
import {
  checkRule,
  type Finding,
  isAsked,
  type Rule,
  type RuleOptions,
  requireOption,
  requireWhole,
  signalOf,
} from "./rule.ts";

/** Options of rules about how often something happens. */
export interface RateRuleOptions extends RuleOptions {
  /** An alarm needs a rate this many times the baseline's. @default 2 */
  readonly ratio?: number;
  /** A rate that is nobody's business, whatever the baseline's. @default 0.01 */
  readonly tolerated?: number;
  /** How often it must have happened. @default 3 */
  readonly least?: number;
}

interface RateRule extends RateRuleOptions {
  readonly name: string;
  /** Of the watched arm while its runs are under way: those that may still go well count as well. */
  readonly watched: (cohort: Cohort) => Rate;
  readonly reference: (cohort: Cohort) => Rate;
  readonly noun: string;
}

interface Rates {
  readonly watched: Rate;
  readonly reference: Rate;
}

const never: Rate = { hits: 0, n: 0 };

function addRates(a: Rate, b: Rate): Rate {
  return { hits: a.hits + b.hits, n: a.n + b.n };
}

function rateOf(cohorts: readonly Cohort[], of: (cohort: Cohort) => Rate): Rate {
  let [hits, n] = [0, 0];
  for (const cohort of cohorts) {
    const rate = of(cohort);
    hits += rate.hits;
    n += rate.n;
  }
  return { hits, n };
}

/** A rule about the rate of something: alarms on a small absolute count where it is rare, on a multiple where it is not. */
export function rateRule(rule: RateRule): Rule {
  const { name, alpha = 0.01, ratio = 2, tolerated = 0.01, least = 3 } = rule;
  checkRule(name, alpha);
  requireOption(ratio >= 1 && ratio < 1e6, "ratio", `must be 1 or more, got ${ratio}`);
  requireOption(
    tolerated > 0 && tolerated < 0.9,
    "tolerated",
    `must lie between 0 and 0.9, got ${tolerated}`,
  );
  requireWhole("least", least, 1);
  const settings = { ...rule, alpha, ratio, tolerated, least };
  const moreOften = createMoreOften(tolerated);
  return {
    name,
    judge(cut) {
      const rates = ({ watched, reference }: Block): Rates => ({
        watched: rateOf(watched, rule.watched),
        reference: rateOf(reference, rule.reference),
      });
      const [count, countPast] = [perBlock(rates), perBlock(rates)];
      return (look): Signal => {
        const arms = cut(look, 0);
        const counts = count(arms.blocks);
        // A baseline of the same time is cut at the same places, one from before stands as a whole.
        const none: Rates = countPast(arms.past).reduce(addBoth, { watched: never, reference: never });
        const found = findingOf(settings, counts.reduce(addBoth, none), arms);
        const baseline: SignalBaseline = found.referenceN === 0 ? { kind: "floor" } : look.baseline;
        const evidence = (sum: Rates): number => moreOften(sum.watched, sum.reference);
        const weight = isAsked(look, found.beyond)
          ? weigh(fromEachBlock(counts, none, addBoth, evidence), look.bakeMs, alpha)
          : null;
        return signalOf({ name, look, baseline, weight }, found);
      };
    },
  };
}

function addBoth(a: Rates, b: Rates): Rates {
  return { watched: addRates(a.watched, b.watched), reference: addRates(a.reference, b.reference) };
}

/** How often it happens in the window, against the baseline as a whole. */
function findingOf(
  { ratio, tolerated, least, noun, watched: of }: Required<RateRule>,
  { watched: whole, reference: before }: Rates,
  { watched, at }: Arms,
): Finding {
  const window = latestWindow(watched, null, at, least, (cohort) => of(cohort).hits);
  const now = rateOf(window.watched.cohorts, of);
  const value = now.n === 0 ? null : now.hits / now.n;
  const reference = before.n === 0 ? null : before.hits / before.n;
  const limit = Math.max(tolerated, ratio * (reference ?? 0));
  const wilson = whole.n === 0 ? null : wilsonInterval({ successes: whole.hits, n: whole.n, alpha: 0.025 });
  const other = reference === null ? "" : ` against ${before.hits} of ${before.n}`;
  return {
    value,
    reference: reference ?? tolerated,
    ratio: value === null || !reference ? null : value / reference,
    limit,
    unit: `${noun} per run`,
    n: whole.n,
    referenceN: before.n,
    least: 0,
    planned: Math.ceil(3.7 / tolerated),
    beyond: now.hits >= least && value !== null && value > limit,
    interval: wilson === null ? null : { low: wilson.lower, high: wilson.upper, confidence: 0.95 },
    within: wilson !== null && wilson.upper <= limit,
    obstacle: null,
    words: `${now.hits} ${noun} in ${now.n} runs${other} (limit ${Number(limit.toPrecision(2))} per run)`,
  };
}

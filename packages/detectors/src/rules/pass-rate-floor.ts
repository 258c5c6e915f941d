import type { Signal, SignalBaseline } from "@verdigris/contracts";
import { failureGrid, logEBinomial, wilsonInterval } from "@verdigris/statistics";
import type { Arms } from "../evidence/arms.ts";
import { fromEachBlock, perBlock } from "../evidence/per-block.ts";
import { weigh } from "../evidence/restarts.ts";
import type { Cohort } from "../windows/cohort.ts";
import { latestWindow, sumOf } from "../windows/window.ts";
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

/** Options of {@link passRateFloor}. */
export interface PassRateFloorOptions extends RuleOptions {
  /** Between 0.4 and 1. @default 0.9 */
  readonly floor?: number;
  /** Scored runs that are needed. @default 10 */
  readonly least?: number;
  /** First runs of the bundle that are left out. @default 5 */
  readonly warmUp?: number;
}

const byItself: SignalBaseline = { kind: "floor" };

/** About what a fall to twice the allowed failures takes. */
const runsForDoubling = 135;

interface Scored {
  readonly n: number;
  readonly failed: number;
}

/**
 * Alarms when scored runs pass less often than the floor allows: the pass rate over the window lies below `floor`, and the
 * count of failures says that this is no chance. No other bundle is asked.
 */
export function passRateFloor(options: PassRateFloorOptions = {}): Rule {
  const { name = "pass-rate-floor", alpha = 0.01, floor = 0.9, least = 10, warmUp = 5 } = options;
  checkRule(name, alpha);
  requireOption(floor > 0.4 && floor < 1, "floor", `must lie strictly between 0.4 and 1, got ${floor}`);
  requireWhole("least", least, 1);
  requireWhole("warmUp", warmUp, 0);
  const alternatives = alternativesOf(floor);
  const evidence = ({ failed, n }: Scored): number =>
    logEBinomial({ hits: failed, n, nullProbability: 1 - floor, alternatives });
  return {
    name,
    judge(cut) {
      const count = perBlock(({ watched }) => scoredIn(watched));
      return (look): Signal => {
        const arms = cut(look, warmUp);
        const counts = count(arms.blocks);
        const finding = findingOf(arms, counts.reduce(addScored, nothingScored), floor, least);
        const weight = isAsked(look, finding.beyond)
          ? weigh(fromEachBlock(counts, nothingScored, addScored, evidence), look.bakeMs, alpha)
          : null;
        return signalOf({ name, look, baseline: byItself, weight }, finding);
      };
    },
  };
}

function findingOf({ watched, at }: Arms, { n, failed }: Scored, floor: number, least: number): Finding {
  const window = latestWindow(watched, null, at, least, ({ scored }) => scored).watched;
  const passed = sumOf(window.cohorts, (cohort) => cohort.passed);
  const value = window.n === 0 ? null : passed / window.n;
  const wilson = n === 0 ? null : wilsonInterval({ successes: n - failed, n, alpha: 0.025 });
  const shown = value === null ? "of nothing" : `${passed} of ${window.n}`;
  return {
    value,
    reference: floor,
    ratio: null,
    limit: floor,
    unit: "pass rate",
    n,
    referenceN: 0,
    least,
    planned: runsForDoubling,
    beyond: value !== null && value < floor,
    interval: wilson === null ? null : { low: wilson.lower, high: wilson.upper, confidence: 0.95 },
    within: wilson !== null && wilson.lower >= floor,
    obstacle: null,
    words: `pass rate ${shown} (floor ${floor})`,
  };
}

/**
 * The rates of failure that the floor's own is held against. Twice as many failures as allowed, what a release that breaks an
 * answer in ten does, counts for four of eleven shares: it is what must be heard of soonest. Fixed beforehand, so the evidence
 * is as sound as with equal shares.
 */
function alternativesOf(floor: number): readonly number[] {
  const doubled = Math.min(0.7, 2 * (1 - floor));
  return [...failureGrid(floor), doubled, doubled, doubled];
}

const nothingScored: Scored = { n: 0, failed: 0 };

function addScored(a: Scored, b: Scored): Scored {
  return { n: a.n + b.n, failed: a.failed + b.failed };
}

function scoredIn(cohorts: readonly Cohort[]): Scored {
  return { n: sumOf(cohorts, ({ scored }) => scored), failed: sumOf(cohorts, (c) => c.scored - c.passed) };
}

import {
  type BundleId,
  InvalidArgumentError,
  requireId,
  type Signal,
  type SignalBaseline,
} from "@verdigris/contracts";
import { checkNames, countedSince, createJudge, type Judge } from "./judge.ts";
import { costRegression } from "./rules/cost-regression.ts";
import { hardErrors } from "./rules/hard-errors.ts";
import { latencyRegression } from "./rules/latency-regression.ts";
import type { Rule } from "./rules/rule.ts";
import type { MetricSource } from "./source.ts";
import { cohortTime } from "./windows/cohort.ts";

/** Which bundle is watched, from when, and against what. */
export interface WatchTarget {
  readonly bundle: BundleId;
  /** Store time from which its runs count: when it began to take production runs. */
  readonly since: number;
  readonly baseline: SignalBaseline;
}

/** Options of {@link createDetectors}. */
export interface DetectorsOptions {
  readonly source: MetricSource;
  /** @default latencyRegression(), costRegression(), hardErrors() */
  readonly rules?: readonly Rule[];
  /** How long a release bakes: one error rate for all of it; open-ended evidence afterwards. @default 7200000 */
  readonly bakeMs?: number;
  /** How much of a baseline's past is asked for where there is no fresh one. @default 28800000 */
  readonly historyMs?: number;
}

/** Watches bundles by rules. */
export interface Detectors {
  /**
   * What every rule says now, in the order of the rules. An `alarm` is beyond chance and beyond the rule's limit; too little data
   * is `watching`. Any process may ask, at any time and as often as it likes. Rejects with what the source rejects with.
   */
  signals(target: WatchTarget): Promise<readonly Signal[]>;
}

/** Judges are kept for as many bundles as may be watched at one time. */
const mostJudges = 8;

/** Creates detectors. Throws `invalid-argument`. */
export function createDetectors(options: DetectorsOptions): Detectors {
  const { source, rules = defaultRules(), bakeMs = 7_200_000, historyMs = 28_800_000 } = options;
  checkNames(rules);
  for (const [name, ms] of Object.entries({ bakeMs, historyMs }))
    if (!(ms >= 600_000 && ms < Infinity))
      throw new InvalidArgumentError(name, `must be at least 600000 (ten minutes), got ${ms}`);
  const judges = new Map<string, Judge>();
  const judgeOf = (target: WatchTarget): Judge => {
    const key = JSON.stringify([target.bundle, target.since, target.baseline]);
    const judge = judges.get(key) ?? createJudge(rules);
    judges.delete(key);
    judges.set(key, judge);
    const [oldest] = judges.keys();
    if (judges.size > mostJudges && oldest !== undefined) judges.delete(oldest);
    return judge;
  };
  return {
    async signals(target) {
      const { baseline } = target;
      const bundle = requireId("bundle", target.bundle);
      const since = target.since;
      if (!(Number.isFinite(since) && since >= 0))
        throw new InvalidArgumentError("since", `must be a store time, got ${since}`);
      const now = (await source.read({ bundle, from: 0, to: 0 })).at;
      const from = countedSince(cohortTime(since), now, bakeMs);
      const watched = await source.read({ bundle, from, to: Infinity });
      const other = await readBaseline(source, baseline, from, historyMs);
      const at = Math.min(watched.at, other?.at ?? Infinity);
      return judgeOf(target)({
        ...{ bundle, baseline, since: from, at, bakeMs },
        watched: watched.cohorts,
        reference: other?.cohorts ?? [],
      });
    },
  };
}

function defaultRules(): readonly Rule[] {
  return [latencyRegression(), costRegression(), hardErrors()];
}

async function readBaseline(
  source: MetricSource,
  baseline: SignalBaseline,
  since: number,
  historyMs: number,
): Promise<Awaited<ReturnType<MetricSource["read"]>> | null> {
  if (baseline.kind === "floor") return null;
  const bundle = requireId("baseline.bundle", baseline.bundle);
  return baseline.kind === "history"
    ? source.read({ bundle, from: since - historyMs, to: since })
    : source.read({ bundle, from: since, to: Infinity });
}

import { InvalidArgumentError } from "@verdigris/contracts";
import { cohenKappa } from "@verdigris/statistics";
import { digestOfJson } from "../digest.ts";
import type { EvalCase } from "../eval-set/eval-set.ts";
import type { JudgeCard, JudgeIdentity } from "../policy/judge-card.ts";
import { type RunEvalsOptions, runEvals } from "../run/run-evals.ts";
import type { Scorer } from "../scorers/scorer.ts";

/** One answer that people have judged. */
export interface HumanLabel {
  /** Unique among the labels. */
  readonly id: string;
  readonly input: EvalCase["input"];
  readonly expected?: EvalCase["input"];
  /** The answer people saw. */
  readonly output: unknown;
  /** What people say of it. */
  readonly good: boolean;
}

/** What {@link calibrateJudge} is told. */
export interface CalibrateOptions
  extends Pick<
    RunEvalsOptions,
    "concurrency" | "timeoutMs" | "retries" | "signal" | "clock" | "random" | "onProgress"
  > {
  /** A scorer with a judge in its identity. */
  readonly judge: Scorer;
  /** At least 100 are worth something; both good and bad ones. */
  readonly labels: readonly HumanLabel[];
  /** The score from which on the judge calls an answer good. @default 0.5 */
  readonly goodAt?: number;
  /** How often each answer is judged; 2 or more show how often the judge contradicts itself. @default 2 */
  readonly repeats?: number;
}

/** What came of a calibration. */
export interface Calibration {
  readonly card: JudgeCard;
  /** Answers by what people and the first judgement say. */
  readonly counts: {
    readonly bothGood: number;
    readonly bothBad: number;
    readonly onlyJudgeGood: number;
    readonly onlyPeopleGood: number;
  };
  /** Share of answers the judge called good once and bad another time; null where each was judged once. */
  readonly flipRate: number | null;
  /** Ids of the answers the judge gave no judgement on; they are in none of the figures. */
  readonly unjudged: readonly string[];
}

/**
 * Compares a judge with people's labels and writes its card: kappa with its 95 % interval (Cohen 1960; Fleiss, Cohen &
 * Everitt 1969), sensitivity, specificity. The figures rest on the first judgement of each answer, since a gate does so
 * too. Rejects with `invalid-argument` when the labels or the judgements hold no good or no bad answer: nothing could
 * be said then.
 */
export async function calibrateJudge(options: CalibrateOptions): Promise<Calibration> {
  const { judge, labels, goodAt = 0.5, repeats = 2, ...limits } = options;
  const identity = judge.identity.judge;
  if (identity === undefined)
    throw new InvalidArgumentError("judge", "must be a scorer that names its judge");
  const byId = new Map(labels.map((label) => [label.id, label]));
  if (byId.size < labels.length)
    throw new InvalidArgumentError("labels", "must each have an id of their own");
  if (labels.length === 0) throw new InvalidArgumentError("labels", "must hold at least one answer");
  const cases = labels.map(asCase);
  const digest = digestOfJson(cases.map((one) => one.digest));
  const { results } = await runEvals({
    ...limits,
    set: { name: "labels", version: "1", cases, digest },
    bundle: { id: "labels", digest },
    target: (_, { case: id }) => byId.get(id)?.output,
    scorers: [judge],
    repeats,
  });
  const judged = labels.map(({ id, good }) => {
    const scores =
      results.cases.get(id)?.repeats.map((one) => one.scores[judge.identity.metric] ?? null) ?? [];
    const known = scores.filter((score) => score !== null).map((score) => score >= goodAt);
    return { id, good, known };
  });
  const counted = judged.filter(({ known }) => known.length > 0);
  const flipped = counted.filter(({ known }) => new Set(known).size > 1).length;
  const pairs = counted.map(({ good, known }) => ({ human: good, judge: known[0] === true }));
  return {
    card: judgeCard(identity, pairs),
    counts: countsOf(pairs),
    flipRate: repeats > 1 ? flipped / counted.length : null,
    unjudged: judged.filter(({ known }) => known.length === 0).map(({ id }) => id),
  };
}

/** One answer as people and as the judge call it: good or not. */
export interface LabelledPair {
  readonly human: boolean;
  readonly judge: boolean;
}

/** The card of a judge from judgements at hand; see {@link calibrateJudge}. */
export function judgeCard(judge: JudgeIdentity, pairs: readonly LabelledPair[]): JudgeCard {
  const { bothGood, bothBad, onlyJudgeGood, onlyPeopleGood } = countsOf(pairs);
  const [good, bad] = [bothGood + onlyPeopleGood, bothBad + onlyJudgeGood];
  if (good === 0 || bad === 0) {
    throw new InvalidArgumentError("labels", "must hold answers people call good and answers they call bad");
  }
  const { kappa, lower, upper } = cohenKappa([
    [bothGood, onlyPeopleGood],
    [onlyJudgeGood, bothBad],
  ]);
  return Object.freeze({
    ...judge,
    labels: pairs.length,
    kappa: Object.freeze({ estimate: kappa, low: lower, high: upper }),
    sensitivity: bothGood / good,
    specificity: bothBad / bad,
  });
}

function countsOf(pairs: readonly LabelledPair[]): Calibration["counts"] {
  const count = (human: boolean, judge: boolean): number =>
    pairs.filter((pair) => pair.human === human && pair.judge === judge).length;
  return {
    bothGood: count(true, true),
    bothBad: count(false, false),
    onlyJudgeGood: count(false, true),
    onlyPeopleGood: count(true, false),
  };
}

function asCase({ id, input, expected }: HumanLabel): EvalCase {
  const asked = { id, input, ...(expected === undefined ? {} : { expected }), slice: "all" };
  return { ...asked, mustPass: false, digest: digestOfJson(asked) };
}

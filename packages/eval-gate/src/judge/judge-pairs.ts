import { type Clock, InvalidArgumentError, systemClock } from "@verdigris/contracts";
import type { EvalSet } from "../eval-set/eval-set.ts";
import { defineResults } from "../results/define-results.ts";
import type { EvalResults, ScorerIdentity } from "../results/results.ts";
import type { RecordedLine } from "../run/recorded-line.ts";
import { taskKey } from "../run/resume.ts";
import { type EvalRun, type RunEvalsOptions, runEvals } from "../run/run-evals.ts";
import { identityOf } from "../scorers/custom-scorer.ts";
import type { Scorer } from "../scorers/scorer.ts";
import { answerForm, dataWarning, type JudgeOptions, judgeIdentity, judgement, quoted } from "./ask-judge.ts";

/** What {@link judgePairs} is told. */
export interface JudgePairsOptions
  extends JudgeOptions,
    Pick<RunEvalsOptions, "concurrency" | "timeoutMs" | "retries" | "signal" | "random" | "onProgress"> {
  /** Name of the metric it adds to both results. @default "preference" */
  readonly metric?: string;
  readonly set: EvalSet;
  /** Runs of both bundles on that set, with their outputs kept. */
  readonly baseline: Pick<EvalRun, "header" | "lines">;
  readonly candidate: Pick<EvalRun, "header" | "lines">;
  /** What of an output the judge sees. @default the output as it was kept */
  readonly select?: (output: unknown) => unknown;
  /** @default the host's */
  readonly clock?: Clock;
}

/** What came of judging pairs. */
export interface PairJudgement {
  /**
   * The results of both bundles with the metric added. The candidate's score is 1 where it was preferred in both orders, 0
   * where the baseline was, 0.5 where the judge called a tie or changed its mind with the order; the baseline has the
   * rest to 1. So the mean difference of the two is the net preference, in [-1, 1], and a margin of 0.1 allows one
   * net loss in ten.
   */
  readonly baseline: EvalResults;
  readonly candidate: EvalResults;
  readonly wins: number;
  readonly losses: number;
  readonly ties: number;
  /** Pairs without a judgement: an output was not kept, or the judge answered nothing usable. */
  readonly unjudged: number;
  /** Share of judged pairs in which the choice changed with the order. */
  readonly inconsistentRate: number;
  /** Share of choices for the first place; 0.5 for a judge that does not mind the place. Null when all were ties. */
  readonly firstRate: number | null;
}

const choices = ["first", "second", "tie"];
const metricOf = (options: JudgePairsOptions): string => options.metric ?? "preference";

/**
 * Lets a model compare the answers of two bundles, case by case and repeat by repeat, each pair in both orders and
 * without names: a judge that prefers a place (Zheng et al. 2023) can then win nothing for either side.
 *
 * Rejects with `invalid-argument` when the runs are not both of `set`.
 */
export async function judgePairs(options: JudgePairsOptions): Promise<PairJudgement> {
  const { set, baseline, candidate, clock = systemClock } = options;
  for (const [name, run] of Object.entries({ baseline, candidate })) {
    if (run.header.set.digest !== set.digest)
      throw new InvalidArgumentError(name, "must be a run of the set");
  }
  const tally = { first: 0, second: 0, inconsistent: 0 };
  const pairs = pairsOf(options, clock.now());
  const scorer = pairScorer(options, pairs, tally);
  const repeats = 1 + Math.max(0, ...[...baseline.lines, ...candidate.lines].map(({ repeat = 0 }) => repeat));
  const { lines } = await runEvals({
    ...limitsOf(options),
    ...{ set, repeats, clock, scorers: [scorer] },
    bundle: candidate.header.bundle,
    target: (_, { case: id, repeat }) => taskKey({ case: id, repeat }),
  });
  const scores = new Map(lines.map((line) => [taskKey(line), line.scores[metricOf(options)] ?? null]));
  const judged = [...scores.values()].filter((score) => score !== null);
  return {
    baseline: withMetric(baseline, scorer.identity, scores, (score) => 1 - score),
    candidate: withMetric(candidate, scorer.identity, scores, (score) => score),
    wins: judged.filter((score) => score === 1).length,
    losses: judged.filter((score) => score === 0).length,
    ties: judged.filter((score) => score === 0.5).length,
    unjudged: scores.size - judged.length,
    inconsistentRate: judged.length === 0 ? 0 : tally.inconsistent / judged.length,
    firstRate: tally.first + tally.second === 0 ? null : tally.first / (tally.first + tally.second),
  };
}

interface Pair {
  readonly baseline: unknown;
  readonly candidate: unknown;
}

function pairsOf({ baseline, candidate, select }: JudgePairsOptions, now: number): ReadonlyMap<string, Pair> {
  const outputsOf = (lines: readonly RecordedLine[]) =>
    new Map(
      lines
        .filter(
          ({ output, outputUntil }) =>
            output !== undefined && (outputUntil ?? Number.POSITIVE_INFINITY) > now,
        )
        .map((line) => [taskKey(line), select === undefined ? line.output : select(line.output)]),
    );
  const [blue, green] = [outputsOf(baseline.lines), outputsOf(candidate.lines)];
  return new Map(
    [...blue]
      .filter(([key]) => green.has(key))
      .map(([key, output]) => [key, { baseline: output, candidate: green.get(key) }]),
  );
}

interface Tally {
  first: number;
  second: number;
  inconsistent: number;
}

function pairScorer(options: JudgePairsOptions, pairs: ReadonlyMap<string, Pair>, tally: Tally): Scorer {
  const { rubric, ask } = options;
  const template = `You compare two answers of assistants to one question by a rubric.\n\nRubric:\n${rubric}\n\n${dataWarning}\n\n`;
  const judge = judgeIdentity(options, `${template}${answerForm(choices)}`);
  const identity: ScorerIdentity = { ...identityOf("pair-judge", { metric: metricOf(options) }), judge };
  return {
    identity,
    score: async ({ input, expected, output, signal, usage }) => {
      const pair = pairs.get(String(output));
      if (pair === undefined) throw new RangeError("an output of this pair was not kept, or not long enough");
      const choose = async (first: unknown, second: unknown): Promise<string> => {
        const parts = [
          quoted("question", input),
          ...(expected === undefined ? [] : [quoted("reference", expected)]),
          quoted("first", first ?? null),
          quoted("second", second ?? null),
        ];
        const prompt = `${template}${parts.join("\n")}\n\n${answerForm(choices)}`;
        return (await judgement(prompt, choices, { ask, signal, usage })).choice;
      };
      return preference(
        await choose(pair.baseline, pair.candidate),
        await choose(pair.candidate, pair.baseline),
        tally,
      );
    },
  };
}

/** The candidate's score of one pair, from the choice with the baseline first and the one with it second. */
function preference(forth: string, back: string, tally: Tally): number {
  for (const choice of [forth, back]) if (choice === "first" || choice === "second") tally[choice] += 1;
  if (forth === "second" && back === "first") return 1;
  if (forth === "first" && back === "second") return 0;
  if (forth !== "tie" || back !== "tie") tally.inconsistent += 1;
  return 0.5;
}

function limitsOf(options: JudgePairsOptions) {
  const { concurrency, timeoutMs, retries, signal, random, onProgress } = options;
  const given = { concurrency, timeoutMs, retries, signal, random, onProgress };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function withMetric(
  { header, lines }: Pick<EvalRun, "header" | "lines">,
  identity: ScorerIdentity,
  scores: ReadonlyMap<string, number | null>,
  read: (score: number) => number,
): EvalResults {
  const added = lines.map((line) => {
    const score = scores.get(taskKey(line)) ?? null;
    return { ...line, scores: { ...line.scores, [identity.metric]: score === null ? null : read(score) } };
  });
  return defineResults({ ...header, scorers: [...header.scorers, identity] }, added);
}

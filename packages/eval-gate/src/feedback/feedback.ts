import { InvalidArgumentError, type JsonValue } from "@verdigris/contracts";
import { cohenKappa } from "@verdigris/statistics";
import type { EvalSet } from "../eval-set/eval-set.ts";
import { defineResults } from "../results/define-results.ts";
import type { EvalResults, ScorerIdentity } from "../results/results.ts";
import { taskKey } from "../run/resume.ts";
import type { EvalRun } from "../run/run-evals.ts";

type Run = Pick<EvalRun, "header" | "lines">;

/** One answer for a person to look at. Nothing in it says whose it is. */
export interface FeedbackItem {
  readonly item: string;
  readonly input: JsonValue;
  readonly output: JsonValue;
}

/** Answers of several bundles, mixed, and what is needed to sort the feedback again. */
export interface FeedbackSheet {
  /** In the order they are to be shown. */
  readonly items: readonly FeedbackItem[];
  /** Whose answer an item is. Keep it from those who judge. */
  readonly key: Readonly<
    Record<string, { readonly bundle: string; readonly case: string; readonly repeat: number }>
  >;
}

/** What {@link feedbackSheet} is told. */
export interface FeedbackOptions {
  readonly set: EvalSet;
  /** Runs of that set with their outputs kept, usually one of each bundle. */
  readonly runs: readonly Run[];
  /** In [0, 1); decides the order. @default Math.random */
  readonly random?: () => number;
  /** Names an item. @default a fresh UUID */
  readonly newId?: () => string;
}

/** What one person said of one item. */
export interface Feedback {
  readonly item: string;
  readonly rater: string;
  /** In [0, 1]; a thumb is 1 or 0. */
  readonly score: number;
}

/** The answers of all runs in an order of chance, under names that say nothing: people judge blind. */
export function feedbackSheet({
  set,
  runs,
  random = Math.random,
  newId = () => crypto.randomUUID(),
}: FeedbackOptions): FeedbackSheet {
  const inputs = new Map(set.cases.map(({ id, input }) => [id, input]));
  const drawn = runs.flatMap(({ header, lines }) =>
    lines.flatMap(({ case: id, repeat = 0, output }) => {
      const input = inputs.get(id);
      if (output === undefined || input === undefined) return [];
      return [
        { item: newId(), input, output, bundle: header.bundle.digest, case: id, repeat, place: random() },
      ];
    }),
  );
  return {
    items: drawn
      .toSorted((a, b) => a.place - b.place)
      .map(({ item, input, output }) => ({ item, input, output })),
    key: Object.fromEntries(
      drawn.map(({ item, bundle, case: id, repeat }) => [item, { bundle, case: id, repeat }]),
    ),
  };
}

/** Results with people's scores among them. */
export interface FeedbackResults {
  /** One per run, in the order given: what `evaluateGate` reads, with the metric added. */
  readonly results: readonly EvalResults[];
  /** Items nobody judged: their score is absent, which is never 0. */
  readonly unjudged: number;
  /**
   * Cohen's kappa between people on items two of them judged (0.5 or more is good); null where there are none such, or where
   * all said the same of everything: agreement was never put to the test.
   */
  readonly agreement: {
    readonly kappa: number;
    readonly low: number;
    readonly high: number;
    readonly pairs: number;
  } | null;
}

/**
 * Adds people's feedback to runs as a metric of its own: the mean over the people who judged an answer. The last word of
 * a person on an item counts.
 *
 * Throws `invalid-argument` for an item that is not in the key and a score outside [0, 1].
 */
export function feedbackResults(
  runs: readonly Run[],
  key: FeedbackSheet["key"],
  feedback: readonly Feedback[],
  { metric = "human" }: { readonly metric?: string } = {},
): FeedbackResults {
  const said = wordsBy(key, feedback);
  const identity: ScorerIdentity = { metric, scorer: "human-feedback", version: "1" };
  const means = new Map<string, number>();
  let judged = 0;
  for (const [item, place] of Object.entries(key)) {
    const scores = [...(said.get(item)?.values() ?? [])];
    if (scores.length === 0) continue;
    judged += 1;
    means.set(
      `${place.bundle} ${taskKey(place)}`,
      scores.reduce((sum, score) => sum + score, 0) / scores.length,
    );
  }
  const results = runs.map(({ header, lines }) => {
    const added = lines.map((line) => {
      const score = means.get(`${header.bundle.digest} ${taskKey(line)}`) ?? null;
      return { ...line, scores: { ...line.scores, [metric]: score } };
    });
    return defineResults({ ...header, scorers: [...header.scorers, identity] }, added);
  });
  return { results, unjudged: Object.keys(key).length - judged, agreement: agreementOf(said) };
}

type Words = ReadonlyMap<string, ReadonlyMap<string, number>>;

function wordsBy(key: FeedbackSheet["key"], feedback: readonly Feedback[]): Words {
  const said = new Map<string, Map<string, number>>();
  for (const { item, rater, score } of feedback) {
    if (!Object.hasOwn(key, item))
      throw new InvalidArgumentError("feedback", `names the item ${item}, which the key does not`);
    if (!(score >= 0 && score <= 1))
      throw new InvalidArgumentError("feedback", `of item ${item} must be in [0, 1], got ${score}`);
    said.set(item, (said.get(item) ?? new Map<string, number>()).set(rater, score));
  }
  return said;
}

/** Over every pair of people on every item; a pair stands both ways round, since neither of them is the first. */
function agreementOf(said: Words): FeedbackResults["agreement"] {
  const both = [...said.values()].flatMap((words) =>
    pairsOf([...words.values()].map((score) => score >= 0.5)),
  );
  const pairs = both.length;
  const good = both.filter(([one, other]) => one && other).length;
  const mixed = both.filter(([one, other]) => one !== other).length;
  if (pairs === 0) return null;
  const { kappa, standardError } = cohenKappa([
    [2 * good, mixed],
    [mixed, 2 * (pairs - good - mixed)],
  ]);
  if (Number.isNaN(kappa)) return null;
  // Every pair stands in the table twice and is still one observation.
  const half = 1.959964 * Math.SQRT2 * standardError;
  return { kappa, low: Math.max(-1, kappa - half), high: Math.min(1, kappa + half), pairs };
}

function pairsOf<T>(values: readonly T[]): (readonly [T, T])[] {
  return values.flatMap((one, at) => values.slice(at + 1).map((other) => [one, other] as const));
}

import { InvalidArgumentError } from "@verdigris/contracts";
import { identityOf, type ScorerOptions, selected } from "../scorers/custom-scorer.ts";
import type { ScoreRequest, Scorer } from "../scorers/scorer.ts";
import { answerForm, dataWarning, type JudgeOptions, judgeIdentity, judgement, quoted } from "./ask-judge.ts";

/** One step of a rubric's scale. */
export interface RubricLevel {
  /** The word the judge chooses, such as `good`. */
  readonly name: string;
  /** In [0, 1]. */
  readonly score: number;
  /** When to choose it. */
  readonly means: string;
}

/** What {@link rubricJudge} is made from. */
export interface RubricJudgeOptions extends JudgeOptions, Pick<ScorerOptions, "select" | "version"> {
  readonly metric: string;
  /** At least two, each name once. @default `good` (1) and `bad` (0) */
  readonly levels?: readonly RubricLevel[];
}

const goodOrBad: readonly RubricLevel[] = [
  { name: "good", score: 1, means: "the answer satisfies the rubric" },
  { name: "bad", score: 0, means: "it does not" },
];

/**
 * A scorer that asks a model to place each answer on a scale of named levels. The rubric, the levels and the wording are
 * digested into its identity: results under another prompt are not compared. An answer that names no level is an error.
 *
 * Few named levels agree with people better than points out of ten. It may gate only with a card: see `calibrateJudge`.
 */
export function rubricJudge(options: RubricJudgeOptions): Scorer {
  const { metric, rubric, ask, levels = goodOrBad } = options;
  checkLevels(levels);
  const names = levels.map(({ name }) => name);
  const scale = levels.map(({ name, means }) => `- ${name}: ${means}`).join("\n");
  const template = `You judge the answer of an assistant by a rubric.\n\nRubric:\n${rubric}\n\nChoices:\n${scale}\n\n${dataWarning}\n\n`;
  const judge = judgeIdentity(options, `${template}${JSON.stringify(levels)}${answerForm(names)}`);
  const score = async (request: ScoreRequest) => {
    const { input, expected, signal, usage } = request;
    const parts = [
      quoted("question", input),
      ...(expected === undefined ? [] : [quoted("reference", expected)]),
      quoted("answer", selected(request, options) ?? null),
    ];
    const prompt = `${template}${parts.join("\n")}\n\n${answerForm(names)}`;
    const { choice, reason } = await judgement(prompt, names, { ask, signal, usage });
    return { score: levels.find(({ name }) => name === choice)?.score ?? null, reason };
  };
  return Object.freeze({
    identity: Object.freeze({ ...identityOf("rubric-judge", options), metric, judge }),
    score,
  });
}

function checkLevels(levels: readonly RubricLevel[]): void {
  const names = new Set(levels.map(({ name }) => name));
  const good = levels.every(
    ({ name, score }) => typeof name === "string" && name !== "" && score >= 0 && score <= 1,
  );
  if (!good || levels.length < 2 || names.size < levels.length) {
    throw new InvalidArgumentError("levels", "must be at least two, each name once, scores in [0, 1]");
  }
}

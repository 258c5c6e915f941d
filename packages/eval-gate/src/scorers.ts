export { type ContainsOptions, containsScorer } from "./scorers/contains-scorer.ts";
export { type CustomScorerOptions, customScorer, type ScorerOptions } from "./scorers/custom-scorer.ts";
export { exactScorer, type TextOptions } from "./scorers/exact-scorer.ts";
export {
  type AutoevalsScore,
  type AutoevalsScorer,
  type FromAutoevalsOptions,
  fromAutoevals,
} from "./scorers/from-autoevals.ts";
export { type NumericOptions, numericScorer } from "./scorers/numeric-scorer.ts";
export { type ParsingSchema, type SchemaScorerOptions, schemaScorer } from "./scorers/schema-scorer.ts";
export type { Score, ScoreRequest, Scorer } from "./scorers/scorer.ts";
export { type ToolCall, type TrajectoryOptions, trajectoryScorer } from "./scorers/trajectory-scorer.ts";

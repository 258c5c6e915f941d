export {
  type Feedback,
  type FeedbackItem,
  type FeedbackOptions,
  type FeedbackResults,
  type FeedbackSheet,
  feedbackResults,
  feedbackSheet,
} from "./feedback/feedback.ts";
export type { AskJudge, JudgeOptions, JudgeReply } from "./judge/ask-judge.ts";
export {
  type CalibrateOptions,
  type Calibration,
  calibrateJudge,
  type HumanLabel,
  judgeCard,
  type LabelledPair,
} from "./judge/calibrate-judge.ts";
export { type JudgePairsOptions, judgePairs, type PairJudgement } from "./judge/judge-pairs.ts";
export { type RubricJudgeOptions, type RubricLevel, rubricJudge } from "./judge/rubric-judge.ts";

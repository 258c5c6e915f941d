export { type BettingOptions, bettingInterval } from "./betting-interval.ts";
export {
  type BinomialPoint,
  binomialAtMost,
} from "./binomial.ts";
export {
  type BinomialEvidence,
  failureGrid,
  fastTailGrid,
  logEBinomial,
  logERestarted,
  logETailRatio,
  signGrid,
  slowTailGrid,
  type TailEvidence,
} from "./binomial-e-process.ts";
export { lastTrue } from "./bisect.ts";
export { addBets, type BetSums, costBets, divergenceBets, logEOfBets } from "./bounded-bets.ts";
export {
  type ClusteredValues,
  type ClusterIndex,
  clusteredMean,
  indexClusters,
  type MeanEstimate,
  tInterval,
  tWorse,
} from "./clustered-mean.ts";
export { effectiveSize, type WeightedSlice } from "./effective-size.ts";
export { holm } from "./holm.ts";
export { type BetaPoint, betaQuantile, betaTails, type Tails } from "./incomplete-beta.ts";
export type { Interval } from "./interval.ts";
export { cohenKappa, type Kappa } from "./kappa.ts";
export { logGamma } from "./log-gamma.ts";
export { logMeanExp, logSumExp } from "./log-sum-exp.ts";
export { type McNemar, mcnemar } from "./mcnemar.ts";
export { normalCdf, normalQuantile } from "./normal.ts";
export {
  casesNeeded,
  confirmableMargin,
  type PlanOptions,
  type RepeatedScores,
  type VarianceParts,
  varianceAt,
  varianceParts,
} from "./power.ts";
export { casesForCeiling, exactInterval, type ProportionOptions, wilsonInterval } from "./proportion.ts";
export { type SignFlip, type SignFlipOptions, signFlip } from "./sign-flip.ts";
export { tCdf, tQuantile } from "./student-t.ts";
export { type PairedCounts, tangoInterval } from "./tango.ts";
export { totalVariation, totalVariationByChance } from "./total-variation.ts";

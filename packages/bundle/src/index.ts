export { canonicalJson } from "@verdigris/contracts";
export type { BundleInput, PromptInput, ToolInput, TypedBundle } from "./bundle-input.ts";
export {
  checkPieces,
  type PieceCheck,
  type PieceDrift,
  type PieceFingerprints,
  type PieceName,
} from "./check-pieces.ts";
export {
  type BundleContent,
  type BundleContentOptions,
  type ContentKind,
  createBundleContent,
  type ResolveContent,
} from "./content/bundle-content.ts";
export { type CleanUp, cleanUpContent } from "./content/clean-up.ts";
export { type ContentStore, createContentStore } from "./content/content-store.ts";
export { contentDigests, type ReferencedPiece, referencedPieces } from "./content/referenced-pieces.ts";
export { defineBundle } from "./define-bundle.ts";
export { type BundleDiff, diffBundles, type EntryChange, type FieldChange, type Piece } from "./diff.ts";
export { digestOf, digestOfContract, type ToolContract } from "./digest.ts";
export type { GoingBack } from "./going-back.ts";
export { checkIndexVersions, indexIdentity } from "./index-identity.ts";
export type { BundleIssue } from "./issues.ts";
export { manifestOf, type ParseBundleOptions, parseBundle } from "./parse-bundle.ts";
export { adviseRollout, type RolloutAdvice, type RolloutReason } from "./rollout-advice.ts";
export type { RolloutFacts } from "./rollout-facts.ts";
export type { RiskRule, RiskWeight } from "./rollout-rules.ts";

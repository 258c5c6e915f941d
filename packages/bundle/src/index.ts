export type { BundleInput, PromptInput, ToolInput, TypedBundle } from "./bundle-input.ts";
export { canonicalJson } from "./canonical-json.ts";
export { defineBundle } from "./define-bundle.ts";
export { type BundleDiff, diffBundles, type EntryChange, type FieldChange, type Piece } from "./diff.ts";
export { digestOf, digestOfContract, type ToolContract } from "./digest.ts";
export { checkIndexVersions, indexIdentity } from "./index-identity.ts";
export type { BundleIssue } from "./issues.ts";
export { manifestOf, type ParseBundleOptions, parseBundle } from "./parse-bundle.ts";

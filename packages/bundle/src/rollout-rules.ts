import { InvalidArgumentError, type JsonObject } from "@verdigris/contracts";
import type { EntryChange, Piece } from "./diff.ts";
import type { RolloutFacts } from "./rollout-facts.ts";

/** How far a change can reach: everything the evals see, a part they may miss, or more than one part at once. */
export type RiskWeight = "small" | "subset" | "high";

/** The rules for one entry, as the README lists them. */
export type RiskRule =
  | "dirty-build"
  | "guardrails"
  | "build"
  | "commit-only"
  | "new-entry"
  | "removed-entry"
  | "floating"
  | "restructure"
  | "prompt-edit"
  | "version-only"
  | "model-swap"
  | "model-settings"
  | "model-notes"
  | "embedding-swap"
  | "index-kind"
  | "index-patch"
  | "index-contents"
  | "contract-with-effects"
  | "contract"
  | "tool-patch"
  | "tool-version"
  | "tool-notes";

/** The weight of one change, by which rule, and why in words. */
export interface Risk {
  readonly rule: RiskRule;
  readonly weight: RiskWeight;
  readonly text: string;
}

type Rule = readonly [
  pieces: readonly Piece[],
  rule: RiskRule,
  weight: RiskWeight,
  when: (change: EntryChange, facts: RolloutFacts) => boolean,
  text: string,
];

const restructureShare = 0.3;

const named: readonly Piece[] = ["prompts", "models", "indexes", "tools"];
const code: readonly Piece[] = ["code"];
const prompts: readonly Piece[] = ["prompts"];
const models: readonly Piece[] = ["models"];
const indexes: readonly Piece[] = ["indexes"];
const tools: readonly Piece[] = ["tools"];

/** Heaviest first, and the first rule that fits an entry decides; every piece ends in a rule that fits what is left. */
const rules: readonly Rule[] = [
  [tools, "contract-with-effects", "high", contractWithEffects, "has effects and another contract"],

  [named, "new-entry", "subset", isAdded, "is new: only the runs that use it can show what it does"],
  [named, "removed-entry", "subset", isRemoved, "is gone: only the runs that needed it can show the loss"],
  [code, "dirty-build", "subset", isDirty, "holds uncommitted changes that nobody can look up"],
  [code, "guardrails", "subset", touches("guardrails"), "has other guardrails, which only some inputs meet"],
  [prompts, "restructure", "subset", isRestructured, "is a major restructure"],
  [models, "model-swap", "subset", touches("provider", "name", "snapshot"), "is a model swap"],
  [models, "model-settings", "subset", touches("settings"), "has other settings"],
  [indexes, "embedding-swap", "subset", touches("embedding"), "is embedded by another model"],
  [indexes, "index-kind", "subset", touches("kind"), "went from snapshot to live or back"],
  [indexes, "index-contents", "subset", isRefilled, "has other contents, which only some questions meet"],
  [tools, "contract", "subset", touches("contract"), "has another contract"],
  [tools, "tool-version", "subset", isMoreThanPatch, "is more than a patch under the same contract"],
  [named, "floating", "subset", becomesFloating, "may now move under its name"],

  [code, "build", "small", touches("build"), "is another build"],
  [code, "commit-only", "small", always, "has another commit and the same build"],
  [prompts, "prompt-edit", "small", touches("digest"), "is an edit of the text"],
  [prompts, "version-only", "small", always, "has the same text under another version"],
  [models, "model-notes", "small", always, "is the same model with other notes on it"],
  [indexes, "index-patch", "small", touches("digest"), "has a patch version of its contents"],
  [indexes, "version-only", "small", always, "has the same contents under another version"],
  [tools, "tool-patch", "small", touches("version"), "is a patch version under the same contract"],
  [tools, "tool-notes", "small", always, "is the same version with other notes on it"],
];

/** The first rule that fits `change`. */
export function riskOf(change: EntryChange, facts: RolloutFacts): Risk {
  for (const [pieces, rule, weight, when, text] of rules) {
    if (pieces.includes(change.piece) && when(change, facts)) return { rule, weight, text };
  }
  throw new InvalidArgumentError(
    "diff",
    `holds a change of ${change.piece}, which is none of the five pieces`,
  );
}

function always(): boolean {
  return true;
}

function isAdded(change: EntryChange): boolean {
  return change.kind === "added";
}

function isRemoved(change: EntryChange): boolean {
  return change.kind === "removed";
}

/** True when one of the members, or something inside it, differs. */
function touches(...members: readonly string[]): (change: EntryChange) => boolean {
  return ({ fields }) =>
    fields.some(({ path }) => members.some((member) => path === member || path.startsWith(`${member}.`)));
}

function becomesFloating({ fields }: EntryChange): boolean {
  return fields.some(({ path, to }) => path === "allowFloating" && to === true);
}

function isDirty({ after }: EntryChange): boolean {
  return after?.dirty === true;
}

function isRestructured(change: EntryChange, { promptShare }: RolloutFacts): boolean {
  if (touches("kind")(change)) return true;
  if (!touches("digest")(change)) return false;
  const share = typeof promptShare === "object" ? ownShare(promptShare, change.entry) : promptShare;
  if (share !== undefined) return share >= restructureShare;
  const before = partsOf(change.before);
  const after = partsOf(change.after);
  return before !== null && after !== null && before[0] !== after[0];
}

function ownShare(shares: Readonly<Record<string, number>>, entry: string): number | undefined {
  return Object.hasOwn(shares, entry) ? shares[entry] : undefined;
}

function isPatch(change: EntryChange): boolean {
  const before = partsOf(change.before);
  const after = partsOf(change.after);
  if (before === null || after === null) return false;
  return before[0] === after[0] && before[1] === after[1] && before[2] !== after[2];
}

function isRefilled(change: EntryChange): boolean {
  return touches("digest")(change) && !isPatch(change);
}

function isMoreThanPatch(change: EntryChange): boolean {
  return touches("version")(change) && !isPatch(change);
}

function contractWithEffects(change: EntryChange, { toolsWithEffects }: RolloutFacts): boolean {
  if (change.kind !== "changed" || !touches("contract")(change)) return false;
  return toolsWithEffects?.includes(change.entry) ?? false;
}

/** Major, minor and the rest; null for what is no `1.2.3`: `3` and `2025-10-01` promise nothing by a step. */
function partsOf(entry: JsonObject | null): readonly string[] | null {
  return /^v?(\d+)\.(\d+)\.(\d.*)$/.exec(String(entry?.version))?.slice(1) ?? null;
}

import type { BundleDiff, Piece } from "./diff.ts";
import { printable } from "./diff-text.ts";
import { type GoingBack, goingBackFrom } from "./going-back.ts";
import { checkFacts, type RolloutFacts } from "./rollout-facts.ts";
import { type RiskRule, type RiskWeight, riskOf } from "./rollout-rules.ts";

/** One reason for the advice. */
export interface RolloutReason {
  /** `null`, with a null entry, for what concerns the release as a whole. */
  readonly piece: Piece | null;
  readonly entry: string | null;
  /** Which rule of the table in the README gave it. */
  readonly rule: RiskRule | "unproven" | "together" | "code-and-model" | "memory-schema";
  /** `small` asks for blue-green, `subset` for a canary, `high` for both. */
  readonly weight: RiskWeight;
  readonly text: string;
}

/** How to bring a change to users, why, and what the way back needs. */
export interface RolloutAdvice {
  /** `none`: there is nothing to roll out. */
  readonly rollout: "none" | "blue-green" | "canary" | "canary-then-blue-green";
  /** In the order of the diff, then what concerns the release as a whole. */
  readonly reasons: readonly RolloutReason[];
  /** One line per changed entry, in the order of the diff, then the agent's memory. */
  readonly goingBack: readonly GoingBack[];
  /** All of it for people. */
  readonly text: string;
}

/**
 * The rollout that fits `diff`: blue-green for small changes, a canary for what may regress on a subset only, both for
 * high risk, `none` where the five pieces are the same. The same diff and facts always give the same frozen advice.
 *
 * Throws `invalid-argument` for a share outside 0 to 1 and for a `today` that is no day.
 */
export function adviseRollout(diff: BundleDiff, facts: RolloutFacts = {}): RolloutAdvice {
  checkFacts(facts);
  if (!diff.changed) {
    const text = "none: the five pieces are the same, there is nothing to roll out.";
    return Object.freeze({
      rollout: "none",
      reasons: Object.freeze([]),
      goingBack: Object.freeze([]),
      text,
    });
  }
  const each = diff.changes.map((change): RolloutReason => {
    return { piece: change.piece, entry: change.entry, ...riskOf(change, facts) };
  });
  const reasons = [...each, ...wholeReasons(diff, each, facts)].map((reason) => Object.freeze(reason));
  const goingBack = goingBackFrom(diff, facts).map((line) => Object.freeze(line));
  const rollout = rolloutFor(reasons);
  return Object.freeze({
    rollout,
    reasons: Object.freeze(reasons),
    goingBack: Object.freeze(goingBack),
    text: adviceText(rollout, reasons, goingBack),
  });
}

function rolloutFor(reasons: readonly RolloutReason[]): Exclude<RolloutAdvice["rollout"], "none"> {
  const weights = new Set(reasons.map(({ weight }) => weight));
  if (weights.has("high")) return "canary-then-blue-green";
  return weights.has("subset") ? "canary" : "blue-green";
}

function wholeReasons(
  diff: BundleDiff,
  each: readonly RolloutReason[],
  facts: RolloutFacts,
): RolloutReason[] {
  const whole = { piece: null, entry: null };
  const found: RolloutReason[] = [];
  const risky = [...new Set(each.filter(({ weight }) => weight !== "small").map(({ piece }) => piece))];
  const rebuilt = diff.changes.some(({ fields }) => fields.some(({ path }) => path === "build"));
  if (risky.length > 1) {
    const text = `${risky.join(" and ")} change together: a regression could come from either, or from both at once`;
    found.push({ ...whole, rule: "together", weight: "high", text });
  }
  if (
    rebuilt &&
    each.some(({ piece, rule }) => piece === "models" && (rule === "model-swap" || rule === "new-entry"))
  ) {
    const text = "code and a model change together: the new code was never seen with the old model";
    found.push({ ...whole, rule: "code-and-model", weight: "high", text });
  }
  if (facts.memorySchemaChanges === true) {
    const text =
      "the schema of the agent's memory changes: what the new bundle writes, the old one cannot read";
    found.push({ ...whole, rule: "memory-schema", weight: "high", text });
  }
  if (facts.decisiveEvals === false) {
    const text = "the evals are not decisive: a small share of traffic has to show what they cannot";
    found.push({ ...whole, rule: "unproven", weight: "subset", text });
  } else if (facts.decisiveEvals === undefined && risky.length === 0 && found.length === 0) {
    const text = "blue-green rests on decisive evals; where they are not, take a canary";
    found.push({ ...whole, rule: "unproven", weight: "small", text });
  }
  return found;
}

function adviceText(
  rollout: RolloutAdvice["rollout"],
  reasons: readonly RolloutReason[],
  goingBack: readonly GoingBack[],
): string {
  const why = reasons.map(({ piece, entry, text }) => `  ${placeOf(piece, entry)}${text}`);
  const back = goingBack.map(({ piece, entry, text }) => `  ${placeOf(piece, entry)}${text}`);
  return [`${rollout}, because`, ...why, "going back", ...back].map(printable).join("\n");
}

function placeOf(piece: string | null, entry: string | null): string {
  if (piece === null) return "";
  return piece === entry || entry === null ? `${piece}: ` : `${piece}.${entry}: `;
}

import { InvalidArgumentError, type Signal } from "@verdigris/contracts";
import { createCutArms, restartMs } from "./evidence/arms.ts";
import type { Look, Rule } from "./rules/rule.ts";

/** What judges one bundle by some rules, look after look. */
export type Judge = (look: Look) => readonly Signal[];

/**
 * Creates what judges one bundle. The signals depend on the look alone: what is remembered between looks saves work and changes
 * nothing, so evidence can be replayed from its cohorts. Throws `invalid-argument` for two rules of one name.
 */
export function createJudge(rules: readonly Rule[]): Judge {
  checkNames(rules);
  const cut = createCutArms();
  const judges = rules.map((rule) => rule.judge(cut));
  return (look) => {
    // An object of its own: what was cut of it is shared by all rules and by no other look.
    const recent = { ...look, since: countedSince(look.since, look.at, look.bakeMs) };
    return judges.map((judge) => Object.freeze(judge(recent)));
  };
}

/** Evidence after the bake is that of the last two hours: what is older is not looked at. */
export function countedSince(since: number, at: number, bakeMs: number): number {
  const most = bakeMs + 13 * restartMs;
  const over = at - since - most;
  return over <= 0 ? since : since + Math.ceil(over / restartMs) * restartMs;
}

/** Throws `invalid-argument` for no rule and for two of one name. */
export function checkNames(rules: readonly Rule[]): void {
  const names = rules.map(({ name }) => name);
  if (names.length === 0) throw new InvalidArgumentError("rules", "must hold at least one rule");
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined)
    throw new InvalidArgumentError("rules", `must have names of their own, got ${twice} twice`);
}

import type { Signal } from "@verdigris/contracts";
import type { Cohort } from "../windows/cohort.ts";
import { type RateRuleOptions, rateRule } from "./rate-rule.ts";
import { checkRule, type Look, type Rule, requireOption } from "./rule.ts";

/** Options of {@link eventRate}. */
export interface EventRateOptions extends RateRuleOptions {
  readonly name: string;
  /** The event as it is noted on runs. @default the rule's name */
  readonly event?: string;
}

/** Alarms when a yes-or-no event of the caller's own (a refusal, an escalation, a retry) comes more often than on the baseline. */
export function eventRate(options: EventRateOptions): Rule {
  const { name, event = name } = options;
  const rate = ({ events }: Cohort): { hits: number; n: number } => events.get(event) ?? { hits: 0, n: 0 };
  return rateRule({ ...options, name, noun: event, watched: rate, reference: rate });
}

/** What a rule of the caller's own says. */
export type CustomFinding = Pick<Signal, "status" | "reason"> &
  Partial<Omit<Signal, "name" | "bundle" | "baseline" | "at" | "status" | "reason">>;

/**
 * A rule of the caller's own. It is called at every look, so its error rate is its own business: use {@link eventRate} where
 * a count tells. What it throws is a `watching` signal with the reason, never an alarm.
 */
export function custom(options: {
  readonly name: string;
  readonly evaluate: (look: Look) => CustomFinding;
}): Rule {
  const { name, evaluate } = options;
  checkRule(name, 0.01);
  requireOption(typeof evaluate === "function", "evaluate", "must be a function");
  return {
    name,
    judge:
      () =>
      (look): Signal => ({
        ...{ value: null, reference: null, ratio: null, limit: 0, unit: "", n: 0, referenceN: 0 },
        ...{ needed: null, interval: null, evidence: null },
        ...asked(evaluate, look),
        ...{ name, bundle: look.bundle, baseline: look.baseline, at: look.at },
      }),
  };
}

function asked(evaluate: (look: Look) => CustomFinding, look: Look): CustomFinding {
  try {
    return evaluate(look);
  } catch (error) {
    return {
      status: "watching",
      reason: `the rule threw: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
}

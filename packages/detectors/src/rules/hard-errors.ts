import { type Cohort, endedOf, membersOf } from "../windows/cohort.ts";
import { type RateRuleOptions, rateRule } from "./rate-rule.ts";
import type { Rule } from "./rule.ts";

/**
 * Alarms when runs fail or hang: at least `least` of them in the window, more than `tolerated` and than `ratio` times the
 * baseline's rate, beyond chance. Counts from the first run on, cold caches or not, and needs no error on the baseline.
 */
export function hardErrors(options: RateRuleOptions = {}): Rule {
  const errorsOf = ({ failed, expired }: Cohort): number => failed + expired;
  return rateRule({
    ...options,
    name: options.name ?? "hard-errors",
    noun: "hard errors",
    watched: (cohort) => ({ hits: errorsOf(cohort), n: membersOf(cohort) }),
    reference: (cohort) => ({ hits: errorsOf(cohort), n: endedOf(cohort) }),
  });
}

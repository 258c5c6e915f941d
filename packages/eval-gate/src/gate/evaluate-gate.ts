import {
  InvalidArgumentError,
  isPlainObject,
  systemClock,
  type Verdict,
  verdictExitCode,
} from "@verdigris/contracts";
import type { ArmRef, GateEvidence, GateNote, GateReason } from "../evidence/evidence.ts";
import { sealEvidence } from "../evidence/seal.ts";
import type { GatePolicy } from "../policy/policy.ts";
import type { EvalResults } from "../results/results.ts";
import { againReasons, readAgain } from "./baseline-again.ts";
import { type Comparison, scoresOf } from "./comparison.ts";
import type { GateOptions } from "./gate-options.ts";
import { type ComparedFindings, judgeMetrics } from "./judge-metrics.ts";
import { alphaOf, checkLook, recordLook } from "./look.ts";
import { checkMustPass } from "./must-pass.ts";
import { boundRareEvents } from "./rare-events.ts";
import { note, reason } from "./remarks.ts";
import { checkScorers, scorersOf } from "./scorer-identity.ts";
import { selectHeldOut } from "./select-cases.ts";
import { type Weighing, weighCases } from "./weigh.ts";

/**
 * The verdict on `candidate`, with everything it stands on. In this order: is it the same question (`incomparable`), was it
 * measured (`error`), does the set cover production, is every metric no worse than the baseline by more than its margin and
 * not under its floor, is no critical slice worse, did every must-pass case pass. Pure but for the clock: the same input
 * gives the same findings.
 *
 * Data that cannot be judged gives a verdict, never an exception. Throws `invalid-argument` for misuse: what
 * `defineEvalSet`, `definePolicy` and the readers of results did not make.
 */
export function evaluateGate(options: GateOptions): GateEvidence {
  requireOptions(options);
  const { set, candidate, policy, previous, clock = systemClock } = options;
  const baseline = isResults(options.baseline) ? options.baseline : null;
  const alpha = alphaOf(policy);
  const scorers = checkScorers(policy, baseline, candidate);
  const selected = selectHeldOut({ set, baseline, candidate, policy, prompts: options.prompts });
  const { comparison } = selected;
  const early = [
    ...baselineReasons(options, baseline),
    ...checkLook({ previous, set, policy, baseline, candidate }),
    ...scorers.reasons,
    ...againReasons({ ...options, baseline }),
    ...selected.reasons,
  ];
  if (early.length === 0 && comparison.cases.length === 0) {
    early.push(reason("nothing-to-judge", "no case is left to judge on"));
  }
  const findings = early.length > 0 ? nothingFound : judge(options, comparison, baseline, alpha);
  const reasons = [...early, ...findings.reasons].sort(
    (a, b) => order.indexOf(a.verdict) - order.indexOf(b.verdict),
  );
  const verdict = verdictOf(reasons);
  const notes = [...generalNotes(options, baseline), ...scorers.notes, ...selected.notes, ...findings.notes];
  const at = clock.now();
  const baselineResults = baseline?.digest ?? null;
  const look = { at, verdict, set: set.digest, candidateResults: candidate.digest, baselineResults, alpha };
  return sealEvidence({
    v: 1,
    kind: "gate-evidence",
    verdict,
    exitCode: verdictExitCode(verdict),
    summary: summarize(options, { baseline, verdict, reasons, cases: comparison.cases.length }),
    reasons,
    notes,
    at,
    set: { name: set.name, version: set.version, digest: set.digest, cases: set.cases.length },
    baseline: baseline === null ? null : armOf(baseline),
    candidate: armOf(candidate),
    policy,
    scorers: scorersOf(policy, candidate),
    qualityAxis: qualityAxis(policy),
    compared: {
      cases: comparison.cases.length,
      clusters: comparison.clusters?.count ?? comparison.cases.length,
      repeats: repeatRange(comparison),
      added: selected.added.slice(0, 100),
      leftOut: selected.leftOut.slice(0, 100),
    },
    coverage: findings.coverage,
    metrics: findings.metrics,
    rareEvents: findings.rareEvents,
    slices: findings.slices,
    mustPass: findings.mustPass,
    looks: recordLook(previous?.evidence, look),
  });
}

type Findings = ComparedFindings &
  Pick<GateEvidence, "rareEvents" | "mustPass" | "notes"> &
  Pick<Weighing, "coverage">;

const nothingFound: Findings = {
  metrics: [],
  slices: [],
  reasons: [],
  rareEvents: [],
  mustPass: { checked: 0, failed: [] },
  notes: [],
  coverage: null,
};

function judge(
  options: GateOptions,
  comparison: Comparison,
  baseline: EvalResults | null,
  alpha: number,
): Findings {
  const { set, candidate, policy } = options;
  const weighing = weighCases(comparison.cases, options.production, policy);
  const again = readAgain({ ...options, baseline }, comparison);
  const compared = judgeMetrics({
    comparison,
    strata: weighing.strata,
    policy,
    alpha,
    again: again.scores,
    runCost: meanCost([baseline, candidate]),
  });
  const rareEvents = policy.metrics.flatMap((metric) =>
    metric.kind === "rare-event"
      ? [boundRareEvents(metric, comparison.cases, scoresOf(comparison.candidate, metric.metric), alpha)]
      : [],
  );
  const mustPass = checkMustPass(set, candidate, policy);
  const reasons = [
    ...weighing.reasons,
    ...compared.reasons,
    ...rareEvents.flatMap(({ verdict, text, metric, cases }) => {
      if (verdict === "pass") return [];
      const code = verdict === "fail" ? "over-ceiling" : "ceiling-not-confirmed";
      return [reason(code, text, { metric, cases: cases.cases })];
    }),
    ...mustPass.reasons,
  ];
  const within = compared.metrics.filter(
    ({ verdict, adjustedP }) => verdict === "pass" && (adjustedP ?? 1) <= alpha,
  );
  return {
    metrics: compared.metrics,
    slices: compared.slices,
    rareEvents,
    mustPass: mustPass.finding,
    coverage: weighing.coverage,
    reasons,
    notes: [
      ...weighing.notes,
      ...again.notes,
      ...within.map(({ text, metric, slice }) =>
        note("worse-within-margin", text, slice === null ? { metric } : { metric, slice }),
      ),
    ],
  };
}

const order: readonly Exclude<Verdict, "pass">[] = ["error", "incomparable", "fail", "inconclusive"];

function verdictOf(reasons: readonly GateReason[]): Verdict {
  return order.find((verdict) => reasons.some((found) => found.verdict === verdict)) ?? "pass";
}

function baselineReasons(
  { baseline, policy, set }: GateOptions,
  results: EvalResults | null,
): readonly GateReason[] {
  if (results !== null) return [];
  if (baseline !== "first-bundle") {
    const text = "there are no results of the baseline: run it, or say that this is the first bundle";
    return [reason("no-baseline", text)];
  }
  const bounded = policy.metrics.some((metric) => metric.kind === "rare-event" || metric.floor !== undefined);
  if (bounded || set.cases.some(({ mustPass }) => mustPass)) return [];
  return [
    reason(
      "nothing-to-judge",
      "a first bundle is judged by floors, ceilings and must-pass cases, and there are none",
    ),
  ];
}

function generalNotes(options: GateOptions, baseline: EvalResults | null): readonly GateNote[] {
  const notes: GateNote[] = [];
  if (qualityAxis(options.policy) === "none") {
    const text =
      "no quality axis: nobody looks for answers that are correct in form and less helpful; add a judge or human feedback";
    notes.push(note("no-quality-axis", text));
  }
  if (options.baseline === "first-bundle") {
    notes.push(
      note("first-bundle", "the first bundle has no baseline: floors, ceilings and must-pass cases only"),
    );
  }
  if (baseline !== null && baseline.header.bundle.digest === options.candidate.header.bundle.digest) {
    notes.push(note("same-bundle", "baseline and candidate are the same bundle: this measures the noise"));
  }
  return notes;
}

function qualityAxis({ metrics }: GatePolicy): GateEvidence["qualityAxis"] {
  const by = new Set(metrics.flatMap((metric) => (metric.kind === "quality" ? [metric.by] : [])));
  if (by.has("judge")) return by.has("human") ? "judge-and-human" : "judge";
  return by.has("human") ? "human" : "none";
}

function summarize(
  { set, candidate, policy }: GateOptions,
  found: {
    readonly baseline: EvalResults | null;
    readonly verdict: Verdict;
    /** Those that ask for the verdict first. */
    readonly reasons: readonly GateReason[];
    readonly cases: number;
  },
): string {
  const name = ({ header }: EvalResults): string =>
    `${header.bundle.id} (${header.bundle.digest.slice(7, 19)})`;
  const against = found.baseline === null ? "without a baseline" : `against ${name(found.baseline)}`;
  const why = found.reasons[0]?.text ?? "every metric holds";
  const quality = qualityAxis(policy) === "none" ? "; no quality axis" : "";
  return `${found.verdict}: ${name(candidate)} ${against}, ${set.name} ${set.version}, ${found.cases} cases: ${why}${quality}`;
}

function armOf({ header, digest }: EvalResults): ArmRef {
  const { bundle, startedAt, runner } = header;
  return { bundle, results: digest, startedAt, ...(runner === undefined ? {} : { runner }) };
}

function repeatRange({ candidate }: Comparison): { readonly least: number; readonly most: number } {
  // Every metric has as many repeats.
  const [{ starts } = { starts: new Int32Array(1) }] = candidate.values();
  let [least, most] = [Number.POSITIVE_INFINITY, 0];
  for (let at = 1; at < starts.length; at++) {
    const repeats = (starts[at] ?? 0) - (starts[at - 1] ?? 0);
    least = Math.min(least, repeats);
    most = Math.max(most, repeats);
  }
  return { least: most === 0 ? 0 : least, most };
}

function meanCost(arms: readonly (EvalResults | null)[]): number | null {
  let [sum, count] = [0, 0];
  for (const arm of arms) {
    for (const { repeats } of arm?.cases.values() ?? []) {
      for (const { cost } of repeats) {
        if (cost === null) continue;
        sum += cost;
        count += 1;
      }
    }
  }
  return count === 0 ? null : sum / count;
}

function isResults(value: unknown): value is EvalResults {
  return isPlainObject(value) && value.cases instanceof Map && isPlainObject(value.header);
}

function requireOptions(options: GateOptions): void {
  if (!isPlainObject(options)) throw new InvalidArgumentError("options", "must be an object");
  const { set, candidate, policy, baseline, baselineAgain } = options;
  if (!isPlainObject(set) || !Array.isArray(set.cases)) {
    throw new InvalidArgumentError("set", "must be an eval set: pass what defineEvalSet returned");
  }
  if (!isResults(candidate)) {
    throw new InvalidArgumentError(
      "candidate",
      "must be results: pass what readResults or defineResults returned",
    );
  }
  if (!isPlainObject(policy) || typeof policy.digest !== "string") {
    throw new InvalidArgumentError("policy", "must be a policy: pass what definePolicy returned");
  }
  if (baselineAgain === undefined) return;
  if (!isResults(baselineAgain) || !isResults(baseline)) {
    throw new InvalidArgumentError("baselineAgain", "must be results, beside results of the baseline");
  }
  if (baselineAgain.header.bundle.digest !== baseline.header.bundle.digest) {
    throw new InvalidArgumentError("baselineAgain", "must be results of the baseline's own bundle");
  }
  if (baselineAgain.digest === baseline.digest) {
    throw new InvalidArgumentError("baselineAgain", "must be another run than the baseline's own results");
  }
}

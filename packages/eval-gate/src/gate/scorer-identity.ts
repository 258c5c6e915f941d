import type { GateNote, GateReason } from "../evidence/evidence.ts";
import type { JudgeIdentity } from "../policy/judge-card.ts";
import type { GatePolicy, MetricPolicy, QualityMetric } from "../policy/policy.ts";
import type { EvalResults, ScorerIdentity } from "../results/results.ts";
import { note, number, reason } from "./remarks.ts";

const wantedLabels = 100;

/** Whether every metric of the policy was scored, by the same scorer and judge on both bundles, and by one fit to gate. */
export function checkScorers(
  policy: GatePolicy,
  baseline: EvalResults | null,
  candidate: EvalResults,
): { readonly reasons: readonly GateReason[]; readonly notes: readonly GateNote[] } {
  const reasons: GateReason[] = [];
  const notes: GateNote[] = [];
  for (const metric of policy.metrics) {
    const scorer = scorerOf(candidate, metric.metric);
    const before = baseline === null ? scorer : scorerOf(baseline, metric.metric);
    if (scorer === undefined || (before === undefined && metric.kind !== "rare-event")) {
      const who = scorer === undefined ? "candidate" : "baseline";
      const text = `no scorer of the ${who} writes ${metric.metric}, which the policy asks for`;
      reasons.push(reason("metric-unmeasured", text, { metric: metric.metric }));
      continue;
    }
    if (before !== undefined && metric.kind !== "rare-event") reasons.push(...differing(before, scorer));
    if (metric.kind === "quality") reasons.push(...judgeReasons(metric, scorer));
    notes.push(...judgeNotes(metric, scorer, candidate));
  }
  return { reasons, notes };
}

/** Why a second run of the baseline is no measure of its noise: other scorers or judges gave its scores. */
export function checkAgain(
  policy: GatePolicy,
  baseline: EvalResults,
  again: EvalResults,
): readonly GateReason[] {
  return policy.metrics.flatMap(({ kind, metric }) => {
    const [before, now] = [scorerOf(baseline, metric), scorerOf(again, metric)];
    if (kind === "rare-event" || before === undefined) return [];
    if (now === undefined) {
      const text = `no scorer of the second run of the baseline writes ${metric}: score it, or leave that run out`;
      return [reason("metric-unmeasured", text, { metric })];
    }
    return differing(before, now, "second run of the baseline");
  });
}

function scorerOf({ header }: EvalResults, metric: string): ScorerIdentity | undefined {
  return header.scorers.find((scorer) => scorer.metric === metric);
}

function differing(
  before: ScorerIdentity,
  now: ScorerIdentity,
  arm: "candidate" | "second run of the baseline" = "candidate",
): readonly GateReason[] {
  const about = { metric: now.metric };
  if (before.scorer !== now.scorer || before.version !== now.version) {
    const text = `${now.metric} was scored by ${before.scorer} ${before.version} on the baseline and ${now.scorer} ${now.version} on the ${arm}: score one of them again`;
    return [reason("scorer-changed", text, about)];
  }
  if (judgeText(before.judge) === judgeText(now.judge)) return [];
  const text = `${now.metric} was judged by ${judgeText(before.judge)} on the baseline and ${judgeText(now.judge)} on the ${arm}: judge one of them again`;
  return [reason("judge-changed", text, about)];
}

function judgeReasons(metric: QualityMetric, { judge }: ScorerIdentity): readonly GateReason[] {
  const about = { metric: metric.metric };
  if (metric.by === "human") {
    if (judge === undefined) return [];
    return [
      reason(
        "judge-changed",
        `${metric.metric} was scored by a model where the policy asks for people`,
        about,
      ),
    ];
  }
  const card = metric.judge;
  if (judge === undefined || !isSameJudge(card, judge)) {
    const text = `${metric.metric} was judged by ${judgeText(judge)}, and the policy holds the card of ${judgeText(card)}: measure the judge that is used`;
    return [reason("judge-changed", text, about)];
  }
  const kappaFloor = metric.kappaFloor ?? 0.4;
  if (card.kappa.low >= kappaFloor && card.sensitivity + card.specificity > 1) return [];
  const text = `the judge of ${metric.metric} agrees with people too little to gate: kappa is at least ${number(card.kappa.low)}, ${number(kappaFloor)} is asked for`;
  return [reason("judge-below-kappa", text, about)];
}

function judgeNotes(
  metric: MetricPolicy,
  { judge }: ScorerIdentity,
  { header }: EvalResults,
): readonly GateNote[] {
  const about = { metric: metric.metric };
  const notes: GateNote[] = [];
  if (judge !== undefined && header.bundle.models?.includes(judge.model) === true) {
    const text = `${judge.model} judges ${metric.metric} and is a model of the candidate: it judges itself`;
    notes.push(note("judge-is-candidate", text, about));
  }
  if (metric.kind === "quality" && metric.by === "judge" && metric.judge.labels < wantedLabels) {
    const text = `the judge of ${metric.metric} was measured on ${metric.judge.labels} labels; ${wantedLabels} are asked for`;
    notes.push(note("judge-few-labels", text, about));
  }
  return notes;
}

function isSameJudge(card: JudgeIdentity, judge: JudgeIdentity): boolean {
  const [agreed, used] = [card.prompt.digest, judge.prompt.digest];
  const sameText = agreed === undefined || used === undefined || agreed === used;
  return card.model === judge.model && card.prompt.version === judge.prompt.version && sameText;
}

function judgeText(judge: JudgeIdentity | undefined): string {
  if (judge === undefined) return "no judge";
  const { version, digest } = judge.prompt;
  return `${judge.model} with prompt ${version}${digest === undefined ? "" : ` ${digest.slice(0, 15)}`}`;
}

/** Sensitivity + specificity - 1: what a true change shrinks to in this metric's scores; 1 where no judge stands between. */
export function shrinkage(metric: MetricPolicy): number {
  if (metric.kind !== "quality" || metric.by !== "judge") return 1;
  return metric.judge.sensitivity + metric.judge.specificity - 1;
}

/** The scorers of the policy's metrics, sorted by metric. */
export function scorersOf(policy: GatePolicy, { header }: EvalResults): readonly ScorerIdentity[] {
  const asked = new Set(policy.metrics.map(({ metric }) => metric));
  return header.scorers
    .filter(({ metric }) => asked.has(metric))
    .toSorted((a, b) => (a.metric < b.metric ? -1 : 1));
}

import { isPlainObject } from "@verdigris/contracts";
import { createIssueList, type IssueList, isName, isShare } from "../checks.ts";
import { digestOfJson } from "../digest.ts";
import { checkJudge } from "../results/define-results.ts";
import type { CoveragePolicy, CriticalSlice, GatePolicy, GatePolicyInput, MetricPolicy } from "./policy.ts";

type Fields = Readonly<Record<string, unknown>>;

const policyMembers = new Set([
  "metrics",
  "alpha",
  "critical",
  "coverage",
  "looks",
  "strict",
  "maxUnmeasured",
  "sliceDrop",
]);
const metricMembers: Readonly<Record<MetricPolicy["kind"], ReadonlySet<string>>> = {
  "pass-rate": new Set(["kind", "metric", "margin", "floor", "passAt"]),
  quality: new Set(["kind", "metric", "margin", "floor", "by", "judge", "kappaFloor"]),
  "rare-event": new Set(["kind", "metric", "ceiling", "okAt"]),
};

const coverageDefaults: Required<CoveragePolicy> = {
  maxDistance: 0.15,
  maxUncovered: 0.05,
  minShare: 0.02,
  minRatio: 0.5,
  minCases: 5,
  minRuns: 200,
  onFail: "fail",
  required: false,
};

/**
 * A checked, frozen policy with every default written out, and its digest: agree on it, and note the digest, before results
 * exist. The order of metrics and slices does not count.
 *
 * Throws `policy-invalid`; `details.issues` lists `{ path, problem }`: no metric, a metric twice, a margin of 0 or below,
 * a critical slice with a margin for a metric the policy does not compare, an unknown member.
 */
export function definePolicy(input: GatePolicyInput): GatePolicy {
  const issues = createIssueList();
  const given: Fields = isPlainObject(input) ? input : {};
  issues.need(isPlainObject(input), "", "must be an object");
  issues.unknown(given, policyMembers, "");
  const { alpha = 0.05, looks = 1, strict = false, maxUnmeasured = 0, sliceDrop = 0.1 } = given;
  issues.need(isWithin(alpha, 0.5), "alpha", "must be above 0 and at most 0.5");
  issues.need(looks === 1 || looks === 2, "looks", "must be 1 or 2");
  issues.need(typeof strict === "boolean", "strict", "must be true or false");
  issues.need(isShare(maxUnmeasured), "maxUnmeasured", "must be in [0, 1]");
  issues.need(isWithin(sliceDrop, 1), "sliceDrop", "must be above 0 and at most 1");
  const metrics = listOf(given.metrics, "metrics", issues).flatMap((entry, at) =>
    checkMetric(entry, `metrics.${at}`, issues),
  );
  issues.need(metrics.length > 0, "metrics", "must hold at least one metric");
  refuseRepeats(
    "metrics",
    metrics.map(({ metric }) => metric),
    issues,
  );
  const critical = checkCritical(given.critical, metrics, issues);
  const coverage = checkCoverage(given.coverage, issues);
  issues.settle("policy-invalid", "policy");
  const policy = {
    v: 1 as const,
    metrics: metrics.toSorted((a, b) => (a.metric < b.metric ? -1 : 1)),
    alpha: alpha as number,
    critical: critical.toSorted((a, b) => (a.slice < b.slice ? -1 : 1)),
    coverage,
    looks: looks as 1 | 2,
    strict: strict as boolean,
    maxUnmeasured: maxUnmeasured as number,
    sliceDrop: sliceDrop as number,
  };
  return Object.freeze({ ...policy, digest: digestOfJson(policy) });
}

function isWithin(value: unknown, most: number): value is number {
  return typeof value === "number" && value > 0 && value <= most;
}

function listOf(value: unknown, path: string, issues: IssueList): readonly unknown[] {
  if (Array.isArray(value)) return value;
  issues.need(value === undefined, path, "must be a list");
  return [];
}

function refuseRepeats(path: string, names: readonly string[], issues: IssueList): void {
  for (const name of new Set(names.filter((other, at) => names.indexOf(other) < at)))
    issues.add(path, `name ${JSON.stringify(name)} twice`);
}

function checkMetric(entry: unknown, path: string, issues: IssueList): MetricPolicy[] {
  const given: Fields = isPlainObject(entry) ? entry : {};
  const known = metricMembers[given.kind as MetricPolicy["kind"]];
  issues.need(isName(given.metric), `${path}.metric`, "must name a metric");
  if (known === undefined) {
    issues.add(`${path}.kind`, "must be pass-rate, quality or rare-event");
    return [];
  }
  issues.unknown(given, known, path);
  if (given.kind === "rare-event") {
    issues.need(isWithin(given.ceiling, 0.5), `${path}.ceiling`, "must be above 0 and at most 0.5");
    const okAt = given.okAt ?? 1;
    issues.need(isWithin(okAt, 1), `${path}.okAt`, "must be above 0 and at most 1");
    return [frozen({ ...given, okAt })];
  }
  issues.need(isWithin(given.margin, 1), `${path}.margin`, "must be above 0 and at most 1");
  issues.need(given.floor === undefined || isShare(given.floor), `${path}.floor`, "must be in [0, 1]");
  if (given.kind === "quality") return [checkQuality(given, path, issues)];
  const passAt = given.passAt ?? 1;
  issues.need(isWithin(passAt, 1), `${path}.passAt`, "must be above 0 and at most 1");
  return [frozen({ ...given, passAt })];
}

function checkQuality(given: Fields, path: string, issues: IssueList): MetricPolicy {
  if (given.by === "human") {
    issues.need(given.judge === undefined, `${path}.judge`, "must be left out where people judge");
    return frozen({ ...given });
  }
  issues.need(given.by === "judge", `${path}.by`, "must be judge or human");
  const kappaFloor = given.kappaFloor ?? 0.4;
  issues.need(isWithin(kappaFloor, 1), `${path}.kappaFloor`, "must be above 0 and at most 1");
  checkJudge(given.judge, `${path}.judge`, issues);
  const card: Fields = isPlainObject(given.judge) ? given.judge : {};
  const kappa: Fields = isPlainObject(card.kappa) ? card.kappa : {};
  issues.need(Number.isSafeInteger(card.labels), `${path}.judge.labels`, "must count the labelled cases");
  for (const part of ["estimate", "low", "high"])
    issues.need(isKappa(kappa[part]), `${path}.judge.kappa.${part}`, "must be in [-1, 1]");
  for (const part of ["sensitivity", "specificity"])
    issues.need(isShare(card[part]), `${path}.judge.${part}`, "must be in [0, 1]");
  return frozen({ ...given, kappaFloor });
}

function isKappa(value: unknown): boolean {
  return typeof value === "number" && value >= -1 && value <= 1;
}

/** A copy without undefined members; the checks around it have made sure of its shape. */
function frozen(fields: Fields): MetricPolicy {
  const present = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.freeze(structuredClone(Object.fromEntries(present))) as unknown as MetricPolicy;
}

function checkCritical(
  value: unknown,
  metrics: readonly MetricPolicy[],
  issues: IssueList,
): readonly CriticalSlice[] {
  const compared = new Set(metrics.filter(({ kind }) => kind !== "rare-event").map(({ metric }) => metric));
  const list = listOf(value, "critical", issues).map((entry, at): CriticalSlice => {
    const path = `critical.${at}`;
    const given: Fields = isPlainObject(entry) ? entry : {};
    issues.unknown(given, new Set(["slice", "margins"]), path);
    issues.need(isName(given.slice), `${path}.slice`, "must name a slice");
    const margins: Fields = isPlainObject(given.margins) ? given.margins : {};
    issues.need(Object.keys(margins).length > 0, `${path}.margins`, "must hold a margin per metric");
    for (const [metric, margin] of Object.entries(margins)) {
      issues.need(
        compared.has(metric),
        `${path}.margins.${metric}`,
        "is no metric that this policy compares",
      );
      issues.need(isWithin(margin, 1), `${path}.margins.${metric}`, "must be above 0 and at most 1");
    }
    return { slice: given.slice as string, margins: { ...margins } as Record<string, number> };
  });
  refuseRepeats(
    "critical",
    list.map(({ slice }) => slice),
    issues,
  );
  return list;
}

function checkCoverage(value: unknown, issues: IssueList): Required<CoveragePolicy> {
  const given: Fields = isPlainObject(value) ? value : {};
  issues.need(value === undefined || isPlainObject(value), "coverage", "must be an object");
  issues.unknown(given, new Set(Object.keys(coverageDefaults)), "coverage");
  const present = Object.fromEntries(Object.entries(given).filter(([, member]) => member !== undefined));
  const merged: Fields = { ...coverageDefaults, ...present };
  for (const share of ["maxDistance", "maxUncovered", "minShare", "minRatio"])
    issues.need(isWithin(merged[share], 1), `coverage.${share}`, "must be above 0 and at most 1");
  for (const count of ["minCases", "minRuns"])
    issues.need(
      Number.isSafeInteger(merged[count]) && (merged[count] as number) >= 1,
      `coverage.${count}`,
      "must be a whole number from 1",
    );
  issues.need(
    merged.onFail === "fail" || merged.onFail === "post-stratify",
    "coverage.onFail",
    "must be fail or post-stratify",
  );
  issues.need(typeof merged.required === "boolean", "coverage.required", "must be true or false");
  return merged as unknown as Required<CoveragePolicy>;
}

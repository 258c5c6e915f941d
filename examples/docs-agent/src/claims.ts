import type { GateEvidence } from "@verdigris/eval-gate";
import type { DemoReport } from "./report.ts";

/** Something the demo says it shows. */
export interface Claim {
  readonly claim: string;
  readonly held: boolean;
}

/** Checks what the demo says against what it saw. */
export function claimsOf(report: DemoReport): readonly Claim[] {
  return [
    ...gateClaims(report),
    ...switchClaims(report),
    ...detectorClaims(report),
    ...memoryClaims(report),
    ...recordClaims(report),
  ];
}

function releaseOf({ releases }: DemoReport, bundle: string) {
  return releases.find((release) => release.bundle.id === bundle);
}

function stoppedBy(evidence: GateEvidence): boolean {
  const overall = evidence.metrics.find(({ slice }) => slice === null);
  return (
    (overall?.difference ?? 0) > 0 &&
    overall?.verdict === "pass" &&
    evidence.verdict === "fail" &&
    evidence.reasons.every(({ slice }) => slice === "natural")
  );
}

/** With fewer questions no gate can decide, and must not pretend to. */
function gateClaims(report: DemoReport): readonly Claim[] {
  const { evals, allQuestions } = report;
  const stopped = (bundle: string): boolean => releaseOf(report, bundle)?.outcome?.kind === "halted";
  const green3 = releaseOf(report, "green3");
  if (!allQuestions)
    return [
      {
        claim: "with few questions green1 and green2 get no further than their evals",
        held: stopped("green1") && stopped("green2"),
      },
      {
        claim: "a gate of green3 that could not tell was passed over by a person, on record",
        held: (green3?.skipped ?? []).every(({ by }) => by.kind === "person"),
      },
    ];
  const found = (bundle: string): GateEvidence | undefined =>
    evals.find(({ candidate }) => candidate.bundle.id === bundle);
  return [
    ...["green1", "green2"].map((bundle) => {
      const evidence = found(bundle);
      return {
        claim: `${bundle} is right more often than blue; its release is halted for questions in plain words alone`,
        held: evidence !== undefined && stoppedBy(evidence) && stopped(bundle),
      };
    }),
    {
      claim: "green3 passed smoke, evals and shadow; nobody passed over anything",
      held:
        (["smoke", "evals", "shadow"] as const).every((gate) => green3?.gates[gate]?.verdict === "pass") &&
        green3?.skipped.length === 0,
    },
  ];
}

function switchClaims({ canary, paused, drill, ...report }: DemoReport): readonly Claim[] {
  const { firstStart, stale, starts, inFlightFinishedOn, by, at } = report.switch;
  return [
    { claim: "in the canary no key saw both bundles", held: canary.runs > 0 && canary.changedSides === 0 },
    {
      claim: "the switch was made while another process drove the release",
      held: at >= by.from && at <= by.to,
    },
    { claim: "the first start after the switch was on green3", held: firstStart.bundle === "green3" },
    { claim: `none of ${starts} starts after the switch was stale`, held: starts > 0 && stale === 0 },
    {
      claim: "every run of blue under way at the switch finished on blue",
      held: inFlightFinishedOn.every((bundle) => bundle === "blue"),
    },
    {
      claim: "the paused run was taken up by another process and finished on blue, while green3 was live",
      held: paused.bundle === "blue" && paused.finishedOn === "blue" && paused.liveMeanwhile === "green3",
    },
    { claim: "the drill kept its budget and saw the last run go", held: drill.ok && drill.drained },
  ];
}

function detectorClaims({ slow, same, dear, tool, rollback }: DemoReport): readonly Claim[] {
  const alarms = ({ signals }: DemoReport["releases"][number]): readonly string[] =>
    Object.entries(signals).flatMap(([name, { status }]) => (status === "alarm" ? [name] : []));
  const { outcome } = slow.release;
  return [
    {
      claim: "green4 was rolled back by latency-regression, past whose gates a person had shipped it",
      held:
        outcome?.kind === "rolled-back" &&
        outcome.by.id === "signal:latency-regression" &&
        slow.release.skipped.every(({ by }) => by.kind === "person"),
    },
    {
      claim: "green5, the same pieces, had as many runs for as long, and no alarm",
      held:
        same.runs >= slow.runs &&
        same.watchedMs >= slow.watchedMs &&
        alarms(same.release).length === 0 &&
        same.caughtMs === null,
    },
    {
      claim: "green6 was held by cost-regression",
      held: dear.caughtMs !== null && alarms(dear.release).includes("cost-regression"),
    },
    {
      claim: "a person took green6 back to green5",
      held: rollback.outcome === "rolled-back" && rollback.to === "green5",
    },
    {
      claim: "a tool that renamed a field of its answer is breaking drift, and was none before",
      held:
        tool.before.length === 0 &&
        tool.after.some(({ class: kind }) => kind === "breaking") &&
        tool.signal.status === "alarm",
    },
  ];
}

function memoryClaims({ memory, shadow, writes, slow }: DemoReport): readonly Claim[] {
  const sides = shadow === null ? [] : Object.values(shadow.divergence.fidelity);
  const stopped = sides.reduce((sum, { recorded, refused }) => sum + recorded + refused, 0);
  return [
    {
      claim: "shadow runs wanted to write and none did: they were answered from the recording, or refused",
      held: stopped > 0 && Object.keys(writes).every((kind) => kind === "live" || kind === "canary"),
    },
    {
      claim:
        "after the rollback green3 reads its memory as if green4 had never run, and what it wrote meanwhile",
      held:
        slow.release.outcome?.kind === "rolled-back" &&
        memory.asIfNever &&
        memory.takenBack > 0 &&
        memory.leftOver === 0 &&
        memory.ownMeanwhile > 0,
    },
  ];
}

function recordClaims({ bundles, spending, rollbacks, auditOk }: DemoReport): readonly Claim[] {
  const billed = (bundle: string): number =>
    Number(
      spending.find(({ bundle: of, traffic }) => of === bundle && traffic === "production")?.cost ??
        Number.NaN,
    );
  return [
    {
      claim: "both rollbacks made new runs safe within five minutes",
      held: rollbacks.length === 2 && rollbacks.every(({ safeMs }) => safeMs !== null && safeMs < 300_000),
    },
    {
      claim: "the ledger in the store and the events of the runs agree on the cost of every bundle",
      held: bundles.every(({ bundle, cost }) => Math.abs(billed(bundle) - cost) < 1e-9),
    },
    { claim: "the audit of every move hangs together", held: auditOk },
  ];
}

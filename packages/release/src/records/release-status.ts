import type { Digest, ReleasePhase, ReleaseRecord, Route } from "@verdigris/contracts";
import { type DeniedBundle, readDenyList } from "../back/deny-list.ts";
import { type DrillReport, lastGoodDrill } from "../back/drill-records.ts";
import { judgeTarget, type TargetHealth } from "../back/rollback-target.ts";
import { evidenceDigest, isGatePhase, isUnderWay, phaseAfter, phasesOf, unclear } from "../machine/record.ts";
import { durationText } from "../plan/duration.ts";
import { readLease } from "./lease.ts";
import { loadCurrent, loadRelease } from "./release-store.ts";
import type { World } from "./world.ts";

/** What the on-call sees first. */
export interface ReleaseStatus {
  readonly agent: string;
  /** Store time of this answer. */
  readonly at: number;
  readonly route: Route | null;
  /** The release under way, or the last one; null where there was none. */
  readonly release: ReleaseRecord | null;
  readonly phases: readonly ReleasePhase[];
  /** What the release waits for, in words; empty when it has ended and nothing is left to do. */
  readonly waitingFor: readonly string[];
  /** What an approver has to name; null without a release. */
  readonly evidence: Digest | null;
  /** The bundle a rollback would go to now, and how well it stands. */
  readonly target: TargetHealth | null;
  readonly driver: { readonly id: string | null; readonly seenAgoMs: number | null };
  /** Bundles off the route that cannot be recycled yet. */
  readonly unrecycled: number;
  readonly lastGoodDrill: DrillReport | null;
  readonly denied: readonly DeniedBundle[];
  /** What somebody should look at, in words. */
  readonly warnings: readonly string[];
}

/** Off-route bundles that cannot be recycled yet: a start is refused at so many, and says so from half of them on. */
export const mostUnrecycled = 75;

/** A driver not seen for so long is missed. */
const driverMissedMs = 30_000;

function phaseWait(release: ReleaseRecord, at: number): readonly string[] {
  const { phase, plan, outbox } = release;
  const asked = outbox.flatMap((effect) => (effect.kind === "gate" ? [`the gate ${effect.gate}`] : []));
  const calls = outbox.flatMap((effect) =>
    effect.kind === "hook" ? [`the hook ${effect.when} ${effect.phase}`] : [],
  );
  const moves = outbox.flatMap((effect) =>
    effect.kind === "move" ? [`${effect.move.verb} of the route`] : [],
  );
  const busy = [...asked, ...calls, ...moves];
  if (busy.length > 0 || isGatePhase(phase)) return busy;
  const until = (since: number | null, ms: number): string[] =>
    since !== null && at < since + ms ? [`${durationText(since + ms - at)} more of ${phase}`] : [];
  const signals = unclear(release).map((name) => `the signal ${name} to be clear`);
  if (phase === "canary") {
    const step = plan.canary.steps[release.canaryStep];
    return [...until(release.canarySince, step?.forMs ?? 0), ...signals];
  }
  if (phase === "quarantine") return [...until(release.switch?.at ?? null, plan.quarantineMs), ...signals];
  if (phase === "draining") return ["the last runs on blue"];
  return phase === "recycled" ? ["blue to be recycled"] : ["processes to apply the switch"];
}

/** What a release waits for at a store time, in words. Pure. */
export function waitsFor(release: ReleaseRecord, at: number): readonly string[] {
  const { outcome, held, rollback, outbox } = release;
  if (outcome !== null) {
    const gone =
      rollback !== null && rollback.lastRunGoneAt === null ? ["the last run on the bad bundle"] : [];
    return [...outbox.map(({ kind, key }) => `${kind} (${key})`), ...gone];
  }
  if (held !== null) return [`${held.by.id}, who holds it: ${held.why}`];
  if (release.awaitingApprovalSince !== null)
    return [`an approval of ${phaseAfter(release) ?? release.phase}`];
  return phaseWait(release, at);
}

function warningsOf(status: Omit<ReleaseStatus, "warnings">): string[] {
  const { release, driver, unrecycled, target, route } = status;
  const found: string[] = [];
  if (
    release !== null &&
    isUnderWay(release) &&
    (driver.seenAgoMs === null || driver.seenAgoMs > driverMissedMs)
  ) {
    const seen = driver.seenAgoMs === null ? "never" : `${durationText(driver.seenAgoMs)} ago`;
    found.push(
      `no driver was seen for 30 s (last: ${seen}): timers and signals stand still; rollback works all the same`,
    );
  }
  if (unrecycled * 2 >= mostUnrecycled)
    found.push(
      `${unrecycled} bundles cannot be recycled yet; at ${mostUnrecycled} no release is started: see what holds them`,
    );
  if (
    target !== null &&
    (target.health === "failed" || target.health === "stale") &&
    route?.live !== route?.stable
  )
    found.push(`the way back is in doubt: ${target.text}`);
  // Of a release that is over, history tells.
  if (release === null || release.outcome !== null) return found;
  for (const { gate, by, reason } of release.skipped)
    found.push(`${gate} was passed over by ${by.id}: ${reason}`);
  if (release.plan.withoutSignals !== null)
    found.push(`nothing watches its traffic: ${release.plan.withoutSignals}`);
  return found;
}

/** Reads where the agent's release, its way back and its driver stand. With an id: of that release. */
export async function readStatus(world: World, id?: string): Promise<ReleaseStatus> {
  const route = (await world.router.refresh())?.route ?? null;
  const stored = id === undefined ? (await loadCurrent(world)).current : await loadRelease(world, id);
  const release = stored?.record ?? null;
  const at = await world.time();
  const lease = await readLease(world);
  const nodes = await world.router.nodes();
  const { denied, unreadable } = await readDenyList(world);
  const status = {
    agent: world.agent,
    at,
    route,
    release,
    phases: release === null ? [] : phasesOf(release),
    waitingFor: release === null ? [] : waitsFor(release, at),
    evidence: release === null ? null : evidenceDigest(release),
    target: route === null ? null : judgeTarget(route.stable, nodes, release?.wayBack ?? null, at),
    driver: { id: lease?.driver || null, seenAgoMs: lease?.ageMs ?? null },
    unrecycled: route?.retiring.length ?? 0,
    lastGoodDrill: await lastGoodDrill(world),
    denied,
  };
  const unread = unreadable.map(
    (key) => `${key} cannot be read: its bundle stays denied, and nobody can say why`,
  );
  return { ...status, warnings: [...warningsOf(status), ...unread] };
}

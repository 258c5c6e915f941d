import { type BundleRef, isVerdigrisError, type ReleaseRecord } from "@verdigris/contracts";
import type { ReleasePorts } from "../drive/ports.ts";
import { durationText } from "../plan/duration.ts";
import { registeredBundle, type World } from "../records/world.ts";
import { readDenied } from "./deny-list.ts";
import { lastGoodDrill } from "./drill-records.ts";
import { judgeTarget } from "./rollback-target.ts";

/** One thing looked at before the switch, and whether it leaves a way back. */
export interface WayBackFinding {
  readonly code: "registered" | "denied" | "health" | "state" | "rollback-safe" | "drill";
  readonly ok: boolean;
  readonly text: string;
}

/** Whether a rollback would work if it were needed now. */
export interface WayBackCheck {
  readonly ok: boolean;
  readonly findings: readonly WayBackFinding[];
}

function finding(code: WayBackFinding["code"], ok: boolean, text: string): WayBackFinding {
  return { code, ok, text };
}

/** Whether a bundle may take new runs. */
export async function notDenied(world: World, { id }: BundleRef): Promise<WayBackFinding> {
  const denied = await readDenied(world, id);
  return finding(
    "denied",
    denied === null,
    denied === null ? `${id} may go live` : `${id} is denied: ${denied.why}`,
  );
}

async function registered(world: World, { id, digest }: BundleRef): Promise<WayBackFinding> {
  const found = await registeredBundle(world, id).catch((error: unknown) => {
    if (!isVerdigrisError(error, "bundle-unknown")) throw error;
    return null;
  });
  const same = found?.digest === digest;
  return finding("registered", same, `${id} is ${same ? "on record" : "not on record as it was"}`);
}

/** Looks at everything a rollback from `bundle` to `target` would need. */
export async function checkWayBack(
  world: World,
  ports: Pick<ReleasePorts, "state">,
  release: Pick<ReleaseRecord, "bundle" | "plan" | "wayBack">,
  target: BundleRef,
): Promise<WayBackCheck> {
  const { bundle, plan, wayBack } = release;
  const at = await world.time();
  const health = judgeTarget(target.id, await world.router.nodes(), wayBack, at);
  const findings = [
    await registered(world, target),
    await notDenied(world, target),
    finding("health", health.health === "ok" || health.health === "unknown", health.text),
  ];
  if (!plan.rollbackSafe)
    findings.push(
      finding("rollback-safe", true, `${bundle.id} is not safe to roll back: it would be frozen`),
    );
  else if (ports.state !== undefined) {
    const readable = await ports.state.canRead(target.id, bundle.id);
    const text = `${target.id} can${readable ? "" : "not"} read what ${bundle.id} writes`;
    findings.push(finding("state", readable, text));
  }
  if (plan.drillWithinMs !== null) {
    const drill = await lastGoodDrill(world);
    const ok = drill !== null && at - drill.at <= plan.drillWithinMs;
    const said =
      drill === null ? "there is no good drill" : `the last good drill is ${durationText(at - drill.at)} old`;
    findings.push(
      finding("drill", ok, `${said}, and the plan asks for one within ${durationText(plan.drillWithinMs)}`),
    );
  }
  return { ok: findings.every(({ ok }) => ok), findings };
}

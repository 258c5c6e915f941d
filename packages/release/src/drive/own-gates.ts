import type {
  BundleRef,
  GateAnswer,
  GateContext,
  JsonValue,
  NodeView,
  ReleaseRecord,
} from "@verdigris/contracts";
import { readDenied } from "../back/deny-list.ts";
import { lastGoodDrill } from "../back/drill-records.ts";
import { judgeTarget } from "../back/rollback-target.ts";
import { durationText } from "../plan/duration.ts";
import type { World } from "../records/world.ts";
import type { ReleasePorts } from "./ports.ts";

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

/** Looks at everything a rollback from `bundle` to `target` would need. */
export async function checkWayBack(
  world: World,
  ports: ReleasePorts,
  release: Pick<ReleaseRecord, "bundle" | "plan" | "wayBack">,
  target: BundleRef,
): Promise<WayBackCheck> {
  const { bundle, plan, wayBack } = release;
  const at = await world.time();
  const health = judgeTarget(target.id, await world.router.nodes(), wayBack, at);
  const denied = await readDenied(world, target.id);
  const findings = [
    finding(
      "denied",
      denied === null,
      denied === null ? `${target.id} may go live` : `${target.id} is denied: ${denied.why}`,
    ),
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

/** The gate before the switch: passes when there is a way back. */
export async function wayBackGate(
  world: World,
  ports: ReleasePorts,
  release: ReleaseRecord,
  { keep }: Pick<GateContext, "keep">,
): Promise<GateAnswer> {
  if (release.baseline === null)
    return { verdict: "error", summary: "there is no bundle to go back to", evidence: null };
  const check = await checkWayBack(world, ports, release, release.baseline);
  const evidence = await keep(check as unknown as JsonValue);
  const wrong = check.findings.filter(({ ok }) => !ok).map(({ text }) => text);
  const summary = wrong.length === 0 ? check.findings.map(({ text }) => text).join("; ") : wrong.join("; ");
  return { verdict: check.ok ? "pass" : "fail", summary, evidence };
}

/** What the processes say of a candidate that was staged: they load what the route names. */
function standing(nodes: readonly NodeView[], bundle: string): Pick<GateAnswer, "verdict" | "summary"> {
  const living = nodes.filter((node) => !node.expired && node.readable);
  const loads = living.filter((node) => Object.keys(node.warm).length > 0);
  const checks = living.flatMap((node) =>
    node.warm[bundle] === undefined ? [] : [{ node, ...node.warm[bundle] }],
  );
  const bad = checks.find(({ ok }) => !ok);
  if (bad !== undefined)
    return { verdict: "fail", summary: `${bundle} could not be loaded by ${bad.node.name ?? bad.node.id}` };
  if (checks.length > 0)
    return { verdict: "pass", summary: `${bundle} stands in ${checks.length} of ${living.length} processes` };
  if (loads.length > 0) return { verdict: "error", summary: `no process has loaded ${bundle} yet` };
  return { verdict: "pass", summary: `unverified: no process says what it has loaded` };
}

/** The gate of the first phase: the bundle stands where bundles are loaded, and the host's own gate agrees. */
export async function builtGate(
  world: World,
  ports: ReleasePorts,
  context: GateContext,
): Promise<GateAnswer> {
  const { bundle, keep } = context;
  const own = await ports.gates?.built?.(context);
  if (own !== undefined && own.verdict !== "pass") return own;
  const found = standing(await world.router.nodes(), bundle.id);
  const evidence = await keep({ ...found, own: own?.evidence ?? null });
  const summary = own === undefined ? found.summary : `${found.summary}; ${own.summary}`;
  return { ...found, summary, evidence };
}

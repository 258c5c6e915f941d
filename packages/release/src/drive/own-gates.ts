import type { GateAnswer, GateContext, JsonValue, NodeView, ReleaseRecord } from "@verdigris/contracts";
import { checkWayBack, notDenied } from "../back/check-way-back.ts";
import type { World } from "../records/world.ts";
import type { ReleasePorts } from "./ports.ts";

/** The gate before the switch: passes when there is a way back. */
export async function wayBackGate(
  world: World,
  ports: ReleasePorts,
  release: ReleaseRecord,
  { keep }: Pick<GateContext, "keep">,
): Promise<GateAnswer> {
  if (release.baseline === null)
    return { verdict: "error", summary: "there is no bundle to go back to", evidence: null };
  const back = await checkWayBack(world, ports, release, release.baseline);
  // Somebody may have denied the candidate since it was started.
  const findings = [await notDenied(world, release.bundle), ...back.findings];
  const wrong = findings.filter(({ ok }) => !ok);
  const evidence = await keep({ ok: wrong.length === 0, findings } as unknown as JsonValue);
  const summary = (wrong.length === 0 ? findings : wrong).map(({ text }) => text).join("; ");
  return { verdict: wrong.length === 0 ? "pass" : "fail", summary, evidence };
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
  const allowed = await notDenied(world, bundle);
  if (!allowed.ok) return { verdict: "fail", summary: allowed.text, evidence: await keep({ ...allowed }) };
  const own = await ports.gates?.built?.(context);
  if (own !== undefined && own.verdict !== "pass") return own;
  const found = standing(await world.router.nodes(), bundle.id);
  const evidence = await keep({ ...found, own: own?.evidence ?? null });
  const summary = own === undefined ? found.summary : `${found.summary}; ${own.summary}`;
  return { ...found, summary, evidence };
}

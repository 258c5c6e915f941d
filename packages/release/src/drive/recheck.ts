import type { ReleaseRecord } from "@verdigris/contracts";
import { judgeTarget } from "../back/rollback-target.ts";
import type { World } from "../records/world.ts";
import { bounded, messageOf } from "./bounded.ts";
import { gateContext, type Outcome } from "./carry-out.ts";
import type { ReleasePorts } from "./ports.ts";

const smokeMs = 10 * 60_000;

/** Smokes the bundle a rollback goes to, and looks where it stands: an instant way back that was never tried is a hope. */
export async function recheckBlue(
  world: World,
  ports: ReleasePorts,
  release: ReleaseRecord,
  stop: AbortSignal,
): Promise<Outcome | null> {
  const { baseline } = release;
  if (baseline === null) return null;
  try {
    const health = judgeTarget(baseline.id, await world.router.nodes(), null, await world.time());
    const smoke = ports.gates?.smoke;
    if (health.health === "failed" || health.health === "stale" || smoke === undefined)
      return {
        type: "rechecked",
        ok: health.health === "ok" || health.health === "unknown",
        summary: health.text,
      };
    const attempt = `${release.id}.recheck.${await world.time()}`;
    const answer = await bounded(world.clock, smokeMs, "the smoke of blue", stop, (signal) =>
      smoke(
        gateContext(world, release, { gate: "smoke", attempt, signal, bundle: baseline, baseline: null }),
      ),
    );
    return { type: "rechecked", ok: answer.verdict === "pass", summary: answer.summary };
  } catch (error) {
    return { type: "rechecked", ok: false, summary: messageOf(error) };
  }
}

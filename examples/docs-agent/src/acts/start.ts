import type { ReleasePlan, ReleaseRecord } from "@verdigris/release";
import { describeBundle } from "../bundles.ts";
import type { Candidate } from "../candidates.ts";
import { followRelease, readRelease } from "../follow.ts";
import type { Stage } from "../stage.ts";

/** How a candidate is started. */
export interface Starting {
  readonly plan: ReleasePlan;
  readonly reason: string;
  /** Why the release before it may be settled while its signals are still watching. */
  readonly handOver?: string;
}

/** Registers a candidate, gives it its layer of the memory, and puts its release on record. */
export async function startRelease(
  stage: Stage,
  candidate: Candidate,
  { plan, reason, handOver }: Starting,
): Promise<ReleaseRecord> {
  const { verdigris, releases, notebook, materials } = stage;
  const bundle = describeBundle(candidate, materials);
  await verdigris.register(bundle);
  const { route } = await verdigris.status();
  await notebook.branch(bundle.id, route?.live ?? null);
  const why = handOver === undefined ? {} : { handOver };
  return releases.start({ id: `release-${bundle.id}`, bundle: bundle.id, plan, reason, ...why });
}

/**
 * Follows a release to `phase`. With fewer questions a gate may find that it cannot tell; then a person passes over it,
 * and that is on record. With all of them nobody does.
 */
export async function followTo(
  stage: Stage,
  id: string,
  phase: ReleaseRecord["phase"],
): Promise<ReleaseRecord> {
  for (;;) {
    const release = await followRelease(stage, id, (now) => now.phase === phase);
    const { held, outcome } = release;
    const undecided = outcome === null && held?.because === "verdict" && !stage.allQuestions;
    if (!undecided || (release.phase !== "evals" && release.phase !== "shadow")) return release;
    const reason = "too few questions for a verdict: this is a short run of the demo";
    await stage.releases.skip({ release: id, gate: release.phase, reason });
    stage.view.line(`   ${release.phase.padEnd(9)} passed over: ${reason}`);
    if (release.phase === phase) return readRelease(stage, id);
  }
}

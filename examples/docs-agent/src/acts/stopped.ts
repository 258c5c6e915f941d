import type { ReleaseRecord } from "@verdigris/release";
import type { Candidate } from "../candidates.ts";
import { followRelease, settled, standingOf } from "../follow.ts";
import { releasePlan } from "../plan.ts";
import type { Stage } from "../stage.ts";
import { startRelease } from "./start.ts";

/** Starts the release of a candidate that its evals will not let through, and says where it ended. */
export async function stoppedRelease(stage: Stage, candidate: Candidate): Promise<ReleaseRecord> {
  const { view, releases } = stage;
  view.line(`   ${view.paint("bold", candidate.id)}: ${candidate.idea}`);
  const { id } = await startRelease(stage, candidate, { plan: releasePlan, reason: candidate.idea });
  const there = await followRelease(stage, id, ({ phase }) => phase === "shadow");
  if (there.outcome === null)
    await releases.abort({ release: id, reason: "nobody could say that it is no worse" });
  const ended = await settled(stage, id);
  view.line(`   ${view.paint("red", standingOf(ended))}`);
  return ended;
}

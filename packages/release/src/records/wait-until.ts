import {
  InvalidArgumentError,
  pause,
  type ReleaseOutcome,
  type ReleasePhase,
  type ReleaseRecord,
  VerdigrisError,
} from "@verdigris/contracts";
import { hasReached, phasesOf } from "../machine/record.ts";

import { loadRelease } from "./release-store.ts";
import type { World } from "./world.ts";

const outcomes: readonly string[] = ["completed", "halted", "rolled-back", "superseded", "handed-over"];

function isOutcome(goal: ReleasePhase | ReleaseOutcome): goal is ReleaseOutcome {
  return outcomes.includes(goal);
}

/** True when the goal is reached, false while it may be; throws when it cannot be any more. */
function isThere(release: ReleaseRecord, goal: ReleasePhase | ReleaseOutcome): boolean {
  const { outcome, id } = release;
  if (isOutcome(goal) ? outcome?.kind === goal : outcome === null && hasReached(release, goal))
    return goal !== "switched" || release.switch !== null;
  if (outcome === null) return false;
  const passed =
    !isOutcome(goal) &&
    (outcome.kind === "completed" || outcome.kind === "handed-over") &&
    phasesOf(release).includes(goal);
  if (passed) return true;
  throw new VerdigrisError(
    "release-refused",
    `${id} ended before it was ${goal}: ${outcome.kind}, ${outcome.why}`,
    {
      release: id,
      refusal: "ended",
      outcome: outcome.kind,
    },
  );
}

/** Waits for a release to reach a phase or an outcome; one look every `pollMs`. */
export async function waitUntil(
  world: World,
  id: string,
  goal: ReleasePhase | ReleaseOutcome,
  options: { readonly signal?: AbortSignal; readonly pollMs?: number },
): Promise<ReleaseRecord> {
  const { pollMs = 1_000, signal } = options;
  if (!(pollMs >= 10 && pollMs <= 60_000))
    throw new InvalidArgumentError("pollMs", `must be 10 to 60000, got ${pollMs}`);
  for (;;) {
    signal?.throwIfAborted();
    const stored = await loadRelease(world, id);
    if (stored === null)
      throw new VerdigrisError("release-unknown", `${world.agent} has no release ${id}`, { release: id });
    if (isThere(stored.record, goal)) return stored.record;
    await pause(world.clock, pollMs, signal);
  }
}

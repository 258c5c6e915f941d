import { setTimeout as pause } from "node:timers/promises";
import type { ReleaseRecord } from "@verdigris/release";
import { excerpt } from "./progress.ts";
import type { Stage } from "./stage.ts";

/** Reads a release as it stands in the store. */
export async function readRelease({ releases }: Stage, id: string): Promise<ReleaseRecord> {
  const { release } = await releases.status({ release: id });
  if (release === null) throw new Error(`there is no release ${id}`);
  return release;
}

/** Follows a release until `there`, its end, or somebody has to decide; shows every verdict. */
export async function followRelease(
  stage: Stage,
  id: string,
  there: (release: ReleaseRecord) => boolean,
): Promise<ReleaseRecord> {
  for (;;) {
    stage.signal.throwIfAborted();
    const release = await readRelease(stage, id);
    showGates(release, stage);
    if (there(release) || release.outcome !== null || release.held !== null) return release;
    await pause(100, undefined, { signal: stage.signal });
  }
}

/** Waits until nothing is left to be done for a release that has ended. */
export async function settled(stage: Stage, id: string): Promise<ReleaseRecord> {
  for (;;) {
    const release = await readRelease(stage, id);
    const { outcome, outbox, rollback } = release;
    const waits = outcome === null || outbox.length > 0 || (rollback && rollback.lastRunGoneAt === null);
    if (!waits) return release;
    await pause(100, undefined, { signal: stage.signal });
  }
}

function showGates({ gates }: ReleaseRecord, { shown, view }: Stage): void {
  for (const [gate, { id, verdict, summary }] of Object.entries(gates)) {
    if (verdict === null || shown.has(id)) continue;
    shown.add(id);
    const said = view.paint(verdict === "pass" ? "green" : "red", verdict);
    view.line(`   ${gate.padEnd(9)} ${said}: ${excerpt(summary, 160)}`);
  }
}

/** How a release stands, in one line. */
export function standingOf({ phase, outcome, held }: ReleaseRecord): string {
  if (outcome !== null) return `${outcome.kind}: ${outcome.why}`;
  return held === null ? `in ${phase}` : `held in ${phase} by ${held.by.id}: ${held.why}`;
}

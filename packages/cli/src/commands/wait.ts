import type { ReleaseOutcome, ReleasePhase } from "@verdigris/contracts";
import type { Session } from "../open/session.ts";
import { type Part, withProgress } from "../terminal/progress.ts";
import { done } from "./release.ts";

/** Waits until the release has reached a phase or ended, showing how far it has come. */
export async function waitForRelease(
  session: Session,
  phase: string,
  { release, everyMs }: { readonly release?: string; readonly everyMs: number },
): Promise<number> {
  const { io, json } = session;
  const onCall = await session.onCall();
  const of = release === undefined ? {} : { release };
  const look = async (): Promise<Part | null> => {
    const { release: record, waitingFor, phases } = await onCall.status(of);
    if (record === null) return null;
    const waits = waitingFor.length === 0 ? "" : `, waits for ${waitingFor.join("; ")}`;
    const beside = `${record.bundle.id} in ${record.phase}${waits}`;
    return { done: phases.indexOf(record.phase), total: phases.length - 1, what: "phases", beside };
  };
  const target = phase as ReleasePhase | ReleaseOutcome;
  const waiting = onCall.waitUntil(target, { ...of, signal: io.signal, pollMs: everyMs });
  return done(session, await withProgress(io, json, { everyMs, look }, waiting));
}

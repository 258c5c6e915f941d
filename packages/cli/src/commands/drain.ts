import type { DrainReport } from "verdigris";
import { CliError } from "../cli-error.ts";
import { exitCode } from "../exit-code.ts";
import type { Session } from "../open/session.ts";
import { pause } from "../terminal/pause.ts";
import { createProgress } from "../terminal/progress.ts";
import { until } from "../terminal/time.ts";

/** What `drain` is told. */
export interface DrainAsked {
  /** How long to wait at most. */
  readonly waitMs: number;
  readonly everyMs: number;
}

function requireClosed(session: Session, { bundle, status }: DrainReport): void {
  if (status === "unknown") throw new CliError("usage", `${session.agent} knows no bundle ${bundle}`);
  // New runs keep coming to these.
  if (status === "live" || status === "candidate")
    throw new CliError("usage", `${bundle} is ${status}: new runs go to it, so it does not drain`);
}

function isGone({ inFlight, proof }: DrainReport): boolean {
  return inFlight?.count === 0 || proof !== null;
}

async function waitUntilGone(session: Session, bundle: string, asked: DrainAsked): Promise<DrainReport> {
  const { io, json } = session;
  const verdigris = await session.verdigris();
  const progress = createProgress(io, json);
  const last = io.now() + asked.waitMs;
  let most = 0;
  try {
    for (;;) {
      const report = await verdigris.drainReport(bundle);
      requireClosed(session, report);
      if (isGone(report) || io.now() >= last || io.signal.aborted) return report;
      const left = report.inFlight?.count ?? 0;
      most = Math.max(most, left);
      progress.show({ done: most - left, total: most, what: "runs gone", beside: bundle });
      await pause(asked.everyMs, io.signal);
    }
  } finally {
    progress.end();
  }
}

/** Waits until no run is left on a bundle. Exit code 1 where some are after that time. */
export async function drain(session: Session, bundle: string, asked: DrainAsked): Promise<number> {
  const report = await waitUntilGone(session, bundle, asked);
  const gone = isGone(report);
  const { at } = await session.store.get([]);
  session.print({ ...report, gone }, () => {
    if (gone) return `no run is left on ${bundle}`;
    const left = report.inFlight?.count ?? 0;
    const by =
      report.drainedBy === null ? "" : `; the last ends ${until(report.drainedBy, at)} at the latest`;
    return `${left === 1 ? "1 run is" : `${left} runs are`} left on ${bundle}${by}: verdigris runs --bundle ${bundle}`;
  });
  return gone ? exitCode.done : exitCode.no;
}

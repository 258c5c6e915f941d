import { exitCode } from "../exit-code.ts";
import type { Session } from "../open/session.ts";
import { table } from "../terminal/table.ts";
import { moment } from "../terminal/time.ts";

/** What happened to the route, newest first, its chain verified; with a release, every step of that. */
export async function history(
  session: Session,
  { release, limit }: { readonly release?: string; readonly limit: number },
): Promise<number> {
  return release === undefined ? routeHistory(session, limit) : releaseHistory(session, release);
}

async function routeHistory(session: Session, limit: number): Promise<number> {
  const verdigris = await session.verdigris();
  const { generation } = await verdigris.status();
  const lines = await verdigris.audit({
    after: Math.max(0, generation - limit),
    limit: Math.min(limit, 1_000),
  });
  const check = await verdigris.verifyAudit();
  const newest = [...lines].reverse();
  session.print({ lines: newest, verified: check }, () => {
    const rows = newest.map(({ entry, at }) => [
      String(entry.generation),
      moment(at),
      entry.verb,
      `${entry.from?.live ?? "-"} > ${entry.to.live}`,
      entry.actor.id,
      entry.evidence === null ? session.paint.yellow("none") : entry.evidence.slice(7, 15),
      entry.reason,
    ]);
    const verified = check.ok
      ? session.paint.dim("the chain of the audit holds")
      : session.paint.red(`the audit was tampered with: ${JSON.stringify(check)}`);
    return `${table(["gen", "when", "move", "from > to", "who", "evidence", "why"], rows, session.paint.dim)}\n\n${verified}`;
  });
  return check.ok ? exitCode.done : exitCode.no;
}

async function releaseHistory(session: Session, release: string): Promise<number> {
  const onCall = await session.onCall();
  const lines = await onCall.history(release);
  session.print(lines, () => {
    const rows = lines.map(({ step }) => [
      moment(step.at),
      step.event,
      step.from === step.to ? step.to : `${step.from} > ${step.to}`,
      // A driver is named by a random id, and an effect by its release: nobody reads either.
      step.actor.id.replace(/^(driver:[0-9a-f]{8})[0-9a-f-]+$/, "$1"),
      `${step.reason.replace(`${release}.`, "")}${step.outcome === null ? "" : ` (${step.outcome})`}`,
    ]);
    return table(["when", "what", "phase", "who", "why"], rows, session.paint.dim);
  });
  return exitCode.done;
}

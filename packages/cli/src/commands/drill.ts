import { exitCode } from "../exit-code.ts";
import type { GlobalOptions, Session } from "../open/session.ts";
import { confirm } from "../terminal/confirm.ts";
import { table } from "../terminal/table.ts";
import { moment } from "../terminal/time.ts";

/** What `drill` is told. */
export interface DrillAsked extends GlobalOptions {
  readonly reason: string;
  readonly bundle?: string;
  readonly percent: number;
  readonly drainMs: number;
}

/** Practises a rollback for real, and says what each part took. */
export async function drill(session: Session, asked: DrillAsked): Promise<number> {
  const { reason, bundle, percent, drainMs } = asked;
  await confirm(session.io, asked.yes, `This really moves ${percent} % of new runs, and back.`);
  const releases = await session.releases();
  const report = await releases.drill({
    reason,
    percent,
    drainMs,
    ...(bundle === undefined ? {} : { bundle }),
  });
  session.print(report, () => {
    const { decideMs, switchMs, confirmMs, drainMs: drained } = report.times;
    const rows = [
      ["decide", decideMs],
      ["switch", switchMs],
      ["confirm", confirmMs],
      ["drain", drained],
    ].map(([name, ms]) => [String(name), `${Math.round(Number(ms))} ms`]);
    const colour = report.ok ? session.paint.green : session.paint.red;
    return `${colour(report.text)}\n\n${table(["part", "took"], rows, session.paint.dim)}`;
  });
  return report.ok ? exitCode.done : exitCode.no;
}

/** Every drill, newest first. */
export async function drills(session: Session): Promise<number> {
  const reports = await (await session.releases()).drills();
  session.print(reports, () => {
    const rows = reports.map(({ at, by, from, to, percent, totalMs, ok, slowest }) => [
      moment(at),
      ok ? "good" : session.paint.red("failed"),
      `${from} > ${to}`,
      `${percent} %`,
      `${Math.round(totalMs)} ms`,
      slowest,
      by.id,
    ]);
    return table(["when", "", "from > to", "share", "total", "slowest", "by"], rows, session.paint.dim);
  });
  return exitCode.done;
}

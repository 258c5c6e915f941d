import { spanText } from "@verdigris/release/on-call";
import { exitCode } from "../exit-code.ts";
import type { GlobalOptions, Session } from "../open/session.ts";
import { confirm } from "../terminal/confirm.ts";
import { type Part, withProgress } from "../terminal/progress.ts";
import { table } from "../terminal/table.ts";
import { moment } from "../terminal/time.ts";

/** What `drill` is told. */
export interface DrillAsked extends GlobalOptions {
  readonly reason: string;
  readonly bundle?: string;
  readonly percent: number;
  readonly drainMs: number;
}

/** What a drill has done by now, as far as its moves of the route tell. */
async function watching(session: Session, bundle: string | undefined): Promise<() => Promise<Part>> {
  const verdigris = await session.verdigris();
  const before = await verdigris.status();
  const left = bundle ?? before.route?.live;
  const parts = bundle === undefined ? ["deciding"] : ["standing it up", "going there", "deciding"];
  return async () => {
    const { generation, bundles } = await verdigris.status();
    const moves = generation - before.generation;
    const runs = bundles.find((line) => line.bundle === left)?.inFlight?.count ?? 0;
    const beside = parts[moves] ?? `waiting for every process, and for ${runs} runs to leave ${left}`;
    return { done: Math.min(moves, parts.length), total: parts.length + 1, what: "parts", beside };
  };
}

/** Practises a rollback for real, and says what each part took. */
export async function drill(session: Session, asked: DrillAsked): Promise<number> {
  const { reason, bundle, percent, drainMs } = asked;
  await confirm(session.io, asked.yes, `This really moves ${percent} % of new runs, and back.`);
  const onCall = await session.onCall();
  const look = await watching(session, bundle);
  const drilling = onCall.drill({ reason, percent, drainMs, ...(bundle === undefined ? {} : { bundle }) });
  // Whoever is impatient would kill it with users where the drill went.
  const warn = (): void => {
    const text = "the drill goes on until the route is back; if it is killed: verdigris drill --recover";
    if (!session.json) session.io.err.write(`\n${session.paint.yellow(`! ${text}`)}\n`);
  };
  session.io.signal.addEventListener("abort", warn);
  const report = await withProgress(session.io, session.json, { everyMs: 250, look }, drilling);
  session.io.signal.removeEventListener("abort", warn);
  session.print(report, () => {
    const { decideMs, switchMs, confirmMs, drainMs: drained } = report.times;
    const rows = [
      ["decide", decideMs],
      ["switch", switchMs],
      ["confirm", confirmMs],
      ["drain", drained],
    ].map(([name, ms]) => [String(name), `${Math.round(Number(ms))} ms`]);
    const colour = report.ok ? session.paint.green : session.paint.red;
    const notes = [
      ...(report.confirmed === "everywhere" ? [] : [`processes: ${report.confirmed}`]),
      ...(report.drained ? [] : [`runs were left on ${report.from} after ${spanText(drainMs)}`]),
    ].map((note) => session.paint.yellow(`! ${note}`));
    return [colour(report.text), table(["part", "took"], rows, session.paint.dim), ...notes].join("\n\n");
  });
  return report.ok ? exitCode.done : exitCode.no;
}

/** Ends a drill whose process died. */
export async function recover(session: Session, reason: string): Promise<number> {
  const recovered = await (await session.onCall()).recoverDrill({ reason });
  session.print({ recovered }, () =>
    recovered ? "the drill is ended: new runs go to the stable bundle" : "no drill is under way",
  );
  return exitCode.done;
}

/** Every drill, newest first. */
export async function drills(session: Session): Promise<number> {
  const reports = await (await session.onCall()).drills();
  session.print(reports, () => {
    const rows = reports.map(({ at, by, from, to, percent, totalMs, ok, slowest }) => [
      moment(at),
      ok ? "good" : session.paint.red("failed"),
      `${from} > ${to}`,
      `${percent} %`,
      `${Math.round(totalMs)} ms`,
      slowest.replace(/Ms$/, ""),
      by.id,
    ]);
    return table(["when", "", "from > to", "share", "total", "slowest", "by"], rows, session.paint.dim);
  });
  return exitCode.done;
}

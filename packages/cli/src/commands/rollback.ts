import type { Propagation } from "@verdigris/contracts";
import type { RollbackReport } from "@verdigris/release/on-call";
import { exitCode } from "../exit-code.ts";
import type { Session } from "../open/session.ts";
import { pause } from "../terminal/pause.ts";
import { printable } from "../terminal/printable.ts";

/** What `rollback` is told. */
export interface RollbackOptions {
  readonly reason?: string;
  readonly force?: boolean;
  /** How long to wait for every process to say that it has heard of it. */
  readonly waitMs: number;
}

const policyText: Readonly<Record<NonNullable<RollbackReport["impact"]>["policy"], string>> = {
  finish: "the policy lets them finish (verdigris runs lists them)",
  migrate: "the policy moves them to the bundle gone back to",
  cancel: "the policy cancels them",
};

function impactLines({ impact }: RollbackReport): string[] {
  if (impact === null) return [];
  const { left, more, policy, bundle, touched, tools } = impact;
  const count =
    left.length === 1 && !more ? "1 run is" : `${more ? "more than " : ""}${left.length} runs are`;
  const lines = [
    left.length === 0 ? `no run is left on ${bundle}` : `${count} left on ${bundle}; ${policyText[policy]}`,
  ];
  if (touched !== null)
    lines.push(
      `${touched.length} finished ${touched.length === 1 ? "run" : "runs"} touched it${tools.length === 0 ? "" : `; tools with effects: ${tools.join(", ")}`}`,
    );
  return lines;
}

/** What the on-call should know besides, and do next. */
function notes({ paint }: Session, report: RollbackReport): string[] {
  const { outcome, target, written, from, to } = report;
  const warn = (text: string): string => paint.yellow(`! ${text}`);
  const found: string[] = [];
  if (!written) found.push(warn("not everything was written down: say it again, which moves nothing twice"));
  if (outcome === "rolled-back" && target.health !== "ok") found.push(warn(target.text));
  if (outcome === "rolled-back" && from !== null)
    found.push(paint.dim(`${from} is denied until: verdigris lift ${from}`));
  if (outcome === "unchanged")
    found.push(
      paint.dim(`still bad? ${to} is the stable bundle itself: verdigris release start <fixed> --emergency`),
    );
  return found;
}

function headline({ outcome, from, to, generation, elapsedMs }: RollbackReport): string {
  if (outcome === "unchanged") return `nothing to roll back: new runs already go to ${to}`;
  if (outcome === "frozen")
    return `frozen, not rolled back: ${from ?? "the bundle"} is marked as not safe to roll back. Say --force to go back all the same`;
  return `rolled back from ${from ?? "the candidate"} to ${to} (generation ${generation}), new runs safe after ${Math.round(elapsedMs)} ms`;
}

function confirmedLine({ outcome, acknowledged, stragglers }: Propagation): string {
  if (outcome === "everywhere")
    return acknowledged === 1
      ? "applied by the one process on record"
      : `applied by ${acknowledged === 2 ? "both" : `all ${acknowledged}`} processes`;
  if (outcome === "unverified")
    return "no process keeps a record of itself, so nobody can say who has applied it; no run can start on the old bundle anywhere";
  const late = stragglers.map(({ id, name }) => name ?? id);
  return `applied by ${acknowledged} ${acknowledged === 1 ? "process" : "processes"}${late.length === 0 ? "" : `, not yet by ${late.join(", ")}`}: no run can start on the old bundle there either`;
}

/** Sends new runs back to the stable bundle: safe as soon as it says so. Asks nothing: going back is always open. */
export async function rollback(
  session: Session,
  { reason, force = false, waitMs }: RollbackOptions,
): Promise<number> {
  const { io, paint, json } = session;
  const onCall = await session.onCall();
  const report = await onCall.rollback({ reason: reason ?? "from the command line", force });
  const { confirmed: _, ...facts } = report;
  const colour = report.outcome === "frozen" ? paint.yellow : paint.green;
  // Said before anything is waited for: this is what the on-call wants to read.
  if (!json) {
    const lines = [colour(headline(report)), ...impactLines(report), ...notes(session, report)];
    io.out.write(`${printable(lines.join("\n"))}\n`);
  }
  const waited = new AbortController();
  const confirmed = await Promise.race([
    report.confirmed,
    pause(waitMs, AbortSignal.any([io.signal, waited.signal])).then(() => null),
  ]);
  // A timer left behind would keep the process, and the person, waiting.
  waited.abort();
  if (json) io.out.write(`${JSON.stringify({ ...facts, confirmed }, null, 2)}\n`);
  else if (report.outcome === "rolled-back") {
    io.out.write(
      `${confirmed === null ? `not every process has said so within ${waitMs} ms; the fence holds all the same` : confirmedLine(confirmed)}\n`,
    );
  }
  return report.outcome === "frozen" ? exitCode.no : exitCode.done;
}

import type { ReleaseRecord, Skippable } from "@verdigris/contracts";
import { CliError } from "../cli-error.ts";
import { exitCode } from "../exit-code.ts";
import type { GlobalOptions, Session } from "../open/session.ts";
import { confirm } from "../terminal/confirm.ts";
import { facts, table } from "../terminal/table.ts";
import { ago, moment } from "../terminal/time.ts";

/** Who asks for what, on which release. */
export interface Asked extends GlobalOptions {
  readonly reason: string;
  readonly release?: string;
}

function asking({ reason, release }: Asked) {
  return { reason, ...(release === undefined ? {} : { release }) };
}

function releaseLine({ id, bundle, phase, outcome, held }: ReleaseRecord): string {
  if (outcome !== null) return `${bundle.id} ${outcome.kind}: ${outcome.why} (${id})`;
  return `${bundle.id} in ${phase}${held === null ? "" : `, held: ${held.why}`} (${id})`;
}

/** Says where the release stands now. */
export function done(session: Session, record: ReleaseRecord): number {
  session.print(record, () => releaseLine(record));
  return exitCode.done;
}

/** Shows one release: phases, gates, what it waits for. */
export async function showRelease(session: Session, release: string | undefined): Promise<number> {
  const onCall = await session.onCall();
  const status = await onCall.status(release === undefined ? {} : { release });
  const { release: record, at, waitingFor, evidence } = status;
  if (record === null) {
    session.print(null, () => `${session.agent} has had no release`);
    return exitCode.done;
  }
  session.print(status, () => {
    const { dim } = session.paint;
    const about = facts(
      [
        ["release", record.id],
        ["bundle", `${record.bundle.id} ${dim(record.bundle.digest)}`],
        ["against", record.baseline?.id ?? "nothing: it is the first bundle"],
        ["started", `${moment(record.startedAt)} by ${record.startedBy.id}: ${record.reason}`],
        [
          "phase",
          record.outcome === null
            ? `${record.phase}, ${ago(record.since, at)}`
            : `${record.outcome.kind}: ${record.outcome.why}`,
        ],
        ["waits for", waitingFor.join("; ") || "nothing"],
        ...(record.outcome === null && evidence !== null ? [["to approve", evidence] as const] : []),
      ],
      dim,
    );
    const rows = Object.entries(record.gates).map(([gate, attempt]) => [
      gate,
      attempt?.verdict ?? "asked",
      attempt?.evidence?.slice(7, 15) ?? "",
      attempt?.summary ?? "",
    ]);
    const skipped = record.skipped.map(({ gate, by, reason }) =>
      session.paint.yellow(`! ${gate} was passed over by ${by.id}: ${reason}`),
    );
    return [about, table(["gate", "verdict", "evidence", "found"], rows, dim), ...skipped].join("\n\n");
  });
  return exitCode.done;
}

/** Says yes to what is shown: the evidence has to be named, or confirmed. */
export async function approve(
  session: Session,
  asked: Asked & { readonly evidence?: string },
): Promise<number> {
  const onCall = await session.onCall();
  const { release: record, evidence } = await onCall.status(
    asked.release === undefined ? {} : { release: asked.release },
  );
  if (record === null || evidence === null)
    throw new CliError("usage", `${session.agent} has no release to approve`);
  const named = asked.evidence;
  if (named !== undefined && named !== evidence) {
    throw new CliError(
      "usage",
      `the evidence is ${evidence} by now, not ${named}: look at it again with release show`,
    );
  }
  if (named === undefined)
    await confirm(session.io, asked.yes, `This approves ${record.bundle.id} on the evidence ${evidence}.`);
  return done(session, await onCall.approve({ ...asking(asked), evidence }));
}

/** Ends a hold of the release. */
export async function resumeRelease(session: Session, asked: Asked): Promise<number> {
  return done(session, await (await session.onCall()).resume(asking(asked)));
}

/** Ends a release before its switch. */
export async function abortRelease(session: Session, asked: Asked): Promise<number> {
  await confirm(session.io, asked.yes, "This ends the release.");
  return done(session, await (await session.onCall()).abort(asking(asked)));
}

/** Asks again what did not pass. */
export async function retryRelease(session: Session, asked: Asked): Promise<number> {
  return done(session, await (await session.onCall()).retry(asking(asked)));
}

/** Passes over a gate, on record for the rest of the release. */
export async function skipGate(session: Session, gate: string, asked: Asked): Promise<number> {
  await confirm(session.io, asked.yes, `This passes over ${gate}, and is shown for the rest of the release.`);
  return done(session, await (await session.onCall()).skip({ ...asking(asked), gate: gate as Skippable }));
}

/** Every release, newest first. */
export async function listReleases(session: Session): Promise<number> {
  const records = await (await session.onCall()).list();
  session.print(records, () => {
    const rows = records.map(({ id, bundle, startedAt, startedBy, phase, outcome, reason }) => [
      id,
      bundle.id,
      moment(startedAt),
      startedBy.id,
      outcome?.kind ?? phase,
      reason,
    ]);
    return table(["release", "bundle", "started", "by", "state", "why"], rows, session.paint.dim);
  });
  return exitCode.done;
}

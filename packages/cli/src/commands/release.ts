import type { ReleaseOutcome, ReleasePhase, ReleaseRecord, Skippable } from "@verdigris/contracts";
import type { ReleasePlan, ReleasePlanInput } from "@verdigris/release";
import { CliError } from "../cli-error.ts";
import { exitCode } from "../exit-code.ts";
import type { GlobalOptions, Session } from "../open/session.ts";
import { readData } from "../read-data.ts";
import { confirm } from "../terminal/confirm.ts";
import { createLiveView, progressBar } from "../terminal/live-view.ts";
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

function line(record: ReleaseRecord): string {
  const { id, bundle, phase, outcome, held } = record;
  if (outcome !== null) return `${id}: ${bundle.id} ${outcome.kind}: ${outcome.why}`;
  return `${id}: ${bundle.id} in ${phase}${held === null ? "" : `, held: ${held.why}`}`;
}

function done(session: Session, record: ReleaseRecord): number {
  session.print(record, () => line(record));
  return exitCode.done;
}

/** A plan of the config by its name, or one in a file. */
async function planOf(session: Session, named: string): Promise<ReleasePlan | ReleasePlanInput> {
  const { folder, config } = session.loaded;
  const { plans = {} } = config;
  if (Object.hasOwn(plans, named)) {
    const plan = plans[named];
    return typeof plan === "string"
      ? ((await readData(folder, plan)) as ReleasePlanInput)
      : (plan as ReleasePlanInput);
  }
  if (/[./]/.test(named)) return (await readData(session.io.cwd, named)) as ReleasePlanInput;
  const known = Object.keys(plans);
  throw new CliError(
    "usage",
    `there is no plan ${named}: ${known.length === 0 ? "the config names none" : `known are ${known.join(", ")}`}`,
  );
}

/** What `release start` is told. */
export interface StartAsked extends Asked {
  readonly plan: string;
  readonly supersede?: boolean;
  readonly handOver?: string;
  readonly emergency?: boolean;
}

/** Starts a release, after saying what the plan cannot conclude in its time. */
export async function startRelease(session: Session, bundle: string, asked: StartAsked): Promise<number> {
  const releases = await session.releases();
  const plan = await planOf(session, asked.plan);
  const forecast = await releases.explain(plan);
  const doubts = forecast.phases.filter(({ concludes }) => concludes === false);
  if (doubts.length > 0 && !session.json) {
    for (const { phase, text } of doubts)
      session.io.err.write(`${session.paint.yellow(`! ${phase}: ${text}`)}\n`);
  }
  const { supersede = false, handOver, emergency = false } = asked;
  if (supersede || emergency)
    await confirm(
      session.io,
      asked.yes,
      supersede
        ? "This takes over from a release that is not through."
        : "There may be no healthy bundle to go back to.",
    );
  const facts = { supersede, emergency, ...(handOver === undefined ? {} : { handOver }) };
  return done(session, await releases.start({ bundle, plan, reason: asked.reason, ...facts }));
}

/** Shows one release: phases, gates, what it waits for. */
export async function showRelease(session: Session, release: string | undefined): Promise<number> {
  const releases = await session.releases();
  const status = await releases.status(release === undefined ? {} : { release });
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
        ["to approve", evidence ?? "nothing"],
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
  const releases = await session.releases();
  const { release: record, evidence } = await releases.status(
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
    await confirm(session.io, asked.yes, `${record.bundle.id} on the evidence ${evidence}.`);
  return done(session, await releases.approve({ ...asking(asked), evidence }));
}

/** Ends a hold of the release. */
export async function resumeRelease(session: Session, asked: Asked): Promise<number> {
  return done(session, await (await session.releases()).resume(asking(asked)));
}

/** Ends a release before its switch. */
export async function abortRelease(session: Session, asked: Asked): Promise<number> {
  await confirm(session.io, asked.yes, "This ends the release.");
  return done(session, await (await session.releases()).abort(asking(asked)));
}

/** Asks again what did not pass. */
export async function retryRelease(session: Session, asked: Asked): Promise<number> {
  return done(session, await (await session.releases()).retry(asking(asked)));
}

/** Passes over a gate, on record for the rest of the release. */
export async function skipGate(session: Session, gate: string, asked: Asked): Promise<number> {
  await confirm(session.io, asked.yes, `This passes over ${gate}, and is shown for the rest of the release.`);
  return done(session, await (await session.releases()).skip({ ...asking(asked), gate: gate as Skippable }));
}

/** Waits until the release has reached a phase or ended, showing where it stands. */
export async function waitForRelease(
  session: Session,
  phase: string,
  { release, everyMs }: { readonly release?: string; readonly everyMs: number },
): Promise<number> {
  const releases = await session.releases();
  const view = createLiveView({ out: session.io.err });
  const of = release === undefined ? {} : { release };
  const over = new AbortController();
  const showing = (async () => {
    while (!over.signal.aborted && !session.json) {
      const { release: record, waitingFor, phases } = await releases.status(of);
      if (record !== null) {
        const bar = progressBar(phases.indexOf(record.phase), phases.length - 1, "phases");
        const waits = session.paint.dim(`waits for ${waitingFor.join("; ") || "nothing"}`);
        view.show(`${line(record)}\n${bar}\n${waits}`);
      }
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, everyMs);
        over.signal.addEventListener("abort", () => {
          clearTimeout(timer);
          resolve(null);
        });
      });
    }
  })();
  try {
    const target = phase as ReleasePhase | ReleaseOutcome;
    return done(
      session,
      await releases.waitUntil(target, { ...of, signal: session.io.signal, pollMs: everyMs }),
    );
  } finally {
    over.abort();
    await showing.catch(() => {});
  }
}

/** Every release, newest first. */
export async function listReleases(session: Session): Promise<number> {
  const records = await (await session.releases()).list();
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

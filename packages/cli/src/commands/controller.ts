import { createReleases, type ReleaseStatus } from "@verdigris/release";
import { CliError } from "../cli-error.ts";
import { exitCode } from "../exit-code.ts";
import { namesIn, nearest } from "../open/known-agents.ts";
import type { Session } from "../open/session.ts";
import { pause } from "../terminal/pause.ts";
import { printable } from "../terminal/printable.ts";
import { moment } from "../terminal/time.ts";

/** Refuses to drive without gates: a release would wait for ever. */
function requirePorts(session: Session): NonNullable<Session["loaded"]["config"]["releases"]> {
  const { releases: ports } = session.loaded.config;
  if (ports !== undefined) return ports;
  throw new CliError(
    "config",
    "a controller needs `releases` in verdigris.config.mjs: the gates, signals and hooks it is to ask",
  );
}

function lineOf({ release, waitingFor }: ReleaseStatus): string {
  if (release === null) return "no release";
  const { bundle, outcome, phase } = release;
  const waits = waitingFor.length === 0 ? "" : `, waits for ${waitingFor.join("; ")}`;
  return `${bundle.id}: ${outcome?.kind ?? phase}${waits}`;
}

/** Says once which name is most like one that nobody ever wrote anything under; the first release may still come. */
async function tellUnknown({ agent, store, io, paint }: Session): Promise<void> {
  if ((await store.list(`${agent}/`, { limit: 1 })).entries.length > 0) return;
  const [like] = nearest(agent, (await namesIn(store)).agents);
  if (like === undefined) return;
  io.err.write(`${paint.red(`nothing is on record for ${agent} yet: did you mean ${printable(like)}?`)}\n`);
}

/** What is new in a line: that less time is left is not. */
export function newsOf(line: string): string {
  return line.replace(/\b\d+(?:\.\d+)?(?:ms|[smhd])\b ?/g, "");
}

/** Drives the agent's releases until it is stopped. Any number may run beside each other: one drives. */
export async function controller(session: Session, { tickMs }: { readonly tickMs: number }): Promise<number> {
  const { agent, store, actor, io, paint } = session;
  const given = requirePorts(session);
  await tellUnknown(session);
  const ports = typeof given === "function" ? await given() : given;
  const onError = (error: unknown): void => {
    io.err.write(`${paint.red(String(error))}\n`);
  };
  await using releases = createReleases({
    agent,
    store,
    actor: { kind: "machine", id: actor },
    tickMs,
    onError,
    ...ports,
  });
  releases.drive();
  session.print(
    { driving: agent, tickMs },
    () => `drives the releases of ${agent}; Ctrl-C ends it, and another process may go on`,
  );
  let last = "";
  while (!io.signal.aborted) {
    const line = lineOf(await releases.status());
    const news = newsOf(line);
    if (news !== last && !session.json) io.out.write(`${moment(io.now())}  ${printable(line)}\n`);
    last = news;
    await pause(tickMs, io.signal);
  }
  return exitCode.done;
}

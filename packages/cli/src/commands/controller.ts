import { createReleases } from "@verdigris/release";
import { CliError } from "../cli-error.ts";
import { exitCode } from "../exit-code.ts";
import type { Session } from "../open/session.ts";
import { pause } from "../terminal/pause.ts";

/** Refuses to drive without gates: a release would wait for ever. */
function requirePorts(session: Session): NonNullable<Session["loaded"]["config"]["releases"]> {
  const { releases: ports } = session.loaded.config;
  if (ports !== undefined) return ports;
  throw new CliError(
    "config",
    "a controller needs `releases` in verdigris.config.mjs: the gates, signals and hooks it is to ask",
  );
}

/** Drives the agent's releases until it is stopped. Any number may run beside each other: one drives. */
export async function controller(session: Session, { tickMs }: { readonly tickMs: number }): Promise<number> {
  const { agent, store, actor, io, paint } = session;
  const given = requirePorts(session);
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
    const { release, waitingFor } = await releases.status();
    const line =
      release === null
        ? "no release"
        : `${release.bundle.id}: ${release.outcome?.kind ?? release.phase}, waits for ${waitingFor.join("; ") || "nothing"}`;
    if (line !== last && !session.json) io.out.write(`${line}\n`);
    last = line;
    await pause(tickMs, io.signal);
  }
  return exitCode.done;
}

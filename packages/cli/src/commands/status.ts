import { isVerdigrisError, type NodeView } from "@verdigris/contracts";
import type { ReleaseStatus } from "@verdigris/release/on-call";
import type { VerdigrisStatus } from "verdigris";
import { exitCode } from "../exit-code.ts";
import type { Session } from "../open/session.ts";
import { createLiveView } from "../terminal/live-view.ts";
import type { Paint } from "../terminal/paint.ts";
import { pause } from "../terminal/pause.ts";
import { printable } from "../terminal/printable.ts";
import { facts, table } from "../terminal/table.ts";
import { ago, moment, until } from "../terminal/time.ts";

/** Everything `status` shows. */
interface Seen {
  readonly agent: VerdigrisStatus;
  readonly releases: ReleaseStatus;
  readonly nodes: readonly NodeView[];
}

async function look(session: Session): Promise<Seen> {
  const [verdigris, releases] = await Promise.all([session.verdigris(), session.onCall()]);
  const [agent, status, nodes] = await Promise.all([
    verdigris.status(),
    releases.status(),
    verdigris.nodes(),
  ]);
  return { agent, releases: status, nodes };
}

function healthText(paint: Paint, { target }: ReleaseStatus): string {
  if (target === null) return "nothing to go back to";
  const mark = target.health === "ok" ? paint.green : target.health === "failed" ? paint.red : paint.yellow;
  return `${target.bundle}  ${mark(target.health)}  ${paint.dim(target.text)}`;
}

function releaseText(paint: Paint, { release, phases, waitingFor, at }: ReleaseStatus): string {
  if (release === null) return "none";
  const { outcome, phase } = release;
  if (outcome !== null) return `${release.bundle.id} ${outcome.kind} ${ago(outcome.at, at)}: ${outcome.why}`;
  const way = phases
    .map((name) => (name === phase ? paint.bold(paint.cyan(name)) : paint.dim(name)))
    .join(paint.dim(" > "));
  const waits = waitingFor.length === 0 ? "" : `\nwaits for ${waitingFor.join("; ")}`;
  return `${release.bundle.id} (${release.id})\n${way}${waits}`;
}

function signalsText(paint: Paint, { release, at }: ReleaseStatus): string {
  const marks = { alarm: paint.red, clear: paint.green, watching: paint.yellow };
  return Object.entries(release?.signals ?? {})
    .map(
      ([name, signal]) =>
        `${marks[signal.status](signal.status.padEnd(8))} ${name}: ${signal.reason} ${paint.dim(ago(signal.at, at))}`,
    )
    .join("\n");
}

function bundlesTable(paint: Paint, { agent, releases }: Seen): string {
  const { route, bundles, at } = agent;
  const denied = new Set(releases.denied.map(({ bundle }) => bundle.id));
  const rolesOf = (bundle: string): string => {
    const roles = [
      route?.live === bundle ? paint.green("live") : "",
      route?.stable === bundle ? "stable" : "",
      route?.candidate === bundle ? "candidate" : "",
    ];
    return roles.filter((role) => role !== "").join(" ");
  };
  const rows = bundles.map(({ bundle, status, inFlight, drainedBy }) => {
    const runs = inFlight === null ? "?" : `${inFlight.more ? ">" : ""}${inFlight.count}`;
    const state = denied.has(bundle) ? `${status}, ${paint.red("denied")}` : status;
    return [bundle, rolesOf(bundle), state, runs, drainedBy === null ? "" : until(drainedBy, at ?? 0)];
  });
  return table(["bundle", "role", "state", "runs", "drained"], rows, paint.dim);
}

function nodesText({ nodes, agent }: Seen): string {
  if (nodes.length === 0) return "none on record";
  const living = nodes.filter(({ expired }) => !expired);
  const behind = living.filter(({ generation }) => generation < agent.generation);
  const late = behind.length === 0 ? "" : `, ${behind.length} not yet at generation ${agent.generation}`;
  return `${living.length} living${late}, ${nodes.length - living.length} gone`;
}

/** What somebody could do about it, as it would be typed. */
function nextSteps({ releases }: Seen): string[] {
  const { route, release, warnings } = releases;
  const open = release !== null && release.outcome === null ? release : null;
  const steps: string[] = [];
  if (open?.held != null) steps.push('verdigris release resume --reason "..."');
  else if (route?.held != null) steps.push('verdigris route release-hold --reason "..."');
  else if (open?.awaitingApprovalSince != null)
    steps.push("verdigris release show", 'verdigris release approve --reason "..."');
  if (warnings.some((warning) => warning.startsWith("no driver"))) steps.push("verdigris controller");
  if (warnings.some((warning) => warning.startsWith("the way back"))) steps.push("verdigris doctor");
  return steps;
}

function text(seen: Seen, { paint, agent }: Session): string {
  const { releases } = seen;
  const { route } = seen.agent;
  if (route === null)
    return `${paint.bold(agent)} has no route yet: the first process that starts with a bundle opens it`;
  const canary =
    route.canary === null
      ? []
      : [["canary", `${route.canary.percent} % on ${route.candidate ?? ""}`] as const];
  const hold =
    route.held === null ? [] : [["held", paint.yellow(`by ${route.held.by.id}: ${route.held.why}`)] as const];
  const heading = facts(
    [
      ["agent", `${paint.bold(agent)}, generation ${route.generation}`],
      ["new runs", paint.bold(route.live)],
      ...canary,
      ...hold,
      ["way back", healthText(paint, releases)],
      ["nodes", nodesText(seen)],
    ],
    paint.dim,
  );
  const signals = signalsText(paint, releases);
  const parts = [
    heading,
    bundlesTable(paint, seen),
    `${paint.dim("release")}  ${releaseText(paint, releases)}`,
    signals,
  ];
  const warnings = releases.warnings.map((warning) => paint.yellow(`! ${warning}`));
  const steps = nextSteps(seen).map((step) => `${paint.dim("next")}     ${step}`);
  const tail = [warnings.join("\n"), steps.join("\n")];
  return [...parts, ...tail].filter((part) => part !== "").join("\n\n");
}

function data({ agent, releases, nodes }: Seen) {
  const { at, release, waitingFor, target, warnings, driver, denied } = releases;
  return {
    agent: agent.agent,
    generation: agent.generation,
    route: agent.route,
    bundles: agent.bundles,
    release,
    waitingFor,
    target,
    driver,
    denied,
    warnings,
    nodes,
    at,
  };
}

/** Shows where the agent stands; with `watch`, until it is stopped. */
export async function status(
  session: Session,
  { watch, everyMs }: { readonly watch: boolean; readonly everyMs: number },
): Promise<number> {
  if (watch) return watchStatus(session, everyMs);
  const seen = await look(session);
  session.print(data(seen), () => text(seen, session));
  return exitCode.done;
}

async function watchStatus(session: Session, everyMs: number): Promise<number> {
  const { io, paint, json } = session;
  const view = createLiveView(io);
  const show = (value: unknown, said: string): void => {
    if (json) io.out.write(`${JSON.stringify(value)}\n`);
    else view.show(said);
  };
  let last = "";
  let awaySince: number | null = null;
  while (!io.signal.aborted && io.out.closed !== true) {
    try {
      const seen = await look(session);
      awaySince = null;
      last = text(seen, session);
      const foot = paint.dim(`${moment(seen.releases.at)}, every ${everyMs} ms, Ctrl-C ends`);
      show(data(seen), `${last}\n\n${foot}`);
    } catch (error) {
      // What never answered is mistyped; what answered once comes back, and somebody is watching for that.
      if (last === "" || !isVerdigrisError(error) || error.code !== "store-unavailable") throw error;
      const { code, message } = error;
      awaySince ??= io.now();
      const away = `no answer from the store since ${moment(awaySince)}, what follows is old: ${message}`;
      show({ error: { code, message } }, `${paint.red(`! ${printable(away)}`)}\n\n${last}`);
    }
    await pause(everyMs, io.signal);
  }
  return exitCode.done;
}

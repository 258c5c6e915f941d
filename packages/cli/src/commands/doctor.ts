import { recordVersion, sdkVersion } from "@verdigris/contracts";
import { CliError } from "../cli-error.ts";
import { exitCode } from "../exit-code.ts";
import type { Session } from "../open/session.ts";
import { storeLabel } from "../open/store-url.ts";

/** One thing that was looked at. */
interface Finding {
  readonly what: string;
  readonly state: "ok" | "warning" | "problem";
  readonly text: string;
}

function finding(what: string, state: Finding["state"], text: string): Finding {
  return { what, state, text };
}

const farOffMs = 2_000;

async function clock({ store }: Session): Promise<Finding> {
  const before = Date.now();
  const { at } = await store.get([]);
  const roundTrip = Date.now() - before;
  const off = Math.round(at - (before + roundTrip / 2));
  const text = `this machine and the store differ by ${off} ms; a question takes ${roundTrip} ms`;
  return finding(
    "clock",
    Math.abs(off) > farOffMs ? "warning" : "ok",
    Math.abs(off) > farOffMs ? `${text}: deadlines go by the store's, logs by this one` : text,
  );
}

function capabilities({ store }: Session): Finding[] {
  const { durableAck, crossProcess, push } = store.capabilities;
  return [
    durableAck
      ? finding("durability", "ok", "an acknowledged flip survives a crash")
      : finding(
          "durability",
          "problem",
          "an acknowledged flip may be lost in a crash: see the settings in the guide of your store",
        ),
    crossProcess
      ? finding("sharing", "ok", "several processes share it")
      : finding("sharing", "problem", "one process only can use it"),
    finding(
      "push",
      push ? "ok" : "warning",
      push ? "flips are pushed" : "flips are found by polling, once a second",
    ),
  ];
}

/** What nodes have different from each other, beside the bundle. */
async function fleet(session: Session): Promise<Finding[]> {
  const verdigris = await session.verdigris();
  const living = (await verdigris.nodes()).filter(({ expired }) => !expired);
  if (living.length === 0)
    return [
      finding("fleet", "warning", "no living process keeps a record of itself: flips are `unverified`"),
    ];
  const found: Finding[] = [];
  const versions = [...new Set(living.map(({ sdk }) => sdk))].sort();
  found.push(
    finding(
      "versions",
      versions.length === 1 ? "ok" : "warning",
      versions.length === 1
        ? `all ${living.length} processes run ${versions[0]}`
        : `processes run ${versions.join(", ")}`,
    ),
  );
  const unreadable = living.filter(({ readable }) => !readable);
  if (unreadable.length > 0)
    found.push(
      finding(
        "formats",
        "problem",
        `${unreadable.length} processes write records this release cannot read: upgrade it`,
      ),
    );
  const behind = living.filter(({ readable, formats }) => readable && formats.record < recordVersion);
  if (behind.length > 0)
    found.push(
      finding(
        "formats",
        "warning",
        `${behind.length} processes read formats up to less than ${recordVersion}: raiseFormat would shut them out`,
      ),
    );
  const deaf = living.filter(({ mode }) => mode === "stale" || mode === "closed");
  if (deaf.length > 0)
    found.push(
      finding(
        "hearing",
        "problem",
        `${deaf.map(({ name, id }) => name ?? id).join(", ")} cannot hear of moves`,
      ),
    );
  const cold = living.flatMap(({ name, id, warm }) =>
    Object.entries(warm ?? {}).flatMap(([bundle, { ok }]) => (ok ? [] : [`${bundle} on ${name ?? id}`])),
  );
  if (cold.length > 0) found.push(finding("pipelines", "problem", `do not stand up: ${cold.join(", ")}`));
  return found;
}

async function audit(session: Session): Promise<Finding> {
  const check = await (await session.verdigris()).verifyAudit();
  if (!check.ok) return finding("audit", "problem", check.message);
  return finding(
    "audit",
    check.holes.length === 0 ? "ok" : "warning",
    `${check.entries} entries, the chain holds${check.holes.length === 0 ? "" : `, with ${check.holes.length} holes where the store went backwards`}`,
  );
}

async function releases(session: Session): Promise<Finding[]> {
  const { warnings, target } = await (await session.releases()).status();
  const back =
    target === null
      ? finding("way back", "warning", "there is nothing to go back to")
      : finding(
          "way back",
          target.health === "ok" ? "ok" : target.health === "failed" ? "problem" : "warning",
          target.text,
        );
  return [back, ...warnings.map((warning) => finding("release", "warning", warning))];
}

/** A look that fails is a finding, not the end of the examination. */
async function attempt(
  what: string,
  look: () => Promise<Finding | readonly Finding[]>,
): Promise<readonly Finding[]> {
  try {
    const found = await look();
    return Array.isArray(found) ? found : [found as Finding];
  } catch (error) {
    return [finding(what, "problem", error instanceof Error ? error.message : String(error))];
  }
}

/** Looks at the store, the clocks, the fleet, the audit and the way back. Exit code 1 where there is a problem. */
export async function doctor(session: Session): Promise<number> {
  const { loaded, paint } = session;
  const [major = 0] = process.versions.node.split(".").map(Number);
  const found: Finding[] = [
    finding(
      "this machine",
      major >= 20 ? "ok" : "problem",
      `Node ${process.versions.node}, Verdigris ${sdkVersion}`,
    ),
    finding(
      "config",
      "ok",
      loaded.file === null
        ? "none; everything was said by options"
        : `${loaded.file}${loaded.config.store === undefined ? "" : `, ${storeLabel(loaded.config.store)}`}`,
    ),
    ...capabilities(session),
    ...(await attempt("clock", () => clock(session))),
    ...(await attempt("fleet", () => fleet(session))),
    ...(await attempt("audit", () => audit(session))),
    ...(await attempt("release", () => releases(session))),
  ];
  const marks = {
    ok: paint.green("ok     "),
    warning: paint.yellow("warning"),
    problem: paint.red("problem"),
  };
  session.print({ findings: found }, () =>
    found.map(({ what, state, text }) => `${marks[state]}  ${paint.bold(what)}: ${text}`).join("\n"),
  );
  return found.some(({ state }) => state === "problem") ? exitCode.no : exitCode.done;
}

/** Refuses to drive without gates: a release would wait for ever. */
export function requirePorts(session: Session): NonNullable<Session["loaded"]["config"]["releases"]> {
  const { releases: ports } = session.loaded.config;
  if (ports !== undefined) return ports;
  throw new CliError(
    "config",
    "a controller needs `releases` in verdigris.config.mjs: the gates, signals and hooks it is to ask",
  );
}

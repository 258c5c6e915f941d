import { type NodeView, recordVersion, sdkVersion } from "@verdigris/contracts";
import { exitCode } from "../exit-code.ts";
import type { Session } from "../open/session.ts";
import { storeLabel } from "../open/store-url.ts";
import { ago } from "../terminal/time.ts";

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

async function clock({ store, io }: Session): Promise<Finding> {
  const before = io.now();
  const { at } = await store.get([]);
  const roundTrip = io.now() - before;
  const off = Math.round(at - (before + roundTrip / 2));
  const text = `this machine and the store differ by ${off} ms; a question takes ${roundTrip} ms`;
  return finding(
    "clock",
    Math.abs(off) > farOffMs ? "warning" : "ok",
    Math.abs(off) > farOffMs ? `${text}: deadlines go by the store's, logs by this one` : text,
  );
}

async function durability(session: Session): Promise<Finding[]> {
  const settings = await session.settings();
  const { durableAck, crossProcess } = session.store.capabilities;
  return [
    durableAck
      ? finding("durability", "ok", "an acknowledged flip survives a crash")
      : finding("durability", "problem", "an acknowledged flip may be lost in a crash"),
    ...settings.map(({ text, risk }) => finding("settings", risk ? "problem" : "ok", text)),
    crossProcess
      ? finding("sharing", "ok", "several processes share it")
      : finding("sharing", "problem", "one process only can use it"),
  ];
}

/** The first few, so that a fleet of hundreds is one line. */
function namesOf(nodes: readonly NodeView[]): string {
  const names = nodes.slice(0, 5).map(({ name, id }) => name ?? id);
  return nodes.length > names.length
    ? `${names.join(", ")} and ${nodes.length - names.length} more`
    : names.join(", ");
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
        ? `${living.length === 1 ? "the one process runs" : `all ${living.length} processes run`} ${versions[0]}`
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
  const polling = living.filter(({ mode }) => mode === "polling");
  if (polling.length > 0)
    found.push(
      finding(
        "hearing",
        "warning",
        `${namesOf(polling)} find moves by polling, a second late: no push reaches them`,
      ),
    );
  const deaf = living.filter(({ mode }) => mode === "stale" || mode === "closed");
  if (deaf.length > 0) found.push(finding("hearing", "problem", `${namesOf(deaf)} cannot hear of moves`));
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
  const { warnings, target, release, driver } = await (await session.releases()).status();
  const idle = release === null || release.outcome !== null;
  const seen = driver.seenAgoMs === null ? "never" : ago(0, driver.seenAgoMs);
  // That a release misses its driver is one of the warnings.
  const driven = finding(
    "driver",
    "ok",
    idle ? `no release needs one; last seen ${seen}` : `${driver.id ?? "nobody"} drives, seen ${seen}`,
  );
  const back =
    target === null
      ? finding("way back", "warning", "there is nothing to go back to")
      : finding(
          "way back",
          target.health === "ok" ? "ok" : target.health === "failed" ? "problem" : "warning",
          target.text,
        );
  const missed = warnings.some((warning) => warning.startsWith("no driver"));
  return [
    back,
    ...(missed ? [] : [driven]),
    ...warnings.map((warning) => finding("release", "warning", warning)),
  ];
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
    ...(await attempt("durability", () => durability(session))),
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

import { existsSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { sdkVersion } from "@verdigris/contracts";
import type { Session } from "../../open/session.ts";
import { storeLabel } from "../../open/store-url.ts";
import { type Finding, finding } from "./finding.ts";

/** An installed package, as something in `folder` would find it. */
function findPackage(
  name: string,
  folder: string,
): { readonly version: string; readonly root: string } | null {
  for (let at = folder; ; at = dirname(at)) {
    const manifest = join(at, "node_modules", name, "package.json");
    if (existsSync(manifest)) {
      const { version = "of unknown version" } = JSON.parse(readFileSync(manifest, "utf8")) as {
        version?: string;
      };
      return { version, root: realpathSync(dirname(manifest)) };
    }
    if (at === dirname(at)) return null;
  }
}

const api = "@opentelemetry/api";
const sdks = ["sdk-node", "sdk-trace", "sdk-trace-base", "sdk-trace-node", "sdk-metrics", "sdk-logs"].map(
  (name) => `@opentelemetry/${name}`,
);

/** The OpenTelemetry installed where the command runs, which is the agent's where it runs beside it. */
export async function telemetryHere({ loaded }: Session): Promise<Finding[]> {
  const { folder } = loaded;
  const own = findPackage(api, folder);
  const found = sdks.flatMap((name) => {
    const at = findPackage(name, folder);
    return at === null ? [] : [{ name, ...at, api: findPackage(api, at.root) }];
  });
  if (own === null && found.length === 0)
    return [finding("telemetry here", "ok", `no OpenTelemetry is installed for ${folder}`)];
  const listed = found.map(({ name, version }) => `${name.replace("@opentelemetry/", "")} ${version}`);
  const strange = found.filter((sdk) => sdk.api !== null && sdk.api.root !== own?.root);
  const here = `in ${folder}: @opentelemetry/api ${own?.version ?? "is missing"}${listed.length === 0 ? "" : `, ${listed.join(", ")}`}`;
  const [major = 0, minor = 0] = (own?.version ?? "").split(".").map(Number);
  if (own !== null && (major !== 1 || minor < 4))
    return [finding("telemetry here", "warning", `${here}; spans need an API from 1.4 and below 2`)];
  if (own !== null && strange.length > 0) {
    const copies = strange.map(({ name, api: copy }) => `${name} uses its own copy, ${copy?.version}`);
    const text = `${here}; ${copies.join("; ")}: what is made through the newer copy is dropped, so install one`;
    return [finding("telemetry here", "warning", text)];
  }
  return [finding("telemetry here", "ok", here)];
}

/** The Node and the SDK of this command. */
export function machine(): Finding {
  const [major = 0] = process.versions.node.split(".").map(Number);
  const text = `Node ${process.versions.node}, Verdigris ${sdkVersion}`;
  return finding("this machine", major >= 20 ? "ok" : "problem", text);
}

/** What the config says that the environment contradicts: the config wins, and somebody may think otherwise. */
function contradicted({ loaded, io }: Session): Finding[] {
  const settings = ["store", "prefix", "agent"] as const;
  return settings.flatMap((name) => {
    const said = loaded.config[name];
    const variable = `VERDIGRIS_${name.toUpperCase()}`;
    const other = io.env[variable];
    if (said === undefined || other === undefined || said === other) return [];
    return [
      finding(
        "config",
        "warning",
        `${variable} says something else than ${name} in ${loaded.file}, which wins`,
      ),
    ];
  });
}

/** The config: whether its plans could start a release, and what stands against it. */
export async function config(session: Session): Promise<Finding[]> {
  const { loaded } = session;
  const { file } = loaded;
  if (file === null)
    return [finding("config", "ok", "none; everything was said by options or the environment")];
  const { store, plans = {}, releases } = loaded.config;
  const names = Object.keys(plans);
  const parts = [
    file,
    ...(store === undefined ? [] : [storeLabel(store)]),
    names.length === 0 ? "no plans" : `plans ${names.join(", ")}`,
    releases === undefined ? "nothing for a controller" : "gates for a controller",
  ];
  const { planOf } = await import("../plan-of.ts");
  const { defineReleasePlan } = await import("@verdigris/release");
  const broken: Finding[] = [];
  for (const name of names) {
    try {
      const plan = await planOf(session, name);
      if (!("v" in plan)) defineReleasePlan(plan);
    } catch (error) {
      broken.push(finding("config", "problem", `the plan ${name}: ${(error as Error).message}`));
    }
  }
  return [finding("config", "ok", parts.join(", ")), ...broken, ...contradicted(session)];
}

import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { CliError } from "../cli-error.ts";
import type { CliConfig } from "./config.ts";

const names = ["verdigris.config.mjs", "verdigris.config.js", "verdigris.config.ts"];

/** A config with the folder its paths are taken from. */
export interface LoadedConfig {
  readonly config: Partial<CliConfig>;
  readonly folder: string;
  /** Null where there is none. */
  readonly file: string | null;
}

/** The nearest config file, from `folder` upwards. */
function nearest(folder: string): string | null {
  for (let at = folder; ; at = dirname(at)) {
    const found = names.map((name) => resolve(at, name)).find(existsSync);
    if (found !== undefined) return found;
    if (at === dirname(at)) return null;
  }
}

async function importConfig(file: string): Promise<unknown> {
  try {
    const found = (await import(pathToFileURL(file).href)) as { default?: unknown };
    return found.default;
  } catch (cause) {
    const typed = file.endsWith(".ts") && (cause as { code?: string }).code === "ERR_UNKNOWN_FILE_EXTENSION";
    const hint = typed ? ": this Node runs no TypeScript, so name the file verdigris.config.mjs" : "";
    throw new CliError("config", `${file} could not be loaded${hint}: ${String(cause)}`, { cause });
  }
}

const known: ReadonlySet<string> = new Set(["agent", "store", "prefix", "actor", "plans", "releases"]);

function requireConfig(file: string, value: unknown): Partial<CliConfig> {
  if (typeof value !== "object" || value === null)
    throw new CliError("config", `${file} must export a config as its default`);
  for (const name of Object.keys(value)) {
    if (!known.has(name))
      throw new CliError(
        "config",
        `${file} has an unknown setting ${JSON.stringify(name)}: known are ${[...known].join(", ")}`,
      );
  }
  const { agent, store, prefix, actor } = value as Record<string, unknown>;
  for (const [name, setting] of Object.entries({ agent, store, prefix, actor })) {
    if (setting !== undefined && typeof setting !== "string")
      throw new CliError("config", `${file}: ${name} must be text`);
  }
  return value as Partial<CliConfig>;
}

/** Loads the config named, or the nearest one; none is fine where options say everything. */
export async function loadConfig(cwd: string, named: string | undefined): Promise<LoadedConfig> {
  const file = named === undefined ? nearest(cwd) : resolve(cwd, named);
  if (file === null) return { config: {}, folder: cwd, file };
  if (!existsSync(file)) throw new CliError("config", `there is no ${file}`);
  return { config: requireConfig(file, await importConfig(file)), folder: dirname(file), file };
}

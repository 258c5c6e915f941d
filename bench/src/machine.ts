import { existsSync, readFileSync } from "node:fs";
import { arch, availableParallelism, cpus, loadavg, platform, release, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** Where the figures were taken. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly os: string;
  /** Average number of processes that wanted a core in the last minute, before the bench began. */
  readonly load: number;
}

export function readMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    os: `${platform()} ${release()} ${arch()}`,
    load: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  };
}

/** Walks up from a module to the package it belongs to. */
function packageOf(file: string): { readonly directory: string; readonly version: string } {
  for (let directory = dirname(file); ; directory = dirname(directory)) {
    const manifest = join(directory, "package.json");
    if (existsSync(manifest)) {
      const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version?: string };
      if (version !== undefined) return { directory, version };
    }
    if (directory === dirname(directory)) return { directory, version: "unknown" };
  }
}

function resolved(name: string): ReturnType<typeof packageOf> {
  return packageOf(fileURLToPath(import.meta.resolve(name)));
}

/** The libraries that the product stands on belong to its packages, not to this one. */
function versionBeside(owner: string, name: string): string {
  const manifest = join(resolved(owner).directory, "node_modules", name, "package.json");
  return packageOf(fileURLToPath(pathToFileURL(manifest))).version;
}

export function readVersions(): Readonly<Record<string, string>> {
  return {
    node: process.versions.node,
    v8: process.versions.v8,
    verdigris: resolved("verdigris").version,
    libsql: resolved("libsql").version,
    mitata: resolved("mitata").version,
    "sorted-btree": versionBeside("@verdigris/store-memory", "sorted-btree"),
    openfeature: resolved("@openfeature/server-sdk").version,
    launchdarkly: resolved("@launchdarkly/node-server-sdk").version,
    growthbook: resolved("@growthbook/growthbook").version,
    unleash: resolved("unleash-client").version,
    "flagd-core": resolved("@openfeature/flagd-core").version,
    ulid: versionBeside("@verdigris/run-pinning", "ulid"),
  };
}

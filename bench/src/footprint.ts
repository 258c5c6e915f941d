import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ratioOf, spreadOf } from "./measure.ts";
import { type Bench, goal, type Row } from "./report.ts";

const here = dirname(fileURLToPath(import.meta.url));
const ours = "verdigris";
const launchDarkly = "@launchdarkly/node-server-sdk";
const measured = [
  ours,
  "@verdigris/router",
  "@verdigris/run-pinning",
  "@openfeature/server-sdk",
  launchDarkly,
];
const rounds = 15;

interface Manifest {
  readonly version: string;
  readonly files?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

/** The folder of a package as a module in `from` would find it. */
function folderOf(name: string, from: string): string {
  for (let at = from; ; at = dirname(at)) {
    const folder = join(at, "node_modules", name);
    if (existsSync(join(folder, "package.json"))) return realpathSync(folder);
    if (at === dirname(at)) throw new Error(`${name} is not installed`);
  }
}

function bytesBelow(path: string): number {
  const found = statSync(path);
  if (!found.isDirectory()) return found.size;
  return readdirSync(path)
    .filter((name) => name !== "node_modules" && name !== ".tsbuildinfo")
    .reduce((sum, name) => sum + bytesBelow(join(path, name)), 0);
}

/** What npm would install: of a package of this workspace only what it publishes. */
function publishedBytes(folder: string, { files }: Manifest): number {
  const inStore = folder.includes("node_modules");
  if (inStore || files === undefined) return bytesBelow(folder);
  const parts = ["package.json", "README.md", ...files.filter((file) => !file.startsWith("!"))];
  return parts
    .map((part) => join(folder, part))
    .filter(existsSync)
    .reduce((sum, path) => sum + bytesBelow(path), 0);
}

/** A package and everything it installs, by folder. */
function closure(name: string, from: string, seen = new Map<string, number>()): Map<string, number> {
  const folder = folderOf(name, from);
  if (seen.has(folder)) return seen;
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
  seen.set(folder, publishedBytes(folder, manifest));
  const peers = Object.keys(manifest.peerDependencies ?? {}).filter(
    (peer) => manifest.peerDependenciesMeta?.[peer]?.optional !== true,
  );
  for (const next of [...Object.keys(manifest.dependencies ?? {}), ...peers]) closure(next, folder, seen);
  return seen;
}

function importMs(name: string): number {
  const program = `const began = performance.now(); await import(${JSON.stringify(name)}); console.log(performance.now() - began); process.exit(0)`;
  const printed = execFileSync(process.execPath, ["--input-type=module", "-e", program], {
    cwd: here,
    encoding: "utf8",
  });
  return Number(printed.trim());
}

/** Import times in fresh processes, in turn, so that what the machine does weighs on all alike. */
function importTimes(): Map<string, number[]> {
  const times = new Map(measured.map((name) => [name, [] as number[]]));
  for (let round = -1; round < rounds; round++) {
    for (const name of measured) {
      const took = importMs(name);
      if (round >= 0) times.get(name)?.push(took);
    }
  }
  return times;
}

export const footprint: Bench = {
  name: "footprint",
  sentence: "What verdigris weighs and how long it takes to import, beside two flag SDKs.",
  async run(progress) {
    progress("sizes");
    const sizes = measured.map((name) => ({ name, parts: closure(name, here) }));
    progress("imports");
    const times = importTimes();
    const peer = times.get(launchDarkly) ?? [];
    const rows: Row[] = sizes.map(({ name, parts }) => {
      const kib = [...parts.values()].reduce((sum, bytes) => sum + bytes, 0) / 1_024;
      return {
        group: "installed",
        name: `${name}, ${parts.size} packages`,
        unit: "KiB",
        min: kib,
        median: kib,
        max: kib,
      };
    });
    for (const [name, took] of times) {
      rows.push({
        group: "import",
        name,
        unit: "ms",
        ...spreadOf(took),
        ratio: ratioOf(took, peer),
        ratioTo: "LaunchDarkly",
      });
    }
    const withZod = sizes
      .filter(({ name }) => name === "@verdigris/router" || name === "@verdigris/run-pinning")
      .filter(({ parts }) => [...parts.keys()].some((folder) => /[\\/]zod$/.test(folder)));
    return {
      rows,
      goals: [
        goal(
          "import of verdigris / of LaunchDarkly's server SDK (ratio)",
          ratioOf(times.get(ours) ?? [], peer),
          "lower",
          1.5,
        ),
        goal("of router and run-pinning, those that bring zod (count)", withZod.length, "lower", 0),
      ],
    };
  },
};

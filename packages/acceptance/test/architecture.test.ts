import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { filesBelow, packages, read, root } from "./workspace.ts";

/** The house, lowest first. A package may depend on packages of lower tiers only. */
const tiers: readonly (readonly string[])[] = [
  ["contracts", "statistics"],
  ["bundle", "router", "agent-state", "eval-gate", "shadow", "detectors", "telemetry"],
  ["store-memory", "store-sqlite", "store-postgres", "store-redis"],
  ["run-pinning"],
  ["release"],
  ["verdigris"],
  ["cli", "console"],
];
/** Beside the house: used by tests and examples alone. */
const side = ["testing", "acceptance"];

function tierOf(folder: string): number {
  // Stores share the first tier; they stand apart here so that none imports another package of it.
  const tier = tiers.findIndex((names) => names.includes(folder));
  return tier === 2 ? 1 : tier;
}

const house = packages();
const folderOf = new Map(house.map(({ manifest, folder }) => [manifest.name, folder]));

const importPattern = /(?:from|import)\s*\(?\s*["']([^"'\s]+)["']/g;

function importsOf(path: string): string[] {
  return [...read(path).matchAll(importPattern)].map(([, name]) => name ?? "");
}

/** Files reachable from an entry of a package by relative imports. */
function reach(path: string, seen = new Set<string>()): Set<string> {
  if (seen.has(path)) return seen;
  seen.add(path);
  for (const name of importsOf(path)) {
    if (name.startsWith(".")) reach(join(dirname(path), name), seen);
  }
  return seen;
}

describe.each(house.filter(({ folder }) => !side.includes(folder)))("$folder", ({ folder, manifest }) => {
  it("has its place in a tier and depends on lower tiers only [HOUSE-TIERS]", () => {
    expect(tierOf(folder)).toBeGreaterThanOrEqual(0);
    const inside = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }).flatMap(
      (name) => folderOf.get(name) ?? [],
    );
    const wrong = inside.filter((other) => side.includes(other) || tierOf(other) >= tierOf(folder));
    expect(wrong).toEqual([]);
  });

  it("imports in its sources only what it declares [HOUSE-TIERS]", () => {
    const declared = new Set(Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }));
    const outside = filesBelow(`packages/${folder}/src`, ".ts")
      .flatMap(importsOf)
      .filter((name) => !name.startsWith(".") && !name.startsWith("node:"))
      .map((name) =>
        name
          .split("/")
          .slice(0, name.startsWith("@") ? 2 : 1)
          .join("/"),
      );
    expect(outside.filter((name) => !declared.has(name))).toEqual([]);
  });

  it("has at most four runtime dependencies outside the house", () => {
    const outside = Object.keys(manifest.dependencies ?? {}).filter((name) => !folderOf.has(name));
    expect(outside.length).toBeLessThanOrEqual(["contracts", "statistics"].includes(folder) ? 0 : 4);
  });

  // An engine lives in the one, a terminal in the other.
  if (folder === "store-sqlite" || folder === "cli") return;
  it("reaches nothing of Node from its main entry [HOUSE-NEUTRAL]", () => {
    const files = [...reach(`packages/${folder}/src/index.ts`)];
    expect(files.length).toBeGreaterThan(0);
    expect(files.filter((path) => importsOf(path).some((name) => name.startsWith("node:")))).toEqual([]);
  });
});

it("lets nothing in the house depend on the side packages [HOUSE-TIERS]", () => {
  const guilty = house.filter(
    ({ folder, manifest }) =>
      !side.includes(folder) &&
      Object.keys(manifest.dependencies ?? {}).some((name) => side.includes(folderOf.get(name) ?? "")),
  );
  expect(guilty).toEqual([]);
});

it("gives every package the same shape", () => {
  for (const { path, folder } of house) {
    for (const part of ["README.md", "src", "test", "package.json"]) {
      expect(existsSync(join(path, part)), `${folder}/${part}`).toBe(true);
    }
  }
});

it("keeps source files within 300 lines", () => {
  const long = filesBelow("packages", ".ts").filter(
    (path) => path.includes("/src/") && read(path).split("\n").length > 301,
  );
  expect(long).toEqual([]);
});

it("names every third-party version once, in the catalog", () => {
  const loose = house.flatMap(({ folder, manifest }) =>
    Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })
      .filter(([, version]) => version !== "catalog:" && version !== "workspace:^")
      .map(([name]) => `${folder}: ${name}`),
  );
  expect(loose).toEqual([]);
  expect(existsSync(join(root, "pnpm-lock.yaml"))).toBe(true);
});

it("knows the direction of a dependency: contracts may not import the router", () => {
  expect(tierOf("router")).toBeGreaterThan(tierOf("contracts"));
  expect(tierOf("verdigris")).toBeGreaterThan(tierOf("run-pinning"));
});

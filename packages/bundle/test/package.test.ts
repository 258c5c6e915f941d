import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test, vi } from "vitest";
import * as main from "../src/index.ts";
import * as node from "../src/node.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

test("the public surface is a decision", () => {
  expect(Object.keys(main).sort()).toEqual([
    "adviseRollout",
    "canonicalJson",
    "checkIndexVersions",
    "checkPieces",
    "cleanUpContent",
    "contentDigests",
    "createBundleContent",
    "createContentStore",
    "defineBundle",
    "diffBundles",
    "digestOf",
    "digestOfContract",
    "indexIdentity",
    "manifestOf",
    "parseBundle",
    "referencedPieces",
  ]);
  expect(Object.keys(node).sort()).toEqual([
    "bundleJsonSchema",
    "createBundleFrom",
    "digestOfPath",
    "loadBundle",
    "saveBundle",
  ]);
});

/** Every module that `entry` reaches through imports of its own package, with what else it imports. */
async function reach(entry: string, seen = new Map<string, string[]>()): Promise<Map<string, string[]>> {
  if (seen.has(entry)) return seen;
  const source = await readFile(entry, "utf8");
  const named = [...source.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map((match) => match[1] ?? "");
  seen.set(
    entry,
    named.filter((specifier) => !specifier.startsWith(".")),
  );
  for (const specifier of named.filter((name) => name.startsWith("."))) {
    await reach(join(dirname(entry), specifier), seen);
  }
  return seen;
}

test("the main entry reaches nothing of Node, and the node entry does [HOUSE-NEUTRAL]", async () => {
  const modules = await reach(join(root, "src/index.ts"));
  expect(modules.size).toBeGreaterThan(10);
  expect([...modules.keys()].map((file) => relative(root, file))).not.toContain("src/load-bundle.ts");
  expect([...new Set([...modules.values()].flat())].sort()).toEqual([
    "@noble/hashes/sha2.js",
    "@noble/hashes/utils.js",
    "@verdigris/contracts",
  ]);
  for (const file of modules.keys()) {
    expect(await readFile(file, "utf8")).not.toMatch(
      /reference types|\b(?:process|Buffer|__dirname|require)\b[.(]/,
    );
  }
  const outside = [...(await reach(join(root, "src/node.ts"))).values()].flat();
  expect(outside).toContain("node:fs/promises");
});

test("the program in the README runs as it stands and prints what the README says [HOUSE-README]", async () => {
  const readme = await readFile(join(root, "README.md"), "utf8");
  const program = /```ts\n(.*?)```/s.exec(readme)?.[1] ?? "";
  const promised = /```text\n(.*?)```/s.exec(readme)?.[1];
  expect(program.trim().split("\n").length).toBeLessThanOrEqual(15);
  const printed: string[] = [];
  vi.spyOn(console, "log").mockImplementation((line: string) => void printed.push(line));
  // A folder that begins with a dot stays out of every other glob while the program runs.
  const folder = await mkdtemp(join(root, "test/.readme-"));
  try {
    const file = join(folder, "program.ts");
    await writeFile(file, program);
    await import(file);
  } finally {
    await rm(folder, { recursive: true });
  }
  expect(`${printed.join("\n")}\n`).toBe(promised);
});

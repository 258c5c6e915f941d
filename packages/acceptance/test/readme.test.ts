import { execFile } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { engineOf, hasEngine } from "./engines.ts";
import { packages, read, root } from "./workspace.ts";

const run = promisify(execFile);
const folder = join(root, "packages/acceptance/.readme");
const readmes = [
  { name: "the project", path: "README.md" },
  { name: "the quickstart", path: "docs/quickstart.md" },
  ...packages()
    .filter(({ folder: name }) => name !== "acceptance")
    .map(({ manifest, folder: name }) => ({ name: manifest.name, path: `packages/${name}/README.md` })),
];

function firstProgram(path: string): string {
  const [, program] = /```ts\n([\s\S]*?)```/.exec(read(path)) ?? [];
  if (program === undefined) throw new Error(`${path} shows no program`);
  return program;
}

beforeAll(() => mkdirSync(folder, { recursive: true }));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(readmes)("the README of $name", ({ path }) => {
  it("begins with a program of at most fifteen lines [HOUSE-README]", () => {
    const lines = firstProgram(path)
      .split("\n")
      .filter((line) => line.trim() !== "" && !line.trim().startsWith("//"));
    expect(lines.length).toBeGreaterThan(2);
    expect(lines.length).toBeLessThanOrEqual(15);
  });

  it("runs its program as it stands, on the built packages [HOUSE-README]", {
    timeout: 120_000,
  }, async ({ skip }) => {
    const engine = engineOf(firstProgram(path));
    if (engine !== null && !(await hasEngine(engine))) skip(`needs ${engine}`);
    const file = join(folder, `${path.replaceAll(/[^a-z0-9]+/gi, "-")}.ts`);
    writeFileSync(file, `${firstProgram(path)}\nexport {};\n`);
    const out = join(folder, "out");
    const tsc = join(root, "node_modules/.bin/tsc");
    const options = [
      "--ignoreConfig",
      "--outDir",
      out,
      "--rootDir",
      folder,
      "--module",
      "nodenext",
      "--target",
      "es2023",
      "--types",
      "node",
      "--strict",
      "--skipLibCheck",
    ];
    await run(tsc, [...options, file], { cwd: folder }).catch((error: { stdout?: string }) => {
      throw new Error(`${path} does not compile: ${error.stdout}`);
    });
    const built = join(out, file.slice(folder.length + 1).replace(/\.ts$/, ".js"));
    await expect(run(process.execPath, [built], { cwd: folder, timeout: 60_000 })).resolves.toBeDefined();
  });
});

import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const packages = fileURLToPath(new URL("../..", import.meta.url));
const folderOf = (name: string): string => join(packages, name.replace("@verdigris/", ""));

/** Everything the main entry imports that is no part of this workspace, found by walking every import. */
function reach(file: string, seen: Set<string>, outside: Set<string>): void {
  if (seen.has(file)) return;
  seen.add(file);
  const source = readFileSync(file, "utf8");
  for (const [, specifier = ""] of source.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)) {
    if (specifier.startsWith(".")) reach(join(dirname(file), specifier), seen, outside);
    else if (existsSync(join(folderOf(specifier), "src/index.ts"))) {
      reach(join(folderOf(specifier), "src/index.ts"), seen, outside);
    } else outside.add(specifier);
  }
}

it("the main entry pulls in no engine, no test runner and no property tester", () => {
  const [seen, outside] = [new Set<string>(), new Set<string>()];
  reach(join(packages, "testing/src/index.ts"), seen, outside);
  expect(seen.size).toBeGreaterThan(80);
  expect(
    [...outside].map((name) =>
      name
        .split("/")
        .slice(0, name.startsWith("@") ? 2 : 1)
        .join("/"),
    ),
  ).not.toEqual(
    expect.arrayContaining([expect.stringMatching(/^node:|libsql|vitest|fast-check|^pg$|redis|sqlite/)]),
  );
});

it("a record is enough for node:test, on the built package", { timeout: 60_000 }, async () => {
  const folder = await mkdtemp(join(packages, "testing/test/.node-test-"));
  try {
    const file = join(folder, "record.test.mjs");
    await writeFile(
      file,
      `import assert from "node:assert/strict";
import { test } from "node:test";
import { aBundle, createTestVerdigris, verdigrisMatchers } from "@verdigris/testing";

test("a run keeps its bundle across a flip", async () => {
  const verdigris = createTestVerdigris({ bundles: [aBundle("blue"), aBundle("green")] });
  await verdigris.run({}, async (run) => {
    await run.step("plan", () => verdigris.flip("green"));
    await run.step("answer", () => {});
  });
  assert.deepEqual(
    verdigris.record.filter(({ step }) => step).map(({ step, bundle }) => [step, bundle]),
    [["plan", "blue"], ["answer", "blue"]],
  );
  assert.ok(verdigrisMatchers.toHaveFinished(verdigris.record, "completed").pass, String(verdigris.record));
});
`,
    );
    const { NODE_OPTIONS: _, NODE_TEST_CONTEXT: __, ...env } = process.env;
    const { stdout } = await promisify(execFile)(process.execPath, ["--test", "--test-reporter=tap", file], {
      env,
    });
    expect(stdout).toMatch(/^# pass 1$/m);
  } finally {
    await rm(folder, { recursive: true });
  }
});

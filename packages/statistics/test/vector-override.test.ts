import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, it } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "vectors-"));
afterAll(() => rmSync(folder, { recursive: true }));
const root = fileURLToPath(new URL("../../..", import.meta.url));

/** Runs the vector test itself on `sets`; answers how each of its tests ended, by title. */
async function runOn(sets: readonly unknown[]): Promise<Readonly<Record<string, string>>> {
  const [file, report] = [join(folder, "other.json"), join(folder, "report.json")];
  writeFileSync(file, JSON.stringify({ sets }));
  const test = "packages/statistics/test/vectors.test.ts";
  const args = [
    join(root, "node_modules/vitest/vitest.mjs"),
    "run",
    test,
    "--reporter=json",
    `--outputFile=${report}`,
  ];
  // A report of the whole run belongs to the whole run.
  const { VERDIGRIS_TEST_REPORT: _, ...env } = process.env;
  // It ends with 1 when a vector is missed: the report says which.
  await new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: root, env: { ...env, VERDIGRIS_VECTORS: file } }, resolve);
  });
  const found = JSON.parse(readFileSync(report, "utf8")) as {
    readonly testResults: readonly { readonly assertionResults: readonly Outcome[] }[];
  };
  const outcomes = found.testResults.flatMap(({ assertionResults }) => assertionResults);
  return Object.fromEntries(outcomes.map(({ title, status }) => [title.replaceAll("'", ""), status]));
}

interface Outcome {
  readonly title: string;
  readonly status: string;
}

it("another vector file is read in the place of ours: right, wrong and unknown sets come out as such [STATISTICS-VECTORS]", {
  timeout: 60_000,
}, async () => {
  const tolerance = { abs: 1e-3 };
  const clustered = { scores: [1, 0, 1, 1], cluster: ["a", "a", "b", "b"] };
  const outcome = await runOn([
    // Student (1908): t of 0.975 at 10 degrees of freedom is 2.228.
    { id: "t-quantiles/inspect", tolerance, cases: [{ p: 0.975, df: 10, t: 2.2281 }] },
    // √(2 · 2 · 0.5²) / 4 is 0.25.
    { id: "clustered-se/inspect", tolerance, cases: [{ ...clustered, se_clustered: 0.26 }] },
    { id: "nobody/knows", tolerance, cases: [{}] },
  ]);
  expect(outcome).toEqual({
    "every set is computed here or named with the reason why not [STATISTICS-VECTORS]": "failed",
    "t-quantiles/inspect, to its tolerance [STATISTICS-VECTORS]": "passed",
    "clustered-se/inspect, to its tolerance [STATISTICS-VECTORS]": "failed",
  });
});

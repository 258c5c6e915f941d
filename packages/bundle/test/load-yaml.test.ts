import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isVerdigrisError } from "@verdigris/contracts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stringify } from "yaml";
import { parseBundle } from "../src/index.ts";
import { loadBundle } from "../src/node.ts";
import { fullManifest } from "./samples.ts";

let folder: string;
let files = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "verdigris-yaml-"));
  await writeFile(join(folder, "system.md"), "Answer from the manual.\n");
});
afterAll(() => rm(folder, { recursive: true }));

async function written(content: string, ending = "yaml"): Promise<string> {
  files += 1;
  const file = join(folder, `bundle-${files}.${ending}`);
  await writeFile(file, content);
  return file;
}

const digest = `sha256:${"a".repeat(64)}`;
const head = `id: docs-1\ncode: { commit: 9b1c2f0e, build: "${digest}" }\n`;

interface Failure {
  readonly code: string;
  readonly issues: readonly { readonly path: string; readonly problem: string }[];
}

async function failure(content: string): Promise<Failure> {
  const error: unknown = await loadBundle(await written(content)).catch((reason: unknown) => reason);
  if (!isVerdigrisError(error)) throw new Error(`loaded, or failed with ${String(error)}`);
  return { code: error.code, issues: (error.details.issues ?? []) as Failure["issues"] };
}

const model = (fields: string): string =>
  `${head}models:\n  planner: { provider: p, name: m, snapshot: m-1, ${fields} }\n`;

test.each(["yaml", "yml", "YAML"])("a .%s file gives the bundle that JSON gives", async (ending) => {
  const file = await written(stringify(fullManifest()), ending);
  expect(await loadBundle(file)).toEqual(parseBundle(fullManifest()));
});

test("prompt files, comments, anchors and a $schema for editors work as one expects", async () => {
  const file = await written(
    `# the docs agent\n$schema: ./bundle-v1.json\n${head}prompts:\n  system: { version: "3", file: system.md }\n` +
      `models:\n  planner: &m { provider: p, name: m, snapshot: m-1 }\n  judge: *m\n`,
  );
  const bundle = await loadBundle(file);
  expect(bundle.prompts.system?.version).toBe("3");
  expect(bundle.models.judge).toEqual(bundle.models.planner);
  expect(Object.keys(bundle)).not.toContain("$schema");
  expect((await failure(`${head}$schema: 5\n`)).issues).toMatchObject([{ path: "$schema" }]);
});

test.each([
  ["1.10", "tools.search.version"],
  ["3", "tools.search.version"],
  ["true", "tools.search.version"],
  ["~", "tools.search.version"],
  ["", "tools.search.version"],
  ["0x1F", "tools.search.version"],
])(
  "a version that YAML reads as no text is refused with the advice to quote it: %j",
  async (version, path) => {
    const tool = `tools:\n  search:\n    contract: "${digest}"\n    pinned: not\n    version: ${version}\n`;
    const { code, issues } = await failure(head + tool);
    expect([code, issues.map((issue) => issue.path)]).toEqual(["bundle-invalid", [path]]);
    expect(issues[0]?.problem).toContain("put it in quotes");
    if (version !== "") expect(issues[0]?.problem).toContain(version);
  },
);

test("a commit that looks like a number too large is refused with the advice to quote it", async () => {
  const { issues } = await failure(`id: docs-1\ncode: { commit: 12e4567, build: "${digest}" }\n`);
  expect(issues).toMatchObject([{ path: "code.commit", problem: expect.stringContaining("quotes") }]);
});

test("other problems carry no advice about quotes", async () => {
  const { issues } = await failure(`${head}extra: text\n`);
  expect(issues).toEqual([{ path: "extra", problem: expect.not.stringContaining("quotes") }]);
});

test("no, dates and clock times stay text, and numbers stay numbers", async () => {
  const file = await written(
    model("retires: 2027-02-28, settings: { region: no, at: 12:30, temperature: 0.10 }"),
  );
  const bundle = await loadBundle(file);
  expect(bundle.models.planner).toMatchObject({
    retires: "2027-02-28",
    settings: { region: "no", at: "12:30", temperature: 0.1 },
  });
});

const bomb = [
  "a0: &a0 [x, x, x, x, x, x, x, x, x]",
  ...Array.from({ length: 8 }, (_, i) => {
    return `a${i + 1}: &a${i + 1} [${Array.from({ length: 9 }, () => `*a${i}`).join(", ")}]`;
  }),
].join("\n");

test.each<readonly [string, string]>([
  ["a member named twice", `${head}id: docs-2\n`],
  ["a member named twice deep inside", model("settings: { a: [{ b: 1, b: 2 }] }")],
  ["a bomb of aliases", head + bomb],
  ["too many aliases", `a: &a x\nb: [${"*a,".repeat(101)}]`],
  ["an alias of what is around it", `${head}models: &m { planner: *m }\n`],
  ["an alias of nothing", `${head}models: *m\n`],
  ["two documents", `${head}---\n${head}`],
  ["another version of YAML", `%YAML 1.1\n---\n${head}`],
  ["a tag that makes bytes", model("settings: { a: !!binary aGk= }")],
  ["a tag that makes plain data by rules of its own", model("settings: { a: !!pairs [b: 1] }")],
  ["a tag that makes a date", model("retires: !!timestamp 2027-02-28")],
  ["a tag of a program", model("settings: { a: !js/function x }")],
  ["a merge key", `${head}models:\n  planner: { <<: { provider: p }, name: m, snapshot: m }\n`],
  ["a key that is no text", `${head}? [a]\n: 1\n`],
  ["a prototype for a name", `${head}tools: { __proto__: { version: x } }\n`],
  ["broken text", "id: [\n"],
  ["tabs for indentation", "id:\n\t- x\n"],
  ["a list", "- id\n"],
  ["nothing", ""],
  ["half of a surrogate pair", `${head}models: { m: { provider: "\\ud83d", name: m, snapshot: m } }\n`],
])("%s is bundle-invalid", async (_, content) => {
  const { code, issues } = await failure(content);
  expect([code, issues.length > 0]).toEqual(["bundle-invalid", true]);
});

test("what is made to take long is refused soon", async () => {
  const started = performance.now();
  expect((await failure("? ".repeat(50_000))).code).toBe("bundle-invalid");
  expect((await failure("[".repeat(100_000))).code).toBe("bundle-invalid");
  const keys = Array.from({ length: 30_000 }, (_, i) => `k${i}: 1`);
  expect((await failure(keys.join("\n"))).code).toBe("bundle-too-large");
  expect((await failure(" ".repeat(1_000_001))).code).toBe("bundle-too-large");
  expect(performance.now() - started).toBeLessThan(20_000);
});

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isVerdigrisError } from "@verdigris/contracts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { defineEvalSet } from "../src/index.ts";
import { loadEvalSet } from "../src/node.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "eval-set-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const input = {
  name: "support",
  version: "7",
  cases: [
    { id: "a", input: "one?", expected: 1.5, slice: "question" },
    { id: "b", input: { ask: ["two", null] }, mustPass: true },
  ],
};
const yaml = `name: support
version: "7"
cases:
  - { id: a, input: "one?", expected: 1.5, slice: question }
  - id: b
    input: { ask: [two, null] }
    mustPass: true
`;
const jsonl = `{"name":"support","version":"7"}\n\n${input.cases.map((entry) => JSON.stringify(entry)).join("\r\n")}\n`;

function write(name: string, text: string | Uint8Array): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

it.each([
  ["set.json", JSON.stringify(input)],
  ["set.yaml", yaml],
  ["set.YML", yaml],
  ["set.jsonl", jsonl],
  ["set.ndjson", jsonl],
])("reads %s as the same set, digest for digest [EVAL-IDENTITY]", async (name, text) => {
  expect(await loadEvalSet(write(name, text))).toEqual(defineEvalSet(input));
});

it.each<readonly [string, string | Uint8Array]>([
  ["no.json", "{"],
  ["empty.json", ""],
  ["bytes.json", new Uint8Array([0xff, 0xfe])],
  ["twice.yaml", "name: a\nname: b\n"],
  ["tag.yaml", "name: !!js/function 'x'\n"],
  // A tag that the parser knows: it would become another value than the one that is read.
  ["known-tag.yaml", `name: a\nversion: "1"\ncases:\n  - id: a\n    input: !!pairs [x: 1]\n`],
  [
    "bomb.yaml",
    `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n`,
  ],
  ["version.yaml", yaml.replace('"7"', "7")],
  ["headless.jsonl", `${JSON.stringify(input)}\n`],
  ["torn.jsonl", `${jsonl}{"id":"c","inp`],
  ["nothing.jsonl", ""],
])("refuses %s with eval-set-invalid [GATE-BAD-INPUT]", async (name, text) => {
  const error: unknown = await loadEvalSet(write(name, text)).catch((caught: unknown) => caught);
  expect(isVerdigrisError(error, "eval-set-invalid")).toBe(true);
});

it.each<readonly [string, string, readonly string[]]>([
  ["member.json", '{"name":"a","version":"1","name":"b","cases":[]}', ["name"]],
  ["deep.json", '{"cases":[{"input":{"q":[1,{"a":"}","a":2}]}}]}', ["cases.0.input.q.1.a"]],
  ["escaped.json", '{"name":"a","n\\u0061me":"b"}', ["name"]],
  ["case.jsonl", `${jsonl}{"id":"c","input":"x","expected":1,"expected":2}`, ["expected"]],
])("refuses %s, which names a member twice, with its path [GATE-BAD-INPUT]", async (name, text, paths) => {
  const error: unknown = await loadEvalSet(write(name, text)).catch((caught: unknown) => caught);
  if (!isVerdigrisError(error, "eval-set-invalid")) throw error;
  expect((error.details.issues as { path: string }[]).map(({ path }) => path)).toEqual(paths);
});

it("refuses a file that is not there, and a folder, with eval-set-invalid", async () => {
  for (const file of [join(folder, "absent.json"), folder]) {
    const error: unknown = await loadEvalSet(file).catch((caught: unknown) => caught);
    expect(isVerdigrisError(error, "eval-set-invalid")).toBe(true);
  }
});

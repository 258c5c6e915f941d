import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isVerdigrisError } from "@verdigris/contracts";
import { Ajv } from "ajv";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseBundle } from "../src/index.ts";
import { bundleJsonSchema, loadBundle } from "../src/node.ts";
import { digit, failureOf, fullManifest } from "./samples.ts";
import { type Loose, wrong } from "./wrong-manifests.ts";

const schemaFile = fileURLToPath(new URL("../schema/bundle-v1.json", import.meta.url));
const validate = new Ajv({ allErrors: true }).compile(bundleJsonSchema());

let folder: string;
let files = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "verdigris-schema-"));
  await writeFile(join(folder, "system.md"), "Answer.\n");
  await writeFile(join(folder, "shots.json"), "[]\n");
});
afterAll(() => rm(folder, { recursive: true }));

async function loads(data: unknown): Promise<boolean> {
  files += 1;
  const file = join(folder, `${files}.json`);
  await writeFile(file, JSON.stringify(data));
  try {
    await loadBundle(file);
    return true;
  } catch (error) {
    if (isVerdigrisError(error)) return false;
    throw error;
  }
}

const edited = (edit: (manifest: Loose) => void): Loose => {
  const manifest = fullManifest() as unknown as Loose;
  edit(manifest);
  return manifest;
};

/** Every part of a schema that stands for a field, the whole of it first. */
function fieldsOf(schema: Loose, name = ""): (readonly [string, Loose])[] {
  const forms: Loose[] = [schema, ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
  const inner = forms.flatMap(({ properties, additionalProperties }) => [
    ...Object.entries<Loose>(properties ?? {}),
    ...(additionalProperties?.type || additionalProperties?.anyOf || additionalProperties?.oneOf
      ? [["*", additionalProperties] as const]
      : []),
  ]);
  return [[name, schema], ...inner.flatMap(([field, member]) => fieldsOf(member, `${name}.${field}`))];
}

/** True when `parseBundle` says so of the shape; what a schema cannot say has other codes or another place. */
function isMisshapen(data: Loose): boolean {
  const failure = failureOf(() => parseBundle(data));
  return failure.code === "bundle-invalid" || failure.code === "record-too-new";
}

const strangers = [null, true, 0, 1.5, 2, "", "x", " x", "x\u200b", "a/b", "2026-02-30", "2026-02-28"];
const odd = [...strangers, "x".repeat(257), digit("A"), digit("7"), [], ["x"], {}, { x: 1 }];

/** A full manifest with one value changed, taken away or added, at every place and in many ways. */
function everyEdit(): (readonly [string, Loose])[] {
  const places = placesOf(fullManifest() as unknown as Loose).filter((path) => path[3] === undefined);
  return places.flatMap((path) => {
    const change = (name: string, edit: (parent: Loose, last: string) => void): readonly [string, Loose] => [
      name,
      edited((manifest) =>
        edit(
          path.slice(0, -1).reduce((at, part) => at[part], manifest),
          path.at(-1) ?? "",
        ),
      ),
    ];
    const place = path.join(".");
    return [
      change(`no ${place}`, (parent, last) => delete parent[last]),
      change(`one more beside ${place}`, (parent) => {
        if (!Array.isArray(parent)) parent.surplus = 1;
      }),
      ...odd.map((value) =>
        change(`${place} is ${JSON.stringify(value)}`, (parent, last) => (parent[last] = value)),
      ),
    ];
  });
}

function placesOf(value: Loose, path: readonly string[] = []): (readonly string[])[] {
  return Object.entries(value).flatMap(([name, member]) => {
    const here = [...path, name];
    return typeof member === "object" && member !== null ? [here, ...placesOf(member, here)] : [here];
  });
}

const contract = { name: "search", description: "", inputSchema: {} };

const forms: readonly (readonly [string, (m: Loose) => unknown])[] = [
  ["a manifest", () => undefined],
  ["a bundle that was written out", (m) => Object.assign(m, parseBundle(fullManifest()))],
  ["an input without a format", (m) => delete m.v],
  ["a $schema for editors", (m) => (m.$schema = "./bundle-v1.json")],
  [
    "a dirty tree that is allowed",
    (m) => Object.assign(m, { allowDirty: true, code: { ...m.code, dirty: true } }),
  ],
  ["pieces left out", (m) => delete m.prompts && delete m.models && delete m.tools],
  ["a listing in any order", (m) => (m.allowFloating = ["tools.weather", "indexes.news", "indexes.news"])],
  ["an empty listing", (m) => Object.assign(m, { indexes: {}, allowFloating: [] })],
  ["a prompt by file", (m) => (m.prompts.system = { version: "3", file: "system.md" })],
  ["examples by file", (m) => (m.prompts.shots = { version: "3", kind: "examples", file: "./shots.json" })],
  ["a prompt by text", (m) => (m.prompts.system = { version: "3", text: "", kind: "text" })],
  ["examples", (m) => (m.prompts.shots = { version: "3", kind: "examples", examples: null })],
  ["an index without embedding model", (m) => (m.indexes.docs.embedding = null)],
  ["a tool's contract", (m) => (m.tools.search.contract = contract)],
  [
    "a tool's whole contract",
    (m) => (m.tools.search.contract = { ...contract, outputSchema: {}, annotations: {}, serverVersion: "1" }),
  ],
];

const faults: readonly (readonly [string, (m: Loose) => unknown])[] = [
  ...wrong.flatMap(([name, edit]) => (name === "an empty listing" ? [] : [[name, edit] as const])),
  ["no code", (m) => delete m.code],
  ["no id", (m) => delete m.id],
  ["a name that JavaScript keeps", (m) => (m.tools.constructor = m.tools.search)],
  ["a $schema that is no text", (m) => (m.$schema = 1)],
  ["a digest of no such form", (m) => (m.digest = "x")],
  ["allowDirty that is no boolean", (m) => (m.allowDirty = "yes")],
  [
    "a prompt by text and by file",
    (m) => (m.prompts.system = { version: "3", text: "x", file: "system.md" }),
  ],
  ["a prompt by nothing", (m) => (m.prompts.system = { version: "3" })],
  ["an absolute file", (m) => (m.prompts.system = { version: "3", file: "/system.md" })],
  ["an empty file name", (m) => (m.prompts.system = { version: "3", file: "" })],
  ["text for examples", (m) => (m.prompts.system = { version: "3", text: "x", kind: "examples" })],
  ["examples without their kind", (m) => (m.prompts.system = { version: "3", examples: [] })],
  ["a day that does not exist", (m) => (m.models.planner.retires = "2027-02-29")],
  ["a contract without a description", (m) => (m.tools.search.contract = { name: "a", inputSchema: {} })],
  ["a contract with more in it", (m) => (m.tools.search.contract = { ...contract, title: "x" })],
  ["a schema that is no object", (m) => (m.tools.search.contract = { ...contract, inputSchema: [] })],
  ["a result schema that is text", (m) => (m.tools.search.contract = { ...contract, outputSchema: "x" })],
  ["a server version that is no text", (m) => (m.tools.search.contract = { ...contract, serverVersion: 1 })],
  ["a later format", (m) => (m.v = 2)],
];

describe("the schema for editors", () => {
  // `vitest run -u` writes it again after a change.
  it("is the published file", async () => {
    await expect(`${JSON.stringify(bundleJsonSchema(), null, 2)}\n`).toMatchFileSnapshot(schemaFile);
  });

  it.each(forms)("accepts what loadBundle accepts: %s", async (_, edit) => {
    const data = edited(edit);
    expect([validate(data), validate.errors ?? [], await loads(data)]).toEqual([true, [], true]);
  });

  it.each(faults)("judges as loadBundle does: %s", async (_, edit) => {
    const data = edited(edit);
    expect(validate(data)).toBe(await loads(data));
  });

  it("judges as parseBundle does when any one value of a manifest is another, missing, or one too many", () => {
    const differing = everyEdit().filter(([, data]) => validate(data) === isMisshapen(data));
    // A file may leave out the format and pieces. Whether a listing names something is beyond a schema.
    const known = /^(?:no (?:v|prompts|models|indexes|tools)|indexes is {}|allowFloating(?:\.0)? is )/;
    expect(differing.map(([name]) => name).filter((name) => !known.test(name))).toEqual([]);
  });

  it("refuses nearly all of what is wrong", () => {
    const accepted = faults.filter(([, edit]) => validate(edited(edit))).map(([name]) => name);
    expect(accepted).toEqual(["a missing piece", "unsorted listings", "a listing given twice"]);
  });

  it.each<readonly [string, (m: Loose) => unknown]>([
    ["a file that does not exist", (m) => (m.prompts.system = { version: "3", file: "nowhere.md" })],
    ["a moving version", (m) => (m.tools.search.version = "latest")],
    ["a model without snapshot that is not listed", (m) => delete m.models.judge.snapshot],
    ["a listing of nothing", (m) => m.allowFloating.push("tools.nowhere")],
    ["an empty listing with a live index", (m) => (m.allowFloating = [])],
    ["a dirty tree", (m) => (m.code.dirty = true)],
    ["a digest that does not match", (m) => (m.digest = digit("1"))],
    ["a manifest too large", (m) => (m.models.planner.settings = { text: "x".repeat(60_000) })],
  ])("leaves to loadBundle what a schema cannot say: %s", async (_, edit) => {
    const data = edited(edit);
    expect([validate(data), await loads(data)]).toEqual([true, false]);
  });

  it("describes every field and uses every description", async () => {
    const fields = fieldsOf(bundleJsonSchema());
    const bare = fields.filter(([, { description }]) => typeof description !== "string");
    const used = new Set(fields.map(([, { description }]) => description));
    expect(bare).toEqual([]);
    const table = await readFile(new URL("../src/field-descriptions.ts", import.meta.url), "utf8");
    expect(used.size).toBe([...table.matchAll(/^ {2}\[/gm)].length);
  });
});

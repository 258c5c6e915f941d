import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isVerdigrisError } from "@verdigris/contracts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { defineBundle, parseBundle } from "../src/index.ts";
import { loadBundle } from "../src/node.ts";
import { digit, fullManifest } from "./samples.ts";

let folder: string;
const code = { commit: "9b1c2f0e5d", build: digit("a") } as const;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "verdigris-bundle-"));
  await mkdir(join(folder, "prompts"));
  await writeFile(join(folder, "prompts/system.md"), "\ufeffAnswer from the manual.\r\n");
  await writeFile(join(folder, "prompts/shots.json"), '[ {"b": 1, "a": 2} ]\n');
  await writeFile(join(folder, "prompts/latin1.md"), Buffer.from([0x66, 0xfc, 0x72]));
});
afterAll(() => rm(folder, { recursive: true }));

async function written(name: string, content: unknown): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, typeof content === "string" ? content : JSON.stringify(content));
  return file;
}

type Failure = { code: string; paths: string[]; cause: unknown };

async function failure(file: string): Promise<Failure> {
  const error: unknown = await loadBundle(file).catch((reason: unknown) => reason);
  if (!isVerdigrisError(error)) throw error;
  const issues = (error.details.issues ?? []) as { path: string }[];
  return { code: error.code, paths: issues.map(({ path }) => path), cause: error.cause };
}

test("prompts are read from files beside the bundle, byte for byte", async () => {
  const file = await written("files.json", {
    id: "docs-1",
    code,
    prompts: {
      system: { version: "3", file: "./prompts/system.md" },
      shots: { version: "1", kind: "examples", file: "prompts/shots.json" },
    },
  });
  expect(await loadBundle(file)).toEqual(
    defineBundle({
      id: "docs-1",
      code,
      prompts: {
        system: { version: "3", text: "\ufeffAnswer from the manual.\r\n" },
        shots: { version: "1", kind: "examples", examples: [{ a: 2, b: 1 }] },
      },
    }),
  );
});

test("a manifest and a bundle that was written out load as they are", async () => {
  const bundle = parseBundle(fullManifest());
  expect(await loadBundle(await written("manifest.json", fullManifest()))).toEqual(bundle);
  expect(await loadBundle(await written("bundle.json", bundle))).toEqual(bundle);
  const forged = await written("forged.json", { ...bundle, digest: digit("1") });
  expect(await failure(forged)).toMatchObject({ code: "bundle-invalid", paths: ["digest"] });
});

test("a missing bundle file is bundle-invalid with the reason as its cause", async () => {
  expect(await failure(join(folder, "nowhere.json"))).toMatchObject({
    code: "bundle-invalid",
    paths: [""],
    cause: { code: "ENOENT" },
  });
});

test.each([
  ["no-json.json", "{"],
  ["list.json", "[]"],
  ["twice.json", '{"id":"a","id":"b"}'],
])("%s is bundle-invalid", async (name, content) => {
  expect((await failure(await written(name, content))).code).toBe("bundle-invalid");
});

test("every prompt file that cannot be used is named", async () => {
  const file = await written("broken.json", {
    id: "docs-1",
    code,
    prompts: {
      good: { version: "1", file: "prompts/system.md" },
      missing: { version: "1", file: "prompts/nowhere.md" },
      folder: { version: "1", file: "prompts" },
      latin: { version: "1", file: "prompts/latin1.md" },
      absolute: { version: "1", file: join(folder, "prompts/system.md") },
      number: { version: "1", file: 5 },
      both: { version: "1", file: "prompts/system.md", text: "x" },
      shots: { version: "1", kind: "examples", file: "prompts/system.md" },
    },
  });
  expect(await failure(file)).toMatchObject({
    code: "bundle-invalid",
    paths: [
      "prompts.missing.file",
      "prompts.folder.file",
      "prompts.latin.file",
      "prompts.absolute.file",
      "prompts.number.file",
      "prompts.both",
      "prompts.shots.file",
    ],
    cause: { code: "ENOENT" },
  });
});

test("what the files cannot excuse is still refused", async () => {
  const model = { provider: "p", name: "m-latest", snapshot: "m-latest" };
  const floating = await written("floating.json", { id: "a", code, models: { planner: model } });
  expect((await failure(floating)).code).toBe("bundle-floating");
  const hostile = await written("hostile.json", '{"id":"a","prompts":{"__proto__":{"file":"x"}}}');
  expect((await failure(hostile)).code).toBe("bundle-invalid");
  const huge = await written("huge.json", " ".repeat(1_000_001));
  expect((await failure(huge)).code).toBe("bundle-too-large");
});

test("a dirty tree is allowed by the file or by the caller", async () => {
  const dirty = { id: "a", code: { ...code, dirty: true } };
  const file = await written("dirty.json", dirty);
  expect((await failure(file)).code).toBe("bundle-dirty");
  expect((await loadBundle(file, { allowDirty: true })).code.dirty).toBe(true);
  expect((await loadBundle(await written("allowed.json", { ...dirty, allowDirty: true }))).code.dirty).toBe(
    true,
  );
});

test("a path is required", async () => {
  await expect(loadBundle("")).rejects.toMatchObject({ code: "invalid-argument" });
});

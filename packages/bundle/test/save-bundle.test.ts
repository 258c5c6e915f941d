import { mkdtemp, open, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { Bundle } from "@verdigris/contracts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { defineBundle, parseBundle } from "../src/index.ts";
import { loadBundle, saveBundle } from "../src/node.ts";
import { digit, fullManifest } from "./samples.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "verdigris-save-"));
});
afterAll(() => rm(folder, { recursive: true }));

test("a saved bundle loads as the same bundle, digest included", async () => {
  const bundle = parseBundle(fullManifest());
  const file = join(folder, "bundle.json");
  await writeFile(file, "something else");
  await saveBundle(file, bundle);
  expect(await loadBundle(file)).toEqual(bundle);
  const text = await readFile(file, "utf8");
  expect([text.startsWith('{\n  "v": 1,'), text.endsWith("}\n"), JSON.parse(text).digest]).toEqual([
    true,
    true,
    bundle.digest,
  ]);
  expect(await readdir(folder)).toEqual(["bundle.json"]);
});

test("whoever has the file open while it is saved reads what it held before, whole", async () => {
  const file = join(folder, "open.json");
  await saveBundle(file, parseBundle(fullManifest()));
  const before = await readFile(file, "utf8");
  await using reader = await open(file);
  await saveBundle(file, parseBundle({ ...fullManifest(), id: "docs-later" }));
  expect(await reader.readFile("utf8")).toBe(before);
  expect((await loadBundle(file)).id).toBe("docs-later");
});

test("of bundles saved to one file at once, one stands there whole", async () => {
  const file = join(folder, "contended.json");
  const ids = Array.from({ length: 20 }, (_, i) => `docs-${i}`);
  const bundles = ids.map((id) => parseBundle({ ...fullManifest(), id }));
  await Promise.all(bundles.map((bundle) => saveBundle(file, bundle)));
  expect(ids).toContain((await loadBundle(file)).id);
  expect((await readdir(folder)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
});

test("a bundle of a dirty tree is saved, and read back by whoever allows it", async () => {
  const code = { commit: "9b1c2f0e", build: digit("a"), dirty: true } as const;
  const bundle = defineBundle({ id: "trial-1", code, allowDirty: true });
  const file = join(folder, "dirty.json");
  await saveBundle(file, bundle);
  await expect(loadBundle(file)).rejects.toMatchObject({ code: "bundle-dirty" });
  expect(await loadBundle(file, { allowDirty: true })).toEqual(bundle);
});

test("what is no bundle is not written, nor is anything where it cannot be", async () => {
  const forged = { ...parseBundle(fullManifest()), digest: digit("1") };
  await expect(saveBundle(join(folder, "forged.json"), forged)).rejects.toMatchObject({
    code: "bundle-invalid",
  });
  const bundle: Bundle = parseBundle(fullManifest());
  await expect(saveBundle("", bundle)).rejects.toMatchObject({ code: "invalid-argument" });
  await expect(saveBundle(join(folder, "nowhere/bundle.json"), bundle)).rejects.toMatchObject({
    code: "invalid-argument",
    cause: { code: "ENOENT" },
  });
  await expect(saveBundle(folder, bundle)).rejects.toMatchObject({ code: "invalid-argument" });
  expect((await readdir(join(folder, ".."))).filter((name) => name.startsWith(basename(folder)))).toEqual([
    basename(folder),
  ]);
  expect(await readdir(folder)).not.toContain("forged.json");
});

import { once } from "node:events";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { digestOf } from "../src/index.ts";
import { digestOfPath } from "../src/node.ts";

let cwd: string;

async function put(file: string, text = "x"): Promise<void> {
  await mkdir(join(cwd, file, ".."), { recursive: true });
  await writeFile(join(cwd, file), text);
}

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "verdigris-digest-"));
  await put("dist/main.js", "main");
  await put("dist/deep/part.js", "part");
});
afterEach(() => rm(cwd, { recursive: true }));

describe("digestOfPath", () => {
  it("depends on paths and contents alone", async () => {
    const before = await digestOfPath(join(cwd, "dist"));
    await put("copy/main.js", "main");
    await mkdir(join(cwd, "copy/empty"));
    await put("copy/deep/part.js", "part");
    expect(await digestOfPath(join(cwd, "copy"))).toBe(before);
    await symlink("copy", join(cwd, "current"));
    expect(await digestOfPath(join(cwd, "current"))).toBe(before);
    for (const [file, text] of [
      ["copy/main.js", "MAIN"],
      ["copy/.hidden", ""],
      ["copy/deep/other.js", "part"],
    ] as const) {
      const last = await digestOfPath(join(cwd, "copy"));
      await put(file, text);
      expect(await digestOfPath(join(cwd, "copy"))).not.toBe(last);
    }
  });

  it("is SHA-256 of a file's bytes, and sorts paths by code units", async () => {
    expect(await digestOfPath(join(cwd, "dist/main.js"))).toBe(digestOf("main"));
    for (const name of ["b", "B", "a-b", "a/b", "é"]) await put(`names/${name}`, "");
    const empty = digestOf("");
    const list = ["B", "a-b", "a/b", "b", "é"].map((name) => `["${name}","${empty}"]`).join(",");
    expect(await digestOfPath(join(cwd, "names"))).toBe(digestOf(`[${list}]`));
  });

  it("refuses links below a directory, sockets, empty directories and what is missing", async () => {
    await put("linked/file");
    await symlink("file", join(cwd, "linked/link"));
    await mkdir(join(cwd, "hollow/inside"), { recursive: true });
    await mkdir(join(cwd, "odd"));
    const server = createServer().listen(join(cwd, "odd/socket"));
    await once(server, "listening");
    for (const path of ["linked", "hollow", "odd", "odd/socket", "nowhere"]) {
      await expect(digestOfPath(join(cwd, path)), path).rejects.toMatchObject({ code: "bundle-invalid" });
    }
    server.close();
    expect(() => digestOfPath("")).toThrow(expect.objectContaining({ code: "invalid-argument" }));
  });
});

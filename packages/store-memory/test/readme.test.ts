import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const home = fileURLToPath(new URL("..", import.meta.url));

test("the first program of the README runs as it stands, against the built package", async () => {
  const readme = await readFile(join(home, "README.md"), "utf8");
  const program = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";
  expect(program.trim().split("\n").length).toBeLessThanOrEqual(15);
  const directory = await mkdtemp(join(tmpdir(), "verdigris-"));
  const run = promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program], {
    cwd: home,
    env: { ...process.env, STORE_FILE: join(directory, "store.db") },
  });
  await expect(run).resolves.toMatchObject({ stderr: "" });
  await rm(directory, { recursive: true, force: true });
});

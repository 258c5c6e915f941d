import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, it, vi } from "vitest";

const home = fileURLToPath(new URL("..", import.meta.url));
// Inside the package, so that its imports resolve as the package's own.
const folder = `${home}test/.readme`;

it("the first program of the README runs as it stands, and prints what it says [HOUSE-README]", async () => {
  const readme = await readFile(`${home}README.md`, "utf8");
  const [, program = ""] = /```ts\n([\s\S]*?)```/.exec(readme) ?? [];
  expect(program.trim().split("\n").length).toBeLessThanOrEqual(15);
  const printed = vi.spyOn(console, "log").mockImplementation(() => {});
  const file = `${folder}/program.ts`;
  await mkdir(folder, { recursive: true });
  try {
    await writeFile(file, program);
    await import(/* @vite-ignore */ file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const [, promised] = /\/\/ (.*)\n$/.exec(program) ?? [];
  expect(printed.mock.calls.map((call) => call.join(" "))).toEqual([promised]);
});

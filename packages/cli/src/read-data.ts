import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { CliError } from "./cli-error.ts";

/** Reads a file of data: JSON, YAML, or a module whose default it is. */
export async function readData(cwd: string, file: string): Promise<unknown> {
  const path = resolve(cwd, file);
  if (/\.[cm]?[jt]s$/.test(path))
    return ((await import(pathToFileURL(path).href)) as { default?: unknown }).default;
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    throw new CliError("usage", `${file} could not be read: ${(cause as Error).message}`, { cause });
  }
  try {
    if (!/\.ya?ml$/.test(path)) return JSON.parse(text);
    const { parse } = await import("yaml");
    return parse(text, { uniqueKeys: true, maxAliasCount: 100 });
  } catch (cause) {
    throw new CliError("usage", `${file} does not hold what its name says: ${(cause as Error).message}`, {
      cause,
    });
  }
}

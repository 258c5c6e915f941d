import { readFile, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { isPlainObject } from "@verdigris/contracts";
import { invalidBundle } from "../issues.ts";

const namePattern = /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/i;

/**
 * The version in the `package.json` of the package that code in `cwd` would import. Read as a file, because a package
 * may keep its `package.json` out of its exports. Throws `bundle-invalid` at `path`.
 */
export async function packageVersion(path: string, cwd: string, name: unknown): Promise<string> {
  const fail: Fail = (problem, cause) => invalidBundle("bundle", [{ path, problem }], { cause });
  if (typeof name !== "string" || !namePattern.test(name)) throw fail("must be the name of a package");
  for (const folder of createRequire(join(cwd, "here.js")).resolve.paths(`${name}/package.json`) ?? []) {
    const place = join(folder, name);
    // Node stops at the first folder of the name, whatever is in it: a package further up is not the one that runs.
    if (!(await stands(place, fail))) continue;
    const text = await readFile(join(place, "package.json"), "utf8").catch((cause: unknown) => {
      throw fail(`names a package whose package.json cannot be read: ${place}`, cause);
    });
    const version = versionIn(text);
    if (version === null) throw fail(`names a package without a version: ${place}`);
    return version;
  }
  throw fail(`names a package that is not installed for ${cwd}: ${name}`);
}

type Fail = (problem: string, cause?: unknown) => Error;

async function stands(place: string, fail: Fail): Promise<boolean> {
  try {
    return (await stat(place)).isDirectory();
  } catch (cause) {
    const { code } = cause as { readonly code?: unknown };
    if (code === "ENOENT" || code === "ENOTDIR") return false;
    throw fail(`names a package that cannot be read: ${place}`, cause);
  }
}

function versionIn(text: string): string | null {
  try {
    const manifest: unknown = JSON.parse(text);
    return isPlainObject(manifest) && typeof manifest.version === "string" ? manifest.version : null;
  } catch {
    return null;
  }
}

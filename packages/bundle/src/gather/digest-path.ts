import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join, relative, resolve, sep } from "node:path";
import { canonicalJson, type Digest, InvalidArgumentError, VerdigrisError } from "@verdigris/contracts";
import { digestOf } from "../digest.ts";
import { invalidBundle } from "../issues.ts";

/**
 * The digest of a file or directory, whatever its size: of a file SHA-256 over its bytes, of a directory SHA-256 over the
 * canonical JSON of `[[path, digest], …]` of all files below it, hidden ones too, by path with `/`, sorted by code units.
 * Times, modes, empty directories and the directory's own name do not count.
 *
 * `path` itself may be a symbolic link; links below a directory are refused, since what they show is not in it.
 * Throws `bundle-invalid` naming the file, also for a directory without files.
 */
export function digestOfPath(path: string): Promise<Digest> {
  if (typeof path !== "string" || path === "") throw new InvalidArgumentError("path", "must be a path");
  return digestAny("", path);
}

/** The digest of what stands at `file`; problems are reported at `place`. */
export async function digestAny(
  place: string,
  file: string,
  expected?: "file" | "directory",
): Promise<Digest> {
  const found = await reading(place, file, () => stat(file));
  if (found.isDirectory() && expected !== "file") return digestDirectory(place, file);
  if (found.isFile() && expected !== "directory") return digestFile(place, file);
  const wanted = expected === "directory" ? "directory" : "regular file";
  throw invalidBundle("bundle", [{ path: place, problem: `is no ${wanted}: ${file}` }]);
}

/** The digest of listed files, as of a directory; names are relative to `cwd`, in any order. */
export async function digestListed(place: string, cwd: string, files: readonly string[]): Promise<Digest> {
  const digests = new Map<string, Digest>();
  for (const [index, file] of files.entries()) {
    const path = resolve(cwd, file);
    digests.set(portable(relative(cwd, path)), await digestAny(`${place}.${index}`, path, "file"));
  }
  return combined(place, digests);
}

async function digestDirectory(place: string, directory: string): Promise<Digest> {
  const digests = new Map<string, Digest>();
  const open = [directory];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const inside = at;
    for (const entry of await reading(place, inside, () => readdir(inside, { withFileTypes: true }))) {
      const file = join(inside, entry.name);
      if (entry.isDirectory()) open.push(file);
      else if (entry.isFile())
        digests.set(portable(relative(directory, file)), await digestFile(place, file));
      else {
        const what = entry.isSymbolicLink() ? "a symbolic link" : "neither a file nor a directory";
        throw invalidBundle("bundle", [{ path: place, problem: `holds ${file}, which is ${what}` }]);
      }
    }
  }
  return combined(place, digests);
}

function combined(place: string, digests: ReadonlyMap<string, Digest>): Digest {
  // Nothing has a digest too, and it would be the same for every build that failed.
  if (digests.size === 0) throw invalidBundle("bundle", [{ path: place, problem: "holds no file" }]);
  return digestOf(canonicalJson([...digests].sort(([a], [b]) => (a < b ? -1 : 1))));
}

function digestFile(place: string, file: string): Promise<Digest> {
  return reading(place, file, async () => {
    const hash = createHash("sha256");
    for await (const chunk of createReadStream(file)) hash.update(chunk as Uint8Array);
    return `sha256:${hash.digest("hex")}` as const;
  });
}

async function reading<T>(place: string, file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof VerdigrisError) throw cause;
    throw invalidBundle("bundle", [{ path: place, problem: `cannot be read: ${file}` }], { cause });
  }
}

function portable(path: string): string {
  return path.split(sep).join("/");
}

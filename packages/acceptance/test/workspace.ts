import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

export const root: string = join(dirname(fileURLToPath(import.meta.url)), "../../..");

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, { readonly "@verdigris/source"?: string }>>;
  readonly description?: string;
  readonly license?: string;
  readonly files?: readonly string[];
}

export interface Package {
  readonly folder: string;
  readonly path: string;
  readonly manifest: Manifest;
}

export function read(...parts: string[]): string {
  return readFileSync(join(root, ...parts), "utf8");
}

export function packages(): readonly Package[] {
  return readdirSync(join(root, "packages"))
    .filter((folder) => existsSync(join(root, "packages", folder, "package.json")))
    .map((folder) => ({
      folder,
      path: join(root, "packages", folder),
      manifest: JSON.parse(read("packages", folder, "package.json")) as Manifest,
    }));
}

/** Files below a folder of the workspace, as paths from its root, build output left out. */
export function filesBelow(folder: string, ending: string): readonly string[] {
  const at = join(root, folder);
  if (!existsSync(at)) return [];
  return readdirSync(at, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((path) => !/(^|\/)(node_modules|dist)\//.test(path));
}

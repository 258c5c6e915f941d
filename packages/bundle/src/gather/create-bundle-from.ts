import { resolve } from "node:path";
import {
  canonicalJson,
  InvalidArgumentError,
  isPlainObject,
  isVerdigrisError,
  joinPath,
  VerdigrisError,
} from "@verdigris/contracts";
import type { BundleInput, TypedBundle } from "../bundle-input.ts";
import { defineBundle } from "../define-bundle.ts";
import { digestOf } from "../digest.ts";
import { type BundleIssue, invalidBundle } from "../issues.ts";
import { readPrompt } from "../read-file.ts";
import type { BundleSources } from "./bundle-sources.ts";
import { digestAny, digestListed } from "./digest-path.ts";
import { readGitState } from "./git-state.ts";
import { type McpTools, mcpEntries } from "./mcp-tools.ts";
import { packageVersion } from "./package-version.ts";

type Fields = Readonly<Record<string, unknown>>;

interface Gathering {
  readonly cwd: string;
  readonly signal: AbortSignal | undefined;
  readonly issues: BundleIssue[];
  readonly causes: unknown[];
}

/**
 * A bundle of what is here now: commit and dirty flag from git, digests of the build, prompt and index files, versions of
 * installed packages, contracts from MCP servers. The same contents give the same bundle on every machine. Nothing is
 * written; clients are left open.
 *
 * Errors: those of `defineBundle`; `bundle-invalid` also for every source that cannot be read, all of them in
 * `details.issues` and the first one's `cause`, and `bundle-too-large` for a prompt file of over 16 MiB. Rejects with the
 * reason of `signal` once it has fired.
 */
export async function createBundleFrom<
  const P extends string = never,
  const M extends string = never,
  const I extends string = never,
  const T extends string = never,
  const N extends string = never,
>(sources: BundleSources<P, M, I, T, N>): Promise<TypedBundle<P, M, I, T | N>> {
  if (!isPlainObject(sources)) throw new InvalidArgumentError("sources", "must be an object");
  const { git, build, guardrails, prompts, indexes, tools, mcp, signal, ...rest } = sources as BundleSources;
  const cwd = checkedFolder(sources);
  const gathering: Gathering = { cwd, signal, issues: [], causes: [] };
  const gathered = {
    ...rest,
    code: {
      ...(await attempt(gathering, () => readGitState(cwd, signal))),
      build: await attempt(gathering, () => digestBuild(cwd, build)),
      ...(guardrails === undefined
        ? {}
        : {
            guardrails: await attempt(gathering, () => digestNamed("guardrails", cwd, guardrails, "file")),
          }),
    },
    prompts: await gatherPiece(gathering, "prompts", prompts, gatherPrompt),
    indexes: await gatherPiece(gathering, "indexes", indexes, gatherIndex),
    tools: await gatherTools(gathering, tools, mcp ?? []),
  };
  if (gathering.issues.length > 0) {
    throw invalidBundle(`bundle ${String(sources.id)}`, gathering.issues, { cause: gathering.causes[0] });
  }
  // Gathered data has no type; defineBundle checks all of it.
  return defineBundle(gathered as unknown as BundleInput) as TypedBundle<P, M, I, T | N>;
}

/** What the call itself must get right; everything else is reported with its place. */
function checkedFolder({ git, signal, ...rest }: BundleSources): string {
  if (typeof git?.cwd !== "string" || git.cwd === "")
    throw new InvalidArgumentError("git.cwd", "must be a path");
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw new InvalidArgumentError("signal", "must be an AbortSignal");
  // It would be a member that defineBundle knows, and silently replaced.
  if ("code" in rest) throw new InvalidArgumentError("code", "is gathered from git, build and guardrails");
  return resolve(git.cwd);
}

/** Goes on after a problem, so that all of them are reported together. */
async function attempt<T>(gathering: Gathering, work: () => Promise<T>): Promise<T | undefined> {
  gathering.signal?.throwIfAborted();
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof VerdigrisError) || error.code !== "bundle-invalid") throw error;
    gathering.issues.push(...(error.details.issues as BundleIssue[]));
    gathering.causes.push(error.cause);
    return undefined;
  }
}

function fail(path: string, problem: string, cause?: unknown): Error {
  return invalidBundle("bundle", [{ path, problem }], { cause });
}

async function digestNamed(
  path: string,
  cwd: string,
  named: unknown,
  expected: "file" | "directory",
): Promise<string> {
  if (typeof named !== "string" || named === "") throw fail(path, "must be a path");
  return digestAny(path, resolve(cwd, named), expected);
}

async function digestBuild(cwd: string, build: unknown): Promise<string> {
  if (isPlainObject(build) && "dir" in build !== "files" in build) {
    if ("dir" in build) return digestNamed("build.dir", cwd, build.dir, "directory");
    const { files } = build;
    if (Array.isArray(files) && files.every((file) => typeof file === "string" && file !== "")) {
      return digestListed("build.files", cwd, files);
    }
    throw fail("build.files", "must be a list of paths");
  }
  throw fail("build", "must give either dir or files");
}

type Gather = (gathering: Gathering, path: string, entry: Fields) => Promise<unknown>;

/** What is no object passes through, so that the shape names it. */
async function gatherPiece(
  gathering: Gathering,
  piece: string,
  entries: unknown,
  gather: Gather,
): Promise<unknown> {
  if (!isPlainObject(entries)) return entries;
  const gathered: [string, unknown][] = [];
  for (const [name, entry] of Object.entries(entries)) {
    const read = isPlainObject(entry)
      ? await attempt(gathering, () => gather(gathering, joinPath(piece, name), entry))
      : entry;
    gathered.push([name, read]);
  }
  return Object.fromEntries(gathered);
}

async function gatherPrompt({ cwd }: Gathering, path: string, entry: Fields): Promise<unknown> {
  if (entry.file === undefined) return entry;
  const { file, version, ...rest } = entry;
  const other = ["text", "examples", "digest"].find((field) => rest[field] !== undefined);
  if (other !== undefined) throw fail(path, `gives file and ${other}; give one of them`);
  if (typeof file !== "string" || file === "") throw fail(`${path}.file`, "must be a path");
  const place = { bundle: "bundle", path: `${path}.file` };
  const content = await readPrompt(place, resolve(cwd, file), rest.kind);
  const digest = "digest" in content ? content.digest : digestOfExamples(place.path, content.examples);
  return { ...rest, version: version ?? digest.slice(7, 19), digest };
}

function digestOfExamples(path: string, examples: unknown): string {
  try {
    return digestOf(canonicalJson(examples));
  } catch (cause) {
    if (!isVerdigrisError(cause)) throw cause;
    throw fail(path, `cannot be digested: ${cause.message}`, cause);
  }
}

async function gatherIndex({ cwd }: Gathering, path: string, entry: Fields): Promise<unknown> {
  const { dir, file, ...rest } = entry;
  if (dir === undefined && file === undefined) return entry;
  const other = ["kind", "digest", dir === undefined ? "" : "file"].find(
    (field) => entry[field] !== undefined,
  );
  if (other !== undefined)
    throw fail(path, `gives ${dir === undefined ? "file" : "dir"} and ${other}; give one of them`);
  const digest =
    dir === undefined
      ? await digestNamed(`${path}.file`, cwd, file, "file")
      : await digestNamed(`${path}.dir`, cwd, dir, "directory");
  return { ...rest, kind: "snapshot", digest };
}

async function gatherTool({ cwd }: Gathering, path: string, entry: Fields): Promise<unknown> {
  if (entry.package === undefined) return entry;
  const { package: name, pinned = "per-call", ...rest } = entry;
  if (rest.version !== undefined) throw fail(path, "gives package and version; give one of them");
  return { ...rest, pinned, version: await packageVersion(`${path}.package`, cwd, name) };
}

async function gatherTools(gathering: Gathering, tools: unknown, mcp: readonly McpTools[]): Promise<unknown> {
  const own = await gatherPiece(gathering, "tools", tools, gatherTool);
  if (!Array.isArray(mcp)) throw new InvalidArgumentError("mcp", "must be a list");
  if (mcp.length === 0 || (own !== undefined && !isPlainObject(own))) return own;
  const all = new Map<string, unknown>(Object.entries(own ?? {}));
  for (const [index, source] of mcp.entries()) {
    const listed = await attempt(gathering, () => mcpEntries(`mcp.${index}`, source, gathering.signal));
    for (const [name, entry] of listed ?? []) {
      if (all.has(name)) {
        const problem = "is the name of two tools; give names as { entry: tool }";
        gathering.issues.push({ path: joinPath("tools", name), problem });
      }
      all.set(name, entry);
    }
  }
  return Object.fromEntries(all);
}

import { execFile } from "node:child_process";
import { stat } from "node:fs/promises";
import { promisify } from "node:util";
import { invalidBundle } from "../issues.ts";

/** What was checked out, and whether the working tree is that. */
export interface GitState {
  /** 40 hex digits, 64 in a repository of SHA-256. */
  readonly commit: string;
  readonly dirty: boolean;
}

const run = promisify(execFile);
const timeout = 60_000;
const maxBuffer = 16_777_216;

/**
 * The commit of the repository around `cwd`, and whether anything in its working tree differs: changed, staged or
 * untracked files, submodules too; ignored files do not count. Throws `bundle-invalid` at `git.cwd`, and the reason of `signal` once it has
 * fired.
 */
export async function readGitState(cwd: string, signal?: AbortSignal): Promise<GitState> {
  // A missing folder and a missing program give the same error to whoever starts a process.
  const found = await stat(cwd).catch((cause: unknown) => {
    throw fail(`cannot be read: ${cwd}`, cause);
  });
  if (!found.isDirectory()) throw fail(`is no directory: ${cwd}`);
  // One call answers for the commit and the tree, so that no commit comes between them.
  const text = await git(cwd, signal);
  const lines = text.split("\0");
  const oid = lines.find((line) => line.startsWith("# branch.oid "))?.slice("# branch.oid ".length);
  if (oid === undefined || !/^[0-9a-f]{40,64}$/.test(oid)) throw fail(`has no commit yet: ${cwd}`);
  return { commit: oid, dirty: lines.some((line) => line !== "" && !line.startsWith("# ")) };
}

async function git(cwd: string, signal: AbortSignal | undefined): Promise<string> {
  // Explicit options, because a user's settings can hide untracked files and submodules.
  const options = [
    "--porcelain=v2",
    "--branch",
    "-z",
    "--untracked-files=normal",
    "--ignore-submodules=none",
  ];
  try {
    const limits = { timeout, maxBuffer, ...(signal === undefined ? {} : { signal }) };
    const { stdout } = await run("git", ["status", ...options], { cwd, env: environment(), ...limits });
    return stdout;
  } catch (cause) {
    signal?.throwIfAborted();
    throw fail(reasonOf(cause, cwd), cause);
  }
}

function reasonOf(cause: unknown, cwd: string): string {
  const { code, stderr } = cause as { readonly code?: unknown; readonly stderr?: unknown };
  if (code === "ENOENT") return "cannot be asked: there is no git on the PATH";
  if (code === 128 && String(stderr).includes("not a git repository"))
    return `is in no git repository: ${cwd}`;
  return `cannot be read by git: ${
    String(stderr ?? code)
      .trim()
      .split("\n")[0]
  }`;
}

/** Inside a hook these point at the repository of the hook, whatever the folder. */
const located: ReadonlySet<string> = new Set([
  "GIT_DIR",
  "GIT_WORK_TREE",
  "GIT_INDEX_FILE",
  "GIT_COMMON_DIR",
  "GIT_OBJECT_DIRECTORY",
  "GIT_ALTERNATE_OBJECT_DIRECTORIES",
  "GIT_PREFIX",
]);

function environment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !located.has(name));
  // Messages in one language, and no lock taken from whoever works in the tree.
  return { ...Object.fromEntries(kept), LC_ALL: "C", GIT_OPTIONAL_LOCKS: "0" };
}

function fail(problem: string, cause?: unknown): Error {
  return invalidBundle("bundle", [{ path: "git.cwd", problem }], { cause });
}

import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isVerdigrisError } from "@verdigris/contracts";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { defineBundle, digestOf } from "../src/index.ts";
import { type BundleSources, createBundleFrom } from "../src/node.ts";
import { digit } from "./samples.ts";

let cwd: string;
const contract = { name: "search", description: "", inputSchema: {} };
const planner = { provider: "openai", name: "gpt-5-mini", snapshot: "gpt-5-mini-2025-08-07" };

function git(...args: string[]): string {
  const who = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"];
  return execFileSync("git", [...who, ...args], { cwd, encoding: "utf8", stdio: "pipe" }).trim();
}

async function put(file: string, text = "x"): Promise<void> {
  await mkdir(join(cwd, file, ".."), { recursive: true });
  await writeFile(join(cwd, file), text);
}

beforeEach(async () => {
  cwd = await realpath(await mkdtemp(join(tmpdir(), "verdigris-gather-")));
  git("init", "-q");
  await put(".gitignore", "dist\nnode_modules\nindex\n");
  await put("prompts/system.md", "Answer from the manual.\n");
  await put("prompts/shots.json", '[ {"b": 1, "a": 2} ]\n');
  await put("guardrails.json", "{}");
  await put("dist/main.js", "main");
  await put("dist/deep/part.js", "part");
  await put("index/segment", "0101");
  await put("node_modules/@scope/search/package.json", '{ "version": "1.4.0", "exports": {} }');
  git("add", ".");
  git("commit", "-qm", "one");
});
afterEach(() => rm(cwd, { recursive: true }));

const basic = (): BundleSources<never, never, never, never, never> => ({
  id: "docs-1",
  git: { cwd },
  build: { dir: "dist" },
});

async function failure(sources: unknown): Promise<{ code: string; paths: string[]; cause: unknown }> {
  const error: unknown = await createBundleFrom(sources as BundleSources).catch((reason: unknown) => reason);
  if (!isVerdigrisError(error)) throw new Error(`no failure of ours: ${String(error)}`);
  const issues = (error.details.issues ?? []) as { path: string }[];
  return { code: error.code, paths: issues.map(({ path }) => path), cause: error.cause };
}

describe("createBundleFrom", () => {
  it("gathers what is here into the bundle that defineBundle makes of it", async () => {
    const bundle = await createBundleFrom({
      ...basic(),
      guardrails: "guardrails.json",
      prompts: {
        system: { file: "prompts/system.md" },
        named: { file: join(cwd, "prompts/system.md"), version: "3" },
        shots: { file: "prompts/shots.json", kind: "examples" },
        given: { version: "1", text: "Hello" },
      },
      models: { planner },
      indexes: {
        docs: { dir: "index", version: "1", embedding: null },
        part: { file: "index/segment", version: "1", embedding: planner },
        news: { version: "1", kind: "live", embedding: null },
      },
      tools: {
        search: { package: "@scope/search", contract },
        mail: { version: "2", contract, pinned: "by-service" },
      },
      mcp: [{ client: { listTools: async () => ({ tools: [contract] }) }, names: { find: "search" } }],
      allowFloating: ["indexes.news"],
    });
    const text = digestOf("Answer from the manual.\n");
    const shots = digestOf('[{"a":2,"b":1}]');
    const search = bundle.tools.search.contract;
    expect(bundle).toEqual(
      defineBundle({
        id: "docs-1",
        code: {
          commit: git("rev-parse", "HEAD"),
          build: digestOf(`[["deep/part.js","${digestOf("part")}"],["main.js","${digestOf("main")}"]]`),
          guardrails: digestOf("{}"),
        },
        prompts: {
          system: { version: text.slice(7, 19), digest: text },
          named: { version: "3", digest: text },
          shots: { version: shots.slice(7, 19), digest: shots, kind: "examples" },
          given: { version: "1", text: "Hello" },
        },
        models: { planner },
        indexes: {
          docs: {
            version: "1",
            kind: "snapshot",
            digest: digestOf(`[["segment","${digestOf("0101")}"]]`),
            embedding: null,
          },
          part: { version: "1", kind: "snapshot", digest: digestOf("0101"), embedding: planner },
          news: { version: "1", kind: "live", embedding: null },
        },
        tools: {
          search: { version: "1.4.0", contract, pinned: "per-call" },
          mail: { version: "2", contract, pinned: "by-service" },
          find: { version: search.slice(7, 19), contract, pinned: "not" },
        },
        allowFloating: ["indexes.news"],
      }),
    );
    // Entry names are part of the type, renamed ones of a server too.
    expect([bundle.tools.find.pinned, bundle.prompts.named.version]).toEqual(["not", "3"]);
  });

  it("works from any folder of the repository", async () => {
    const { code } = await createBundleFrom({
      ...basic(),
      git: { cwd: join(cwd, "prompts") },
      build: { dir: "../dist" },
    });
    expect(code).toEqual((await createBundleFrom(basic())).code);
  });

  it("takes the version of the package that code there would import, not of one further up", async () => {
    await put("app/node_modules/@scope/search/package.json", '{ "version": "2.0.0" }');
    await put("hollow/node_modules/@scope/search/index.js");
    const tools = { search: { package: "@scope/search", contract } };
    const at = (folder: string): object => ({ git: { cwd: join(cwd, folder) }, build: { dir: "../dist" } });
    const versionAt = async (folder: string): Promise<string> =>
      (await createBundleFrom({ ...basic(), ...at(folder), tools })).tools.search.version;
    expect([await versionAt("prompts"), await versionAt("app")]).toEqual(["1.4.0", "2.0.0"]);
    expect(await failure({ ...basic(), ...at("hollow"), tools })).toMatchObject({
      code: "bundle-invalid",
      paths: ["tools.search.package"],
      cause: { code: "ENOENT" },
    });
  });

  it("gives up with the reason of its signal, while a server is silent too", async () => {
    const reason = new Error("enough");
    await expect(createBundleFrom({ ...basic(), signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const abort = new AbortController();
    const listTools = (): Promise<never> => {
      abort.abort(reason);
      return new Promise(() => {});
    };
    const gathering = createBundleFrom({
      ...basic(),
      mcp: [{ client: { listTools } }],
      signal: abort.signal,
    });
    await expect(gathering).rejects.toBe(reason);
    const { signal } = new AbortController();
    expect(await createBundleFrom({ ...basic(), signal })).toEqual(await createBundleFrom(basic()));
  });

  it("takes a build as listed files too, in any order and by any spelling of their names", async () => {
    const listed = async (files: string[]): Promise<string> =>
      (await createBundleFrom({ ...basic(), build: { files } })).code.build;
    const digest = await listed(["dist/main.js", "prompts/system.md"]);
    expect(await listed([join(cwd, "prompts/system.md"), "./dist/../dist/main.js"])).toBe(digest);
    expect(await listed(["dist/main.js"])).not.toBe(digest);
  });
});

describe("the working tree", () => {
  it.each<readonly [string, () => Promise<unknown>]>([
    ["a changed file", () => put("prompts/system.md", "other")],
    ["an untracked file", () => put("new/file")],
    ["a deleted file", () => rm(join(cwd, "guardrails.json"))],
    ["a staged file", () => put("staged").then(() => git("add", "staged"))],
    [
      "an untracked file that settings hide",
      () => put("new").then(() => git("config", "status.showUntrackedFiles", "no")),
    ],
  ])("is dirty with %s, also seen from another folder of it", async (_, change) => {
    expect((await createBundleFrom(basic())).code.dirty).toBeUndefined();
    await change();
    const inside = { ...basic(), git: { cwd: join(cwd, "dist") }, build: { dir: "." } };
    expect(await failure(inside)).toMatchObject({ code: "bundle-dirty" });
    expect((await createBundleFrom({ ...basic(), allowDirty: true })).code.dirty).toBe(true);
  });

  it("is not dirty by what git ignores", async () => {
    await put("dist/more.js");
    expect((await createBundleFrom(basic())).code.dirty).toBeUndefined();
  });

  it("is that of git.cwd, inside a hook of another repository too", async () => {
    vi.stubEnv("GIT_DIR", join(cwd, "nowhere"));
    vi.stubEnv("GIT_OBJECT_DIRECTORY", join(cwd, "nowhere"));
    const bundle = await createBundleFrom(basic()).finally(() => vi.unstubAllEnvs());
    expect(bundle.code.commit).toBe(git("rev-parse", "HEAD"));
  });

  it("must be in a repository that has a commit, and git must be there", async () => {
    const at = { code: "bundle-invalid", paths: ["git.cwd"] };
    await rm(join(cwd, ".git"), { recursive: true });
    vi.stubEnv("GIT_CEILING_DIRECTORIES", join(cwd, ".."));
    expect(await failure(basic())).toMatchObject(at);
    git("init", "-q");
    expect(await failure(basic())).toMatchObject(at);
    vi.stubEnv("PATH", join(cwd, "nowhere"));
    expect(await failure(basic())).toMatchObject({ ...at, cause: { code: "ENOENT" } });
    vi.unstubAllEnvs();
    const elsewhere = { ...basic(), build: { dir: join(cwd, "dist") } };
    expect(await failure({ ...elsewhere, git: { cwd: join(cwd, "nowhere") } })).toMatchObject(at);
    expect(await failure({ ...elsewhere, git: { cwd: join(cwd, "guardrails.json") } })).toMatchObject(at);
  });
});

describe("what cannot be gathered", () => {
  it("is listed all at once, with the first cause", async () => {
    await put("prompts/bad.json", "{");
    await put("node_modules/odd/package.json", "{}");
    await writeFile(join(cwd, "prompts/latin1.md"), Buffer.from([0x66, 0xfc]));
    const client = { listTools: () => Promise.reject(new Error("gone")) };
    const named = { listTools: async () => ({ tools: [contract] }) };
    const result = await failure({
      ...basic(),
      build: { dir: "nowhere" },
      guardrails: "prompts",
      prompts: {
        missing: { file: "nowhere.md" },
        bad: { file: "prompts/bad.json", kind: "examples" },
        latin: { file: "prompts/latin1.md" },
        both: { file: "prompts/system.md", text: "x" },
        number: { file: 5 },
      },
      indexes: {
        file: { dir: "guardrails.json", version: "1", embedding: null },
        both: { dir: "index", file: "index/segment", version: "1", embedding: null },
        digest: { dir: "index", digest: digit("1"), version: "1", embedding: null },
      },
      tools: {
        search: { version: "1", contract, pinned: "not" },
        missing: { package: "nowhere", contract },
        odd: { package: "odd", contract },
        path: { package: "../odd", contract },
        both: { package: "@scope/search", version: "1", contract },
      },
      mcp: [{ client }, { client: named }, { client: named, names: ["other"] }],
    });
    expect(result).toMatchObject({ code: "bundle-invalid", cause: { code: "ENOENT" } });
    expect(result.paths).toEqual([
      "build.dir",
      "guardrails",
      "prompts.missing.file",
      "prompts.bad.file",
      "prompts.latin.file",
      "prompts.both",
      "prompts.number.file",
      "indexes.file.dir",
      "indexes.both",
      "indexes.digest",
      "tools.missing.package",
      "tools.odd.package",
      "tools.path.package",
      "tools.both",
      "mcp.0",
      "tools.search",
      "mcp.2.names",
    ]);
  });

  it.each<readonly [unknown, string]>([
    [{ dir: "dist", files: [] }, "build"],
    [{}, "build"],
    [undefined, "build"],
    [{ files: "dist/main.js" }, "build.files"],
    [{ files: [] }, "build.files"],
    [{ files: ["dist"] }, "build.files.0"],
    [{ files: ["dist/main.js", "dist/none.js"] }, "build.files.1"],
    [{ dir: "" }, "build.dir"],
    [{ dir: "dist/main.js" }, "build.dir"],
  ])("includes the build %j", async (build, path) => {
    expect(await failure({ ...basic(), build })).toMatchObject({ code: "bundle-invalid", paths: [path] });
  });

  it("includes what defineBundle refuses", async () => {
    expect(await failure({ ...basic(), biuld: 1 })).toMatchObject({
      code: "bundle-invalid",
      paths: ["biuld"],
    });
    expect(
      await failure({ ...basic(), models: { planner: { ...planner, snapshot: "latest" } } }),
    ).toMatchObject({
      code: "bundle-floating",
    });
    expect(await failure({ ...basic(), prompts: { system: "text" } })).toMatchObject({
      paths: ["prompts.system"],
    });
    const slash = { listTools: async () => ({ tools: [{ ...contract, name: "docs/search" }] }) };
    expect((await failure({ ...basic(), mcp: [{ client: slash }] })).code).toBe("bundle-invalid");
  });

  it("is a misuse where the call itself makes no sense", async () => {
    expect((await failure(undefined)).code).toBe("invalid-argument");
    expect((await failure({ id: "a", build: { dir: "dist" } })).code).toBe("invalid-argument");
    expect((await failure({ ...basic(), git: { cwd: "" } })).code).toBe("invalid-argument");
    expect((await failure({ ...basic(), mcp: {} })).code).toBe("invalid-argument");
    expect((await failure({ ...basic(), signal: {} })).code).toBe("invalid-argument");
    // It would be taken for what was gathered.
    const code = { commit: "9b1c2f0e", build: digit("a") };
    expect((await failure({ ...basic(), code })).code).toBe("invalid-argument");
  });
});

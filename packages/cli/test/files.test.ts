import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { saveBundle } from "@verdigris/bundle/node";
import { resultsLine } from "@verdigris/eval-gate";
import { loadEvalSet } from "@verdigris/eval-gate/node";
import { describe, expect, it } from "vitest";
import { bundles, capture, createWorld, temporaryFolder } from "./world.ts";

describe("bundles", () => {
  async function files() {
    const folder = await temporaryFolder();
    for (const bundle of bundles) await saveBundle(join(folder, `${bundle.id}.json`), bundle);
    return { folder, run: capture({ cwd: folder }) };
  }

  it("are checked as they would be loaded, without a store", async () => {
    const { folder, run } = await files();
    expect(await run("bundle", "check", "v1.json")).toMatchObject({
      code: 0,
      out: expect.stringContaining("v1 sha256:"),
    });
    await writeFile(join(folder, "bad.yaml"), "id: v1\n");
    expect(await run("bundle", "check", "bad.yaml")).toMatchObject({
      code: 2,
      err: expect.stringContaining("bundle-invalid"),
    });
    expect((await run("bundle", "check", "absent.json")).code).toBe(2);
  });

  it("are compared by file, with how to roll the difference out", async () => {
    const { run } = await files();
    const differ = await run("bundle", "diff", "v1.json", "v2.json");
    expect(differ).toMatchObject({ code: 1, out: expect.stringContaining("roll it out as") });
    expect(differ.out).toContain("prompts");
    expect((await run("bundle", "diff", "v1.json", "v1.json")).code).toBe(0);
    expect((await run("bundle", "diff", "v1", "v2")).code).toBe(2);
  });

  it("are registered and shown from the store", async () => {
    const world = await createWorld();
    const { folder } = await files();
    expect((await world.run("bundle", "register", join(folder, "v2.json"))).out).toContain(
      "was registered already",
    );
    expect((await world.run("bundle", "show", "v2")).out).toMatch(/digest\s+sha256:/);
    expect((await world.run("bundle", "diff", "v1", join(folder, "v2.json"))).code).toBe(1);
    expect((await world.run("bundle", "show", "v9")).code).toBe(2);
  });

  it("are made from what is there, as a module says it", async () => {
    const { folder, run } = await files();
    const git = (...args: string[]) =>
      promisify(execFile)("git", ["-c", "user.name=ana", "-c", "user.email=ana@example.org", ...args], {
        cwd: folder,
      });
    await writeFile(join(folder, "prompt.txt"), "Say yes.");
    await git("init", "-q");
    await git("add", "prompt.txt");
    await git("commit", "-q", "-m", "begin");
    const sources = {
      id: "made",
      git: { cwd: folder },
      build: { files: ["prompt.txt"] },
      prompts: { system: { file: "prompt.txt" } },
      allowDirty: true,
    };
    await writeFile(join(folder, "sources.mjs"), `export default ${JSON.stringify(sources)};`);
    const said = await run("bundle", "create", "sources.mjs", "made.json");
    expect(said, said.err).toMatchObject({ code: 0 });
    expect(JSON.parse(await readFile(join(folder, "made.json"), "utf8"))).toMatchObject({ id: "made" });
  });
});

describe("the gate", () => {
  async function evals() {
    const folder = await temporaryFolder();
    const cases = Array.from({ length: 60 }, (_, at) =>
      JSON.stringify({ id: `c${at}`, input: at, expected: at }),
    );
    await writeFile(join(folder, "evals.jsonl"), `{"name":"sums","version":"1"}\n${cases.join("\n")}\n`);
    await writeFile(
      join(folder, "policy.json"),
      JSON.stringify({ metrics: [{ kind: "pass-rate", metric: "exact", margin: 0.05 }] }),
    );
    const { name, version, digest, cases: known } = await loadEvalSet(join(folder, "evals.jsonl"));
    const results = async (id: string, letter: string, wrong: number): Promise<void> => {
      const bundle = { id, digest: `sha256:${letter.repeat(64)}` } as const;
      const scorers = [{ metric: "exact", scorer: "exact", version: "1" }];
      const header = {
        v: 1,
        kind: "eval-results",
        set: { name, version, digest },
        bundle,
        scorers,
        startedAt: 0,
      } as const;
      const lines = known.map(({ id: of }, at) =>
        resultsLine({ case: of, scores: { exact: at < wrong ? 0 : 1 } }),
      );
      await writeFile(join(folder, `${id}.jsonl`), resultsLine(header) + lines.join(""));
    };
    await results("blue", "b", 0);
    await results("same", "c", 0);
    await results("worse", "d", 25);
    const judge = (candidate: string, baseline = "blue.jsonl", ...more: string[]) =>
      capture({ cwd: folder })(
        "gate",
        "run",
        "--set",
        "evals.jsonl",
        "--policy",
        "policy.json",
        "--baseline",
        baseline,
        "--candidate",
        candidate,
        ...more,
      );
    return { folder, judge };
  }

  it("ends with the exit code of its verdict, and its evidence has three views [CLI-EXIT]", async () => {
    const { folder, judge } = await evals();
    expect((await judge("same.jsonl", "blue.jsonl", "--out", "evidence.json")).code).toBe(0);
    expect(await judge("worse.jsonl")).toMatchObject({ code: 1, out: expect.stringContaining("fail") });
    expect((await judge("worse.jsonl", "absent.jsonl")).code).toBe(2);
    expect((await judge("absent.jsonl")).code).toBe(2);
    expect((await judge("worse.jsonl", "blue.jsonl", "--json")).json()).toMatchObject({ verdict: "fail" });
    const report = (format: string) =>
      capture({ cwd: folder })("gate", "report", "evidence.json", "--format", format);
    expect((await report("markdown")).out).toContain("pass");
    expect((await report("junit")).out).toContain("<testsuite");
    expect((await report("html")).out).toContain("<!doctype html>");
    expect((await report("pdf")).code).toBe(2);
  });
});

describe("what is said at the command line", () => {
  it("helps with examples, and refuses what it does not know", async () => {
    const run = capture();
    expect(await run("--help")).toMatchObject({
      code: 0,
      out: expect.stringContaining("The on-call needs four"),
    });
    expect((await run("rollback", "--help")).out).toContain("nothing but the store is needed");
    expect((await run("--version")).out).toMatch(/^\d+\.\d+\.\d+/);
    for (const argv of [
      ["unknown"],
      ["status", "--nonsense"],
      ["release", "start", "v1"],
      ["status", "--every", "soon"],
    ]) {
      expect((await run(...argv)).code, argv.join(" ")).toBe(2);
    }
  });

  it("names what is missing, tells no password, and makes no empty store of a mistyped path", async () => {
    const run = capture({ cwd: await temporaryFolder() });
    expect(await run("status")).toMatchObject({
      code: 2,
      err: expect.stringContaining("--store and --agent missing"),
    });
    expect(await run("status", "--store", "sqlite:none.db", "--agent", "a")).toMatchObject({
      code: 2,
      err: expect.stringContaining("there is no"),
    });
    expect(await run("status", "--store", "mysql://x", "--agent", "a")).toMatchObject({
      code: 2,
      err: expect.stringContaining("is no store"),
    });
    expect((await run("status", "--store", "mongo://me:secret@host/x", "--agent", "a")).err).not.toContain(
      "secret",
    );
  });

  it("comes from the nearest config, the environment, or an option, which wins [CLI-CONFIG]", async () => {
    const world = await createWorld();
    const config = {
      agent: "support",
      store: "sqlite:agent.db",
      actor: "carla",
      plans: { careful: { signals: { without: "a test" } } },
    };
    await writeFile(join(world.folder, "verdigris.config.mjs"), `export default ${JSON.stringify(config)};`);
    const inside = capture({ cwd: world.folder });
    expect((await inside("status", "--json")).json()).toMatchObject({ agent: "support" });
    expect((await inside("status", "--agent", "other")).err).toContain("there is no agent other");
    const both = { VERDIGRIS_AGENT: "other", VERDIGRIS_STORE: "sqlite:none.db" };
    expect((await capture({ cwd: world.folder, env: both })("status")).code).toBe(0);
    const started = await inside("release", "start", "v2", "--plan", "careful", "--reason", "x", "--json");
    expect(started.json(), started.out).toMatchObject({ startedBy: { id: "carla" } });
    const env = { VERDIGRIS_STORE: `sqlite:${world.file}`, VERDIGRIS_AGENT: "support" };
    expect((await capture({ env, cwd: await temporaryFolder() })("status", "--json")).json()).toMatchObject({
      agent: "support",
    });
  });

  it("of a config that is wrong says where", async () => {
    const folder = await temporaryFolder();
    const wrong = [
      ["export default { agnet: 1 };", "agnet"],
      ["export default { agent: 1 };", "agent must be text"],
      ["export default 1;", "must export a config"],
      ["throw new Error('boom')", "boom"],
    ] as const;
    for (const [at, [text, says]] of wrong.entries()) {
      await writeFile(join(folder, `c${at}.mjs`), text);
      const said = await capture({ cwd: folder })("status", "--config", `c${at}.mjs`);
      expect(said, text).toMatchObject({ code: 2, err: expect.stringContaining(says) });
    }
    expect((await capture({ cwd: folder })("status", "--config", "absent.mjs")).code).toBe(2);
  });

  it("init writes what the other commands take, and overwrites nothing", async () => {
    const folder = await temporaryFolder();
    const run = capture({ cwd: folder });
    expect((await run("init", "--agent", "support")).code).toBe(0);
    const checked = await run("bundle", "check", "verdigris/bundle.yaml");
    expect(checked, checked.err).toMatchObject({ code: 0 });
    expect((await loadEvalSet(join(folder, "verdigris/evals.jsonl"))).cases).toHaveLength(2);
    expect(await run("init")).toMatchObject({
      code: 2,
      err: expect.stringContaining("would be overwritten"),
    });
  });

  it("init's plan is one that a release can be started with", async () => {
    const world = await createWorld();
    expect((await capture({ cwd: world.folder })("init")).code).toBe(0);
    const said = await world.run("release", "start", "v2", "--plan", "verdigris/plan.json", "--reason", "x");
    expect(said, said.err).toMatchObject({ code: 0 });
  });

  it("colours a terminal, and nothing where NO_COLOR is set or output is piped", async () => {
    const world = await createWorld();
    const shown = async (env: Record<string, string>): Promise<string> => {
      const text: string[] = [];
      await world.at({ env, out: { isTTY: true, write: (part: string) => text.push(part) } })("status");
      return text.join("");
    };
    expect(await shown({})).toContain("\u001b[");
    expect(await shown({ NO_COLOR: "1" })).not.toContain("\u001b[");
    expect(await shown({ TERM: "dumb" })).not.toContain("\u001b[");
  });
});

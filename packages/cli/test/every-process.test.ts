import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { saveBundle } from "@verdigris/bundle/node";
import { resultsLine } from "@verdigris/eval-gate";
import { loadEvalSet } from "@verdigris/eval-gate/node";
import { expect, it } from "vitest";
import { leaves } from "./every-command.ts";
import { bin } from "./terminal.ts";
import { bundles, createWorld, type World } from "./world.ts";

/** Every command once, in an order in which each finds what it needs; with the exit code it is to end with. */
const script: readonly (readonly [name: string, argv: string, code: number])[] = [
  ["init", "--agent support", 0],
  ["bundle create", "sources.mjs made.json", 0],
  ["bundle check", "v1.json", 0],
  ["bundle diff", "v1 v2", 1],
  ["bundle show", "v1", 0],
  ["bundle register", "v3.json", 0],
  [
    "gate run",
    "--set evals.jsonl --policy policy.json --baseline v1.jsonl --candidate v2.jsonl --out gate.json",
    0,
  ],
  ["gate report", "gate.json --format junit --out gate.xml", 0],
  ["status", "", 0],
  ["doctor", "", 0],
  ["nodes", "", 0],
  ["runs", "", 0],
  ["costs", "", 0],
  ["blame", "", 0],
  ["release start", "v2 --plan verdigris/plan.json --reason x", 0],
  ["release show", "", 0],
  ["release list", "", 0],
  ["release approve", "--reason x --yes", 1],
  ["release skip", "smoke --reason x --yes", 0],
  ["release retry", "--reason x", 1],
  ["hold", "--reason x", 0],
  ["release resume", "--reason x", 0],
  ["release abort", "--reason x --yes", 0],
  ["release wait", "halted", 0],
  ["route stage", "v2 --reason x --supersede", 0],
  ["route canary", "5 --reason x --yes", 0],
  ["route flip", "v2 --reason x --yes", 0],
  ["route settle", "--reason x --yes", 0],
  ["route release-hold", "--reason x", 0],
  ["rollback", "--wait 0", 0],
  ["deny", "v3 --reason x --yes", 0],
  ["deny check", "v3", 1],
  ["deny list", "", 0],
  ["lift", "v3 --reason x --yes", 0],
  ["drill", "--bundle v3 --reason x --yes --drain 0", 0],
  ["drills", "", 0],
  ["drain", "v3 --wait 5000", 0],
  ["history", "", 0],
  ["controller", "", 2],
];

async function prepare({ folder }: World): Promise<void> {
  for (const bundle of bundles) await saveBundle(join(folder, `${bundle.id}.json`), bundle);
  const git = (...args: string[]) =>
    promisify(execFile)("git", ["-c", "user.name=ana", "-c", "user.email=ana@example.org", ...args], {
      cwd: folder,
    });
  await git("init", "-q");
  await git("add", "v1.json");
  await git("commit", "-q", "-m", "begin");
  const sources = { id: "made", git: { cwd: folder }, build: { files: ["v1.json"] }, allowDirty: true };
  await writeFile(join(folder, "sources.mjs"), `export default ${JSON.stringify(sources)};`);
  const cases = Array.from({ length: 60 }, (_, at) => `{"id":"c${at}","input":${at},"expected":${at}}`);
  await writeFile(join(folder, "evals.jsonl"), `{"name":"sums","version":"1"}\n${cases.join("\n")}\n`);
  const metric = { kind: "pass-rate", metric: "exact", margin: 0.05 };
  await writeFile(join(folder, "policy.json"), JSON.stringify({ metrics: [metric] }));
  const { name, version, digest, cases: known } = await loadEvalSet(join(folder, "evals.jsonl"));
  const scorers = [{ metric: "exact", scorer: "exact", version: "1" }];
  for (const { id, digest: of } of bundles.slice(0, 2)) {
    const set = { name, version, digest };
    const header = {
      v: 1,
      kind: "eval-results",
      set,
      bundle: { id, digest: of },
      scorers,
      startedAt: 0,
    } as const;
    const lines = known.map(({ id: case_ }) => resultsLine({ case: case_, scores: { exact: 1 } }));
    await writeFile(join(folder, `${id}.jsonl`), resultsLine(header) + lines.join(""));
  }
}

it("every command, as a process, answers --json with one document and the exit code of its kind [CLI-JSON]", async () => {
  expect(script.map(([name]) => name).toSorted()).toEqual(
    leaves.map(({ path }) => path.join(" ")).toSorted(),
  );
  const world = await createWorld();
  await world.app.run({ key: "ada" }, () => undefined);
  await prepare(world);
  for (const [name, argv, code] of script) {
    // The config that init writes names a store of its own, and says nothing of this one.
    const at = ["--store", `sqlite:${world.file}`, "--agent", "support", "--json"];
    const args = [bin, ...name.split(" "), ...argv.split(" ").filter((word) => word !== ""), ...at];
    const said = await new Promise<{ code: number; out: string; err: string }>((resolve) => {
      execFile(process.execPath, args, { cwd: world.folder }, (error, out, err) =>
        resolve({ code: error === null ? 0 : Number(error.code), out, err }),
      );
    });
    expect(said, `${name} ${argv}`).toMatchObject({ code, err: "" });
    const document = name === "gate report" ? "{}" : said.out;
    expect(() => JSON.parse(document), `${name}: ${said.out}`).not.toThrow();
    expect(JSON.stringify(JSON.parse(document)), name).not.toContain("\\u001b");
  }
  expect(await readFile(join(world.folder, "gate.xml"), "utf8")).toContain("<testsuite");
}, 180_000);

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { computeCommits, here, readmeBlock } from "./commits.ts";
import { AgentProcess, release } from "./process.ts";

const refunded = "Done: order 7 was refunded, receipt R-7.";
const refused = "Sorry: we refund within 14 days, and order 8 was delivered 20 days ago.";
const generous = "Done: order 8 was refunded, receipt R-8.";
const newPrompt = "You work at the order desk. Refund within 30 days of delivery.";

/** What a step changed in lines that were there: at most one, and its call is still made. */
async function checkDiffs(): Promise<void> {
  const readme = await readFile(here("README.md"), "utf8");
  for (const commit of await computeCommits()) {
    const { name, lines, diff } = commit;
    const kept = await readFile(here(`diffs/${name}.diff`), "utf8").catch(() => "");
    assert.equal(kept, diff, `diffs/${name}.diff is stale: npm run diffs`);
    assert.ok(readme.includes(readmeBlock(commit)), `the README shows another ${name}: npm run diffs`);
    const [added, removed] = ["+", "-"].map((sign) => lines.filter((line) => line.sign === sign));
    assert.ok(added !== undefined && removed !== undefined && removed.length <= 1, name);
    for (const { text } of removed) {
      const call = /\w+\(\w+/.exec(text)?.[0] ?? text;
      assert.ok(
        added.some((line) => line.text.includes(call)),
        `${name}: ${call} is gone`,
      );
    }
    console.log(`${name.padEnd(10)} agent.ts: ${added.length} lines added, ${removed.length} wrapped`);
  }
}

/** The same questions get the same answers; returns the lines that were logged between question and answer. */
async function checkAnswers(agent: AgentProcess): Promise<AgentProcess["log"]> {
  assert.equal(await agent.ask({ ticket: "t-7", order: "7" }), refunded);
  assert.equal(await agent.ask({ ticket: "t-8", order: "8" }), refused);
  const inside = agent.log.filter(({ event }) => event === "model" || event === "tool");
  assert.equal(inside.length, 8);
  return inside;
}

async function before(): Promise<string> {
  const agent = await AgentProcess.start("0-before");
  for (const line of await checkAnswers(agent)) assert.ok(!("run" in line) && !("bundle" in line));
  await agent.stop();
  return "the agent answers, and nothing says which version it was";
}

async function tag(): Promise<string> {
  const agent = await AgentProcess.start("1-tag");
  const lines = await checkAnswers(agent);
  assert.equal(new Set(lines.map(({ run }) => run)).size, 2);
  assert.ok(lines.every(({ run, bundle }) => run !== undefined && bundle === "blue"));
  assert.ok(agent.log.filter(({ event }) => event === "listening").every((line) => !("run" in line)));
  await agent.stop();
  return "the same answers; every line of a request carries its run and its bundle";
}

/** Kills an agent in the middle of a ticket, and returns the run it was on. */
async function killInTheMiddle(step: string, env: Readonly<Record<string, string>>): Promise<string> {
  const agent = await AgentProcess.start(step, { ...env, MODEL_MS: "400" });
  const midway = agent.next(({ tool }) => tool === "findOrder");
  const lost = assert.rejects(agent.ask({ ticket: "t-killed", order: "8" }));
  const { run, bundle } = await midway;
  await agent.stop("SIGKILL");
  await lost;
  assert.equal(bundle, "blue");
  return run ?? "";
}

async function pin(file: string): Promise<string> {
  const env = { STORE_FILE: file };
  const run = await killInTheMiddle("2-pin", env);
  const agent = await AgentProcess.start("2-pin", env);
  await checkAnswers(agent);
  const from = agent.log.length;
  assert.equal(await agent.ask({ ticket: "t-killed", order: "8" }), refused);
  const again = agent.log.slice(from).filter(({ event }) => event !== "answered");
  assert.ok(run !== "" && again.length > 0 && again.every((line) => line.run === run));
  await agent.stop();
  return "killed in the middle; the ticket comes again to a new process and gets its first run back";
}

async function choose(file: string): Promise<string> {
  const env = { STORE_FILE: file };
  const run = await killInTheMiddle("3-choose", env);
  const agent = await AgentProcess.start("3-choose", env);
  await checkAnswers(agent);
  await release(file, "stage", "green", newPrompt);
  await release(file, "flip");
  assert.equal(await agent.ask({ ticket: "t-new", order: "8" }), generous);
  assert.equal(agent.log.at(-2)?.bundle, "green");
  assert.equal(await agent.ask({ ticket: "t-killed", order: "8" }), refused);
  assert.deepEqual([agent.log.at(-2)?.run, agent.log.at(-2)?.bundle], [run, "blue"]);
  await agent.stop();
  return "after a flip new tickets get green's prompt, and the one from before is finished with blue's";
}

async function releases(file: string): Promise<string> {
  const agent = await AgentProcess.start("4-release", { STORE_FILE: file });
  await checkAnswers(agent);
  let tickets = 0;
  const ask = (staff: boolean) => agent.ask({ ticket: `t-${100 + tickets++}`, order: "8", staff });
  const both = async () => [await ask(true), await ask(false)];
  await release(file, "stage", "green", newPrompt);
  assert.deepEqual(await both(), [refused, refused]);
  await release(file, "canary");
  assert.deepEqual(await both(), [generous, refused]);
  await release(file, "flip");
  assert.deepEqual(await both(), [generous, generous]);
  await release(file, "rollback");
  assert.deepEqual(await both(), [refused, refused]);
  await agent.stop();
  return "staged, staff, everybody, back: four calls from another process, and the agent was not restarted";
}

await checkDiffs();
const folder = await mkdtemp(join(tmpdir(), "existing-agent-"));
try {
  console.log(`\n0-before   ${await before()}`);
  console.log(`1-tag      ${await tag()}`);
  console.log(`2-pin      ${await pin(join(folder, "pin.db"))}`);
  console.log(`3-choose   ${await choose(join(folder, "choose.db"))}`);
  console.log(`4-release  ${await releases(join(folder, "release.db"))}`);
} finally {
  await rm(folder, { recursive: true, force: true });
}

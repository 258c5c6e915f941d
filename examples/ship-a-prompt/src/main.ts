import { strict as assert } from "node:assert";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createSqliteStore } from "@verdigris/store-sqlite";
import { createVerdigris, defineBundle, type Verdigris } from "verdigris";
import { agentName, promptFile, readPrompt, servingCode } from "./agent.ts";
import { type ServingProcess, startServing } from "./serving-process.ts";

/** What the acts work with. */
interface Stage {
  readonly serving: ServingProcess;
  /** An operator's handle on the same agent: it moves the route and serves nothing. */
  readonly operator: Verdigris;
  readonly storeFile: string;
  /** A directory that stands for a prompt store. */
  readonly promptStore: string;
}

const plain = readPrompt(promptFile("plain"));
const kind = readPrompt(promptFile("kind"));
const plainId = `${agentName}-${plain.version}`;
const kindId = `${agentName}-${kind.version}`;

function show(text: string): void {
  console.log(text.trimEnd().replace(/^/gm, "    "));
}

/** Another process ships a prompt while a run is under way in the one that serves. */
async function shipIt({ serving, storeFile }: Stage): Promise<void> {
  const before = await serving.answer({ op: "begin" });
  assert.equal(before.system, plain.text);
  console.log(`process ${serving.pid} serves ${before.bundle}; a run is under way`);

  const script = fileURLToPath(new URL("./ship.js", import.meta.url));
  const reason = "customers asked what happens next";
  const args = [script, fileURLToPath(promptFile("kind")), "--store", storeFile, "--reason", reason];
  console.log(`ship.js prompts/kind.md --reason "${reason}"`);
  show((await promisify(execFile)(process.execPath, args)).stdout);

  const after = await serving.answer({ op: "ask" });
  assert.deepEqual([after.bundle, after.system], [kindId, kind.text]);
  console.log(`process ${serving.pid}, never restarted, answers from ${after.bundle}`);
  const kept = await serving.answer({ op: "end", run: before.run });
  assert.deepEqual(kept, before);
  console.log(`the run that was under way ended on ${kept.bundle}, with the prompt it began with`);
}

async function goBack({ serving, operator }: Stage): Promise<void> {
  await operator.rollback({ reason: "too many words" });
  const back = await serving.answer({ op: "ask" });
  assert.deepEqual([back.bundle, back.system], [plainId, plain.text]);
  console.log(`rolled back: process ${serving.pid} answers from ${back.bundle}`);
}

/** What bundles need, and what goes once one of them is recycled. */
async function cleanUp({ operator }: Stage): Promise<void> {
  const needed = async (): Promise<readonly string[]> =>
    (await operator.referencedPieces()).map(
      ({ piece, entry, version, bundles }) =>
        `${piece}.${entry} ${version.slice(0, 12)} for ${bundles.join(", ")}`,
    );
  const prompts = async (): Promise<number> =>
    (await operator.referencedPieces()).filter(({ piece }) => piece === "prompts").length;
  assert.equal(await prompts(), 2);
  assert.deepEqual(await operator.cleanUpContents(), { contents: 0, chunks: 0 });
  console.log("needed while both bundles are there:");
  show((await needed()).join("\n"));

  const recycled = await operator.recycle(kindId, { reason: "it did not stay" });
  assert.equal(recycled.recycled, true);
  const removed = await operator.cleanUpContents();
  assert.deepEqual([removed, await prompts()], [{ contents: 1, chunks: 1 }, 1]);
  console.log(`${kindId} is recycled; the clean-up removed ${removed.contents} text; still needed:`);
  show((await needed()).join("\n"));
}

/** A prompt store that answers with an edited text under the same version: nobody is served from it. */
async function refuseAnEdit({ serving, operator, promptStore }: Stage): Promise<void> {
  const formal = readPrompt(promptFile("formal"));
  const id = `${agentName}-${formal.version}`;
  const published = join(promptStore, `system@${formal.version}.md`);
  writeFileSync(published, formal.text.replace("formal", "very formal"));

  // Registered without its text, so processes ask the prompt store for it.
  await operator.register(defineBundle({ id, code: servingCode(), prompts: { system: formal } }));
  const { generation } = await operator.status();
  await operator.stage({ bundle: id, expect: generation, reason: "a formal tone" });
  const preview = await serving.request({ op: "ask", bundle: id });
  assert.deepEqual(preview, { refused: "pipeline-load-failed", cause: "digest-mismatch" });
  assert.equal((await operator.inFlight({ bundle: id })).runs.length, 0);
  assert.equal((await serving.answer({ op: "ask" })).bundle, plainId);
  console.log(
    `${id} was edited in the prompt store: digest-mismatch, its preview was not accepted, live runs go on`,
  );

  writeFileSync(published, formal.text);
  const mended = await serving.answer({ op: "ask", bundle: id });
  assert.deepEqual([mended.bundle, mended.system], [id, formal.text]);
  await operator.drop({ reason: "shown" });
  console.log("mended in the prompt store: the next preview was accepted, from the same process");
}

async function play(directory: string, signal: AbortSignal): Promise<void> {
  const storeFile = join(directory, "support.db");
  const promptStore = join(directory, "prompt-store");
  mkdirSync(promptStore);
  const serving = await startServing(["--store", storeFile, "--prompt-store", promptStore], signal);
  const store = await createSqliteStore({ file: storeFile });
  const operator = createVerdigris({ agent: agentName, store, watch: false, actor: "operator" });
  const stage: Stage = { serving, operator, storeFile, promptStore };
  try {
    await shipIt(stage);
    await goBack(stage);
    await cleanUp(stage);
    await refuseAnEdit(stage);
  } finally {
    await operator.close();
    await store.close();
  }
  assert.equal(await serving.stop(), 0);
}

const stop = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => stop.abort());
const directory = mkdtempSync(join(tmpdir(), "verdigris-ship-"));
try {
  await play(directory, AbortSignal.any([stop.signal, AbortSignal.timeout(60_000)]));
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  // Ends the serving process too.
  stop.abort();
  rmSync(directory, { recursive: true, force: true });
}

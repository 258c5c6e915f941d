import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAgentState, createStoreBacking } from "@verdigris/agent-state";
import { createSqliteStore } from "@verdigris/store-sqlite";
import { createVerdigris, defineBundle } from "verdigris";
import { guessing, listen, memoriesOf, type Pipeline, wordForWord } from "./assistant.ts";

const code = { commit: "9b1c2f0e", build: `sha256:${"0".repeat(64)}` } as const;
const blue = defineBundle({
  id: "v1",
  code,
  prompts: { note: { version: "1", text: "Word for word" } },
});
const green = defineBundle({
  id: "v2",
  code,
  prompts: { note: { version: "2", text: "Guess" } },
});
const pipelines: Readonly<Record<string, Pipeline>> = { v1: wordForWord, v2: guessing };

const folder = mkdtempSync(join(tmpdir(), "agent-memory-"));
const store = await createSqliteStore({ file: join(folder, "assistant.db") });
const assistant = createVerdigris({
  agent: "assistant",
  store,
  bundle: blue,
  load: ({ id }) => pipelines[id] ?? wordForWord,
});
const state = createAgentState({
  backing: createStoreBacking(store, "assistant"),
  namespaces: { said: { onRollback: "carry" } },
});

const tell = (user: string, text: string): Promise<void> =>
  assistant.run({ key: user }, (run) =>
    run.step("listen", ({ pipeline, scope }) => listen(state, scope, pipeline, user, text)),
  );
const recall = (user: string): Promise<{ notes: string[]; said: string[] }> =>
  assistant.run({ key: user }, async ({ scope }) => {
    const { notes, said } = memoriesOf(state, scope, user);
    return {
      notes: (await notes.list()).map(({ key, value }) => `${key}: ${value}`),
      said: (await said.list()).map(({ value }) => String(value)),
    };
  });

await state.branch({ bundle: "v1", from: null });
await tell("ada", "My city is London");
console.log("v1 knows", (await recall("ada")).notes);

// The release: green goes on from what blue knows, and writes a layer of its own.
await assistant.register(green);
await state.branch({ bundle: "v2", from: "v1" });
await assistant.flip({ to: "v2", reason: "notes that read between the lines", expect: 1 });
await tell("ada", "My plan is enterprise");
const onGreen = await recall("ada");
console.log("v2 knows", onGreen.notes);
assert.deepEqual(onGreen.notes, ["city: London", "enterprise: likes it"]);

// The way back: the route first, then the memory.
await assistant.rollback({ reason: "it guesses" });
const { parked } = await state.rollback("v2");
const back = await recall("ada");
console.log("back on v1", back);
assert.deepEqual(parked, ["v2"]);
assert.deepEqual(back.notes, ["city: London"], "what green made up is gone");
assert.deepEqual(back.said, ["My city is London", "My plan is enterprise"], "what Ada said is not");

// Nothing is lost: the parked layer can be looked into.
for await (const { key, change, after } of state.diff("v2")) console.log("parked:", change, key, after ?? "");

// And a person can be forgotten, in every layer, parked ones included.
const receipt = await state.erase({ subject: "ada" });
assert.equal(receipt.total, 5);
assert.deepEqual(await recall("ada"), { notes: [], said: [] });
console.log("erased", receipt.layers);

await assistant.close();
await store.close();
rmSync(folder, { recursive: true });

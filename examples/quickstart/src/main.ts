import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { createSqliteStore } from "@verdigris/store-sqlite";
import { type Bundle, createVerdigris, defineBundle } from "verdigris";

// Two bundles of one agent: the same code, another prompt.
const code = { commit: "9b1c2f0e", build: `sha256:${"0".repeat(64)}` } as const;
const blue = defineBundle({ id: "v1", code, prompts: { greeting: { version: "1", text: "Hello" } } });
const green = defineBundle({ id: "v2", code, prompts: { greeting: { version: "2", text: "Welcome" } } });

// What a process stands up for each: here a plain function; elsewhere model clients, prompts and indexes.
const hello = (name: string) => `Hello, ${name}!`;
const welcome = (name: string) => `Welcome, ${name}!`;
const load = ({ id }: Bundle) => (id === "v1" ? hello : welcome);

const store = await createSqliteStore({ file: `${tmpdir()}/greeter-${crypto.randomUUID()}.db` });
const greeter = createVerdigris({ agent: "greeter", store, bundle: blue, load });
const greet = () => greeter.run({}, (run) => run.step("greet", ({ pipeline }) => pipeline("Ada")));
assert.equal(await greet(), "Hello, Ada!");

await greeter.register(green);
await greeter.run({}, async (run) => {
  await greeter.flip({ to: "v2", reason: "a warmer welcome", expect: 1 });
  assert.equal(await greet(), "Welcome, Ada!"); // new runs are on v2, in every process
  assert.equal(await run.step("greet", ({ pipeline }) => pipeline("Ada")), "Hello, Ada!"); // this one stays
});
await greeter.rollback();
assert.equal(await greet(), "Hello, Ada!"); // the way back is one call

await greeter.close();
await store.close();
console.log("blue, flip, a run that stayed, and back: everything held");

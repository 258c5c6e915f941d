import { createSqliteStore } from "@verdigris/store-sqlite";
import { createVerdigris, defineBundle } from "verdigris";

// Two bundles of one agent: the same code, another prompt. What `load` returns is what a step works with.
const code = { commit: "9b1c2f0e", build: `sha256:${"0".repeat(64)}` } as const;
const blue = defineBundle({ id: "v1", code, prompts: { greeting: { version: "1", text: "Hello" } } });
const green = defineBundle({ id: "v2", code, prompts: { greeting: { version: "2", text: "Welcome" } } });

const store = await createSqliteStore({ file: `greeter-${process.pid}.db` });
const greeter = createVerdigris({ agent: "greeter", store, bundle: blue, load: ({ id }) => `greeter ${id}` });
const greet = () => greeter.run({}, (run) => run.step("greet", ({ pipeline }) => pipeline));
await greeter.register(green);
const stayed = await greeter.run({}, async (run) => {
  await greeter.flip({ to: "v2", reason: "a warmer welcome", expect: 1 }); // new runs go to v2, in every process
  return [await greet(), await run.step("greet", ({ pipeline }) => pipeline)];
});
await greeter.rollback(); // the way back is one call
if (`${stayed} ${await greet()}` !== "greeter v2,greeter v1 greeter v1") throw new Error("it did not hold");

import { createSqliteStore } from "@verdigris/store-sqlite";
import { createVerdigris, defineBundle } from "verdigris";

// The second program: `release.js stage green "<prompt>"`, `canary`, `flip`, `rollback`. It runs where you deploy from.
const [verb, id = "green", prompt = ""] = process.argv.slice(2);
const store = await createSqliteStore({ file: process.env.STORE_FILE ?? "desk.db" });
const desk = createVerdigris({ agent: "desk", store, actor: "ana", watch: false, sweepMs: "never" });
const { route, generation: expect } = await desk.status();

/** The live bundle with another prompt: the agent that runs now can load it, because its code is the same. */
async function stage(): Promise<unknown> {
  const { code } = await desk.bundle(route?.live ?? "");
  const bundle = defineBundle({ id, code, prompts: { system: { version: id, text: prompt } } });
  await desk.register(bundle, { contents: [prompt] });
  return desk.stage({ bundle: id, reason: "another policy", expect });
}

const moves: Readonly<Record<string, () => Promise<unknown>>> = {
  stage,
  canary: () =>
    desk.setCanary({ percent: 0, include: { labels: { staff: ["yes"] } }, reason: "staff first", expect }),
  flip: () => desk.flip({ to: id, reason: "staff found nothing", expect }),
  rollback: () => desk.rollback({ reason: "too generous" }),
};
const move = moves[verb ?? ""];
if (move === undefined) throw new Error(`say one of ${Object.keys(moves).join(", ")}`);
process.stdout.write(`${JSON.stringify(await move())}\n`);
await desk.close();
await store.close();

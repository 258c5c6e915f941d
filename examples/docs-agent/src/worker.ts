import { once } from "node:events";
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { createSqliteStore } from "@verdigris/store-sqlite";
import { createVerdigris } from "verdigris";
import type { DocsAgent } from "./agent/agent.ts";
import type { Answer, RunState } from "./agent/answer.ts";
import { readAndAnswer } from "./ask.ts";
import { agentName, loadMaterials } from "./bundles.ts";
import type { EventOf } from "./ledger.ts";
import { pipelineLoader } from "./pipeline.ts";

/** A run between two steps, as it lies on disk. */
export interface PausedRun {
  readonly token: string;
  readonly state: RunState;
}

/** What became of a paused run. */
export interface ResumedRun {
  readonly answer: Answer;
  /** The events of this process, for the ledger of the first one. */
  readonly used: readonly EventOf<"usage">[];
  readonly finished: EventOf<"run-finished">;
}

/** Takes a paused run up from its file and finishes it, on the bundle it began on. */
const { values } = parseArgs({
  options: { file: { type: "string", default: "" }, paused: { type: "string", default: "" } },
});
const { token, state } = JSON.parse(readFileSync(values.paused, "utf8")) as PausedRun;

const store = await createSqliteStore({ file: values.file });
const verdigris = createVerdigris<DocsAgent>({
  agent: agentName,
  store,
  load: pipelineLoader(await loadMaterials()),
  watch: false,
});
const used: EventOf<"usage">[] = [];
const finished: EventOf<"run-finished">[] = [];
verdigris.on("usage", (event) => used.push(event));
verdigris.on("run-finished", (event) => finished.push(event));

await once(process.stdin, "data");
const run = await verdigris.resume(token);
const answer = await readAndAnswer({ run }, state);
await run.finish({ outcome: "completed" });

console.log(JSON.stringify({ answer, used, finished: finished[0] }));
await verdigris.close();
await store.close();
process.stdin.destroy();

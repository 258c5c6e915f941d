import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSqliteStore } from "@verdigris/store-sqlite";
import { createVerdigris } from "verdigris";
import { expire, flipWithTwoFleets, handOver, rollBack, takeOver } from "./acts.ts";
import { agentName, type Fleet } from "./fleet.ts";
import { openFront } from "./front.ts";
import { createQueues } from "./queues.ts";
import { startWorker, type Worker } from "./workers.ts";

async function play(directory: string, signal: AbortSignal): Promise<void> {
  const storeFile = join(directory, "planner.db");
  const queues = createQueues();
  const add = async (fleet: Fleet): Promise<Worker> => {
    const worker = await startWorker(fleet, storeFile, signal);
    queues.fleets[fleet].push(worker);
    return worker;
  };
  // The first process of an agent opens its route with its own bundle: blue.
  await add("blue");
  await add("green");
  const store = await createSqliteStore({ file: storeFile });
  const operator = createVerdigris({
    agent: agentName,
    store,
    watch: false,
    sweepMs: "never",
    actor: "operator",
  });
  const front = await openFront(queues, "blue");
  const stage = { queues, front, operator, add };
  try {
    await flipWithTwoFleets(stage);
    await rollBack(stage);
    await handOver(stage);
    await takeOver(stage);
    await expire(stage);
    const ended = await Promise.all(
      Object.values(queues.fleets)
        .flat()
        .map((worker) => worker.end("SIGTERM")),
    );
    assert.ok(ended.every((code) => code === 0));
  } finally {
    await front.close();
    await operator.close();
    await store.close();
  }
}

const stop = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => stop.abort());
const directory = mkdtempSync(join(tmpdir(), "verdigris-fleets-"));
try {
  await play(directory, AbortSignal.any([stop.signal, AbortSignal.timeout(60_000)]));
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  // Ends every worker that is left.
  stop.abort();
  rmSync(directory, { recursive: true, force: true });
}

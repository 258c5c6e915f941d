import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createVerdigris } from "verdigris";
import { nameTheStraggler, reachAll, say } from "./acts.ts";
import { agentName, green } from "./agent.ts";
import { clean, openStore, type Place, type StoreKind, whyAway } from "./open-store.ts";
import { startWorkers } from "./workers.ts";

async function play(place: Place, count: number, signal: AbortSignal): Promise<void> {
  const workers = await startWorkers(place, count, signal);
  say(`${count} processes on ${place.kind}`);
  const { store, close } = await openStore(place);
  // The operator's process only looks and moves: it watches nothing and is no node.
  const operator = createVerdigris({ agent: agentName, store, watch: false, sweepMs: "never", actor: "ana" });
  try {
    await operator.register(green);
    await reachAll(operator, workers);
    await nameTheStraggler(operator, workers);
    await Promise.all(workers.map((worker) => worker.end()));
    assert.deepEqual(await operator.nodes(), []);
    say("all ended, none is left on record");
  } finally {
    await operator.close();
    await close();
  }
}

const { values } = parseArgs({
  options: {
    store: { type: "string", default: "sqlite" },
    nodes: { type: "string", default: "8" },
    // Leaves the show out where the engine does not answer; in CI that is a failure.
    "if-up": { type: "boolean", default: false },
  },
});
const kind = values.store as StoreKind;
assert.ok(["sqlite", "postgres", "redis"].includes(kind), "--store must be sqlite, postgres or redis");
const count = Number(values.nodes);
assert.ok(Number.isInteger(count) && count >= 2 && count <= 200, "--nodes must be 2 to 200");

async function show(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "verdigris-fleet-"));
  const at = kind === "sqlite" ? join(directory, "planner.db") : `fleet_${process.pid}`;
  const stopping = new AbortController();
  try {
    await play({ kind, at }, count, stopping.signal);
  } finally {
    stopping.abort();
    await clean({ kind, at });
    rmSync(directory, { recursive: true, force: true });
  }
}

const away = values["if-up"] && process.env.CI !== "true" ? await whyAway(kind) : null;
if (away === null) await show();
else say(`left out: ${kind} does not answer (${away})`);

import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createVerdigris } from "verdigris";
import { nameTheStraggler, reachAll, type Say, voice } from "./acts.ts";
import { agentName, green } from "./agent.ts";
import { clean, openStore, type Place, type StoreKind, whyAway } from "./open-store.ts";
import { startWorkers, type Worker } from "./workers.ts";

/** One show, ready to be played. */
interface Show {
  play(): Promise<void>;
  /** Ends its processes and removes what it left behind. */
  clear(): Promise<void>;
}

async function gather(kind: StoreKind, count: number, say: Say): Promise<Show> {
  const directory = mkdtempSync(join(tmpdir(), "verdigris-fleet-"));
  const place: Place = {
    kind,
    at: kind === "sqlite" ? join(directory, "planner.db") : `fleet_${process.pid}`,
  };
  const stopping = new AbortController();
  const clear = async (): Promise<void> => {
    stopping.abort();
    await clean(place);
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    const workers = await startWorkers(place, count, stopping.signal);
    say(`${count} processes on ${kind}`);
    return { play: () => play(place, workers, say), clear };
  } catch (error) {
    await clear();
    throw error;
  }
}

async function play(place: Place, workers: readonly Worker[], say: Say): Promise<void> {
  const { store, close } = await openStore(place);
  // The operator's process only looks and moves: it watches nothing and is no node.
  const operator = createVerdigris({ agent: agentName, store, watch: false, sweepMs: "never", actor: "ana" });
  try {
    await operator.register(green);
    await reachAll(operator, workers, say);
    await nameTheStraggler(operator, workers, say);
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
    // Several are played side by side.
    store: { type: "string", multiple: true, default: ["sqlite"] },
    nodes: { type: "string", default: "8" },
    // Leaves the show out where the engine does not answer; in CI that is a failure.
    "if-up": { type: "boolean", default: false },
  },
});
const kinds = values.store as readonly StoreKind[];
for (const kind of kinds)
  assert.ok(["sqlite", "postgres", "redis"].includes(kind), "--store must be sqlite, postgres or redis");
const count = Number(values.nodes);
assert.ok(Number.isInteger(count) && count >= 2 && count <= 200, "--nodes must be 2 to 200");

const shows: Show[] = [];
try {
  for (const kind of kinds) {
    const say = voice(kinds.length > 1 ? kind : "");
    const away = values["if-up"] && process.env.CI !== "true" ? await whyAway(kind) : null;
    if (away === null) shows.push(await gather(kind, count, say));
    else say(`left out: ${kind} does not answer (${away})`);
  }
  await Promise.all(shows.map((show) => show.play()));
} finally {
  await Promise.all(shows.map((show) => show.clear()));
}

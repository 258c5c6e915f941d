import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { createSqliteStore } from "@verdigris/store-sqlite";
import { createVerdigris, isVerdigrisError, type Run } from "verdigris";
import { agentName, bundleOf, type Delivery, type Fleet, type Outcome } from "./fleet.ts";
import { serveJson } from "./http.ts";

/** A process of one fleet. It executes the bundles of its own build, and answers a delivery when the run has ended or left. */
const { values } = parseArgs({
  options: { fleet: { type: "string", default: "" }, store: { type: "string", default: "" } },
});

const store = await createSqliteStore({ file: values.store });
const planner = createVerdigris({ agent: agentName, store, bundle: bundleOf(values.fleet as Fleet) });
let stopping = false;

async function take(delivery: Delivery): Promise<Run | Extract<Outcome, { kind: "unplaced" }>> {
  if ("token" in delivery) return planner.resume(delivery.token, { takeover: delivery.takeover });
  const started = await planner.start({ id: delivery.id });
  return started.placed ? started.run : { kind: "unplaced", bundle: started.bundle, token: started.token };
}

async function carryOut(delivery: Delivery): Promise<Outcome> {
  const run = await take(delivery);
  if ("kind" in run) return run;
  // Whoever started this process may wait for the moment.
  process.send?.({ took: run.id, delivery: "token" in delivery ? delivery.token : delivery.id });
  const { bundle } = run.scope;
  for (let done = delivery.done; done < delivery.work.steps; done++) {
    // Between two steps is the place to let go: the token and what is done so far go back on the queue.
    if (stopping) return { kind: "parked", bundle, token: run.park(), done };
    await run.step(`part ${done + 1}`, () => sleep(delivery.work.stepMs));
  }
  await run.finish({ outcome: "completed" });
  return { kind: "finished", run: run.id, bundle, pid: process.pid };
}

const { server, url } = await serveJson(async (body) => {
  try {
    return { body: await carryOut(body as Delivery) };
  } catch (error) {
    if (!isVerdigrisError(error)) throw error;
    return { body: { kind: "refused", code: error.code } satisfies Outcome };
  }
});

async function shutDown(): Promise<void> {
  if (stopping) return;
  stopping = true;
  // Takes no new connections; resolves when every delivery that was under way has been answered.
  await new Promise((resolve) => server.close(resolve));
  await planner.close();
  await store.close();
  if (process.connected) process.disconnect();
}

function end(): void {
  shutDown().catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
}

process.once("SIGTERM", end);
// Whoever started this process is gone.
process.once("disconnect", end);
await planner.ready();
process.send?.({ url });

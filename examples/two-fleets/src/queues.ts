import type { Delivery, Fleet, Outcome } from "./fleet.ts";
import { bundleOf } from "./fleet.ts";
import { postJson } from "./http.ts";
import type { Worker } from "./workers.ts";

/** A queue per bundle, delivering at least once to the fleet that serves it. In memory here; yours survives. */
export interface Queues {
  readonly fleets: Readonly<Record<Fleet, Worker[]>>;
  /** The fleet that serves a bundle; undefined for a bundle nobody knows. */
  fleetOf(bundle: string): Fleet | undefined;
  /** Puts a run on the queue of its bundle and follows it to its end, through other processes where it must. */
  follow(bundle: string, delivery: Delivery): Promise<Outcome>;
  /** Delivers once, to this worker. Rejects when it dies with the delivery. */
  deliver(worker: Worker, delivery: Delivery): Promise<Outcome>;
  /** Sends nothing to this worker any more. */
  forget(worker: Worker): void;
}

const mostDeliveries = 6;

interface Queued {
  readonly bundle: string;
  readonly delivery: Delivery;
}

/** What is put back on a queue after a delivery, or null when there is nothing left to do. `lost`: its process died with it. */
function putBack({ bundle, delivery }: Queued, outcome: Outcome | "lost"): Queued | null {
  if (outcome === "lost") {
    // The same one again, and whoever gets it may take the run from the dead. An id needs no word for that.
    return { bundle, delivery: "token" in delivery ? { ...delivery, takeover: true } : delivery };
  }
  const { work, done } = delivery;
  switch (outcome.kind) {
    case "unplaced":
      return { bundle: outcome.bundle, delivery: { work, done, token: outcome.token, takeover: false } };
    case "parked": {
      const parked = { work, done: outcome.done, token: outcome.token, takeover: false };
      return { bundle: outcome.bundle, delivery: parked };
    }
    case "finished":
    case "refused":
      return null;
  }
}

/** Creates the queues; workers come and go in `fleets`. */
export function createQueues(): Queues {
  const fleets: Record<Fleet, Worker[]> = { blue: [], green: [] };
  const byBundle = new Map<string, Fleet>((["blue", "green"] as const).map((f) => [bundleOf(f).id, f]));
  const fleetOf = (bundle: string): Fleet | undefined => byBundle.get(bundle);
  const deliver = async (worker: Worker, delivery: Delivery): Promise<Outcome> =>
    (await postJson(worker.url, delivery)).body as Outcome;
  const forget = (worker: Worker): void => {
    fleets[worker.fleet] = fleets[worker.fleet].filter((other) => other !== worker);
  };
  const workerOf = (bundle: string): Worker => {
    const fleet = fleetOf(bundle);
    const worker = fleet === undefined ? undefined : fleets[fleet][0];
    if (worker === undefined) throw new Error(`no process that serves ${bundle} is left`);
    return worker;
  };

  const follow = async (bundle: string, delivery: Delivery): Promise<Outcome> => {
    let queued: Queued = { bundle, delivery };
    for (let tries = 0; tries < mostDeliveries; tries++) {
      const worker = workerOf(queued.bundle);
      const outcome = await deliver(worker, queued.delivery).catch(() => "lost" as const);
      if (outcome === "lost") forget(worker);
      const next = putBack(queued, outcome);
      if (next === null && outcome !== "lost") return outcome;
      queued = next ?? queued;
    }
    throw new Error(`${queued.bundle}: gave up after ${mostDeliveries} deliveries`);
  };
  return { fleets, fleetOf, follow, deliver, forget };
}

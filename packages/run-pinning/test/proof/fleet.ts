import {
  agentKeys,
  type BundleId,
  type PinRecord,
  type Route,
  type RoutePolicy,
  type Store,
} from "@verdigris/contracts";
import { timeMarginMs } from "@verdigris/router";
import type { Run } from "@verdigris/run-pinning";
import { createMemoryStore } from "@verdigris/store-memory";
import { createFakeClock, type FakeClock } from "@verdigris/testing";
import { registerBundles } from "./bundles.ts";
import { createMachine, type Machine } from "./machine.ts";
import { ana, createProcess, openOn, type Pipeline, type Process } from "./process.ts";

export const bundleIds = ["blue", "green", "amber", "violet"] as const;

/** A run as some process holds it, and what was promised when it was accepted. */
export interface Held {
  readonly run: Run<Pipeline>;
  readonly at: number;
}

/** Several processes over one store, with everything that must hold watched on every commit. */
export interface Fleet {
  readonly truth: FakeClock;
  readonly store: Store;
  readonly machines: readonly Machine[];
  readonly processes: readonly Process[];
  readonly held: Held[];
  /** Every route there ever was, by generation. */
  readonly routes: ReadonlyMap<number, Route>;
  /** Owners told that they finished a run, by run. */
  readonly finished: Map<string, number>;
  route(): Route;
  pins(bundle?: BundleId): Promise<readonly PinRecord[]>;
  /** Another process of the same fleet, started now. */
  join(name: string): Process;
  close(): Promise<void>;
}

class BrokenPromise extends Error {}

export function must(holds: boolean, id: string, message: string): void {
  if (!holds) throw new BrokenPromise(`${id}: ${message}`);
}

const keys = agentKeys("agent");

/** Notes every route and checks every pin as it is written. */
function watched(store: Store, routes: Map<number, Route>, epochs: Map<string, number>): Store {
  const checkPin = (pin: PinRecord, route: Route): void => {
    const accepted = routes.get(pin.generation);
    const longest = pin.accepted + (accepted?.policy.maxAgeMs ?? 0);
    must(pin.deadline <= longest && pin.cap <= longest, "I8", `${pin.run} may outlive its policy`);
    const places = [route.live, route.stable, route.candidate, ...route.retiring.map((item) => item.bundle)];
    must(places.includes(pin.bundle), "I6", `a pin of ${pin.run} on ${pin.bundle}, which is off the route`);
    must(pin.epoch >= (epochs.get(pin.run) ?? 0), "I2", `the epoch of ${pin.run} went back`);
    epochs.set(pin.run, pin.epoch);
  };
  const checkPut = (key: string, value: string, route: Route | null): void => {
    if (key === keys.route) {
      const next = JSON.parse(value) as Route;
      must(next.generation === (route?.generation ?? 0) + 1, "I3", "a generation was skipped or repeated");
      routes.set(next.generation, next);
    }
    if (key.startsWith(keys.pins) && route !== null) checkPin(JSON.parse(value) as PinRecord, route);
  };
  return {
    ...store,
    async commit(ops) {
      const before = (await store.get([keys.route])).entries[0] ?? null;
      const result = await store.commit(ops);
      if (!result.ok) return result;
      const route = before === null ? null : (JSON.parse(before.value) as Route);
      for (const op of ops) if (op.op === "put") checkPut(op.key, op.value, route);
      return result;
    },
  };
}

export async function createFleet(
  policy: Partial<RoutePolicy> = {},
  skewsMs = [0, 3_600_000, -3_600_000],
): Promise<Fleet> {
  const truth = createFakeClock();
  const memory = createMemoryStore({ clock: truth });
  const routes = new Map<number, Route>();
  const store = watched(memory, routes, new Map());
  await registerBundles(store, "agent", bundleIds);
  const machines = skewsMs.map((skew) => createMachine(truth, skew, skew >= 0));
  const processes = machines.map((clock, i) => createProcess({ store, clock, name: `p${i}` }));
  const joined: Process[] = [];
  await processes[0]?.move(
    openOn("blue", { maxAgeMs: 3_600_000, maxStepMs: 60_000, placementMs: 60_000, ...policy }),
    {
      expect: 0,
    },
  );
  for (const { router } of processes) await router.refresh();
  return {
    truth,
    store,
    machines,
    processes,
    held: [],
    routes,
    finished: new Map(),
    route() {
      const route = routes.get(routes.size);
      if (route === undefined) throw new Error("no route");
      return route;
    },
    async pins(bundle) {
      const { entries } = await memory.list(bundle === undefined ? keys.pins : keys.pinsOf(bundle), {
        limit: 1_000,
      });
      return entries.map(({ value }) => JSON.parse(value) as PinRecord);
    },
    join(name) {
      const process = createProcess({ store, clock: createMachine(truth), name });
      joined.push(process);
      return process;
    },
    async close() {
      for (const process of [...processes, ...joined]) await process.close();
      await memory.close();
    },
  };
}

/** No bundle is gone under a run that still counts [I6]. */
export async function checkPins(fleet: Fleet): Promise<void> {
  const { live, stable, candidate, retiring } = fleet.route();
  const places = [live, stable, candidate, ...retiring.map(({ bundle }) => bundle)];
  for (const pin of await fleet.pins()) {
    if (pin.deadline + timeMarginMs <= fleet.truth.now()) continue;
    must(places.includes(pin.bundle), "I6", `${pin.bundle} was recycled under ${pin.run}`);
  }
}

/** With every handle lost, time alone makes every bundle that is off its place recyclable [I7]. */
export async function checkLiveness(fleet: Fleet): Promise<void> {
  for (const machine of fleet.machines) machine.wake();
  const last = fleet.join("last");
  await last.router.refresh();
  for (const verb of ["release", "drop", "settle"] as const) await last.move({ verb });
  const route = (await last.router.refresh())?.route;
  let until = fleet.truth.now();
  for (const { bundle } of route?.retiring ?? []) {
    const { drainedBy } = await last.pinning.drainReport(bundle);
    must(drainedBy !== null, "I7", `nobody knows when ${bundle} is drained`);
    until = Math.max(until, drainedBy ?? 0);
  }
  await fleet.truth.advance(until - fleet.truth.now() + 1_000);
  for (const { bundle } of route?.retiring ?? []) {
    const result = await last.pinning.recycle(bundle, { actor: ana, reason: "time" });
    must(result.recycled, "I7", `${bundle} is not recyclable after its time: ${JSON.stringify(result)}`);
    await checkPins(fleet);
  }
}

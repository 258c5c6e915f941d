import { join } from "node:path";
import { agentKeys, type ReadSignals, type Signal, type Store } from "@verdigris/contracts";
import { createReleases } from "@verdigris/release";
import type { createStoreRouter } from "@verdigris/router";
import { agent, ana, gate, openAgent, patiently } from "./bench-agent.ts";
import { type Fleet, heardOf, processes, startFleet } from "./fleet.ts";
import { spreadOf } from "./measure.ts";
import { type Kind, startPostgres } from "./propagation-stores.ts";
import { type Bench, type Findings, goal, type Row } from "./report.ts";
import { scheduler } from "./rollback-scheduler.ts";
import { quantile, sharedNow } from "./server-load.ts";
import { withDirectory } from "./stores-sqlite.ts";

const byHand = Number(process.env.VERDIGRIS_ROLLBACKS ?? 20);
const byAlarm = 8;
/** From a trigger to new runs safe, p99. */
const safeMs = 1_000;
/** The slowest poll of a process that missed every push. */
const inForceMs = 1_700;
/** The budget of a rollback, from trigger to new runs safe and confirmed. */
const budgetMs = 300_000;

function saying(status: Signal["status"]): ReadSignals {
  return async ({ bundle, baseline }) => [
    {
      name: "hard-errors",
      status,
      bundle,
      baseline,
      value: 1,
      reference: 0,
      ratio: null,
      limit: 1,
      unit: "errors",
      n: 100,
      referenceN: 100,
      needed: 20,
      interval: null,
      evidence: null,
      at: 0,
      reason: "bench",
    },
  ];
}

/** What was measured of each rollback, in ms from its trigger. */
interface Rollbacks {
  /** The commit after which no process can start a run on the bad bundle. */
  readonly safe: number[];
  /** The last of all processes has applied it. */
  readonly inForce: number[];
  /** The verb has resolved, or the release has ended. */
  readonly written: number[];
}

function rowsOf(group: string, { safe, inForce, written }: Rollbacks): Row[] {
  const named = [
    ["new runs safe", safe],
    [`in force in ${processes} processes`, inForce],
    ["all written down", written],
  ] as const;
  return named.flatMap(([name, times]): Row[] => [
    { group, name: `${name}, p50`, unit: "ms", ...spreadOf(times) },
    { group, name: `${name}, p99`, unit: "ms", ...spreadOf([quantile(times, 0.99)]) },
  ]);
}

interface Scene {
  readonly fleet: Fleet;
  readonly store: Store;
  readonly router: ReturnType<typeof createStoreRouter>;
}

/** The store, telling when the last commit of the route was answered. */
function noticing(store: Store): { readonly store: Store; readonly routeAt: () => number } {
  const { route } = agentKeys(agent);
  let at = 0;
  return {
    routeAt: () => at,
    store: {
      ...store,
      async commit(ops) {
        const result = await store.commit(ops);
        if (result.ok && ops.some(({ op, key }) => op === "put" && key === route)) at = sharedNow();
        return result;
      },
    },
  };
}

async function generationOf({ router }: Scene): Promise<number> {
  return (await router.refresh())?.route.generation ?? 0;
}

/** A bundle comes live by hand, and goes back by the verb, with nobody driving: the controller is dead. */
async function rollBackByHand(scene: Scene): Promise<Rollbacks> {
  const { fleet, router } = scene;
  const times: Rollbacks = { safe: [], inForce: [], written: [] };
  for (let n = 0; n < byHand; n++) {
    const before = await generationOf(scene);
    const flipped = heardOf(fleet, before + 1);
    await patiently(() => router.move({ move: { verb: "flip", bundle: "green" }, expect: before, ...ana }));
    await flipped;
    const { store, routeAt } = noticing(scene.store);
    const releases = createReleases({ agent, store });
    const heard = heardOf(fleet, before + 2);
    const trigger = sharedNow();
    await releases.rollback({ reason: "bench" });
    times.written.push(sharedNow() - trigger);
    times.safe.push(routeAt() - trigger);
    times.inForce.push(Math.max(...(await heard)) - trigger);
    await patiently(() => releases.lift("green", { reason: "bench" }));
    await releases.close();
  }
  return times;
}

/** A driver is woken by an alarm and goes back by itself. */
async function rollBackByAlarm(scene: Scene): Promise<Rollbacks> {
  const { fleet } = scene;
  const times: Rollbacks = { safe: [], inForce: [], written: [] };
  for (let n = 0; n < byAlarm; n++) {
    const { store, routeAt } = noticing(scene.store);
    let signals = saying("clear");
    const releases = createReleases({
      agent,
      store,
      tickMs: 1_000,
      gates: { smoke: gate, evals: gate, shadow: gate },
      signals: (target) => signals(target),
    });
    const driver = releases.drive();
    const plan = { signals: { "hard-errors": "rollback" } } as const;
    await patiently(() => releases.start({ bundle: "green", plan, reason: "bench", id: `alarm-${n}` }));
    await patiently(() => releases.waitUntil("quarantine", { pollMs: 50 }));
    const heard = heardOf(fleet, (await generationOf(scene)) + 1);
    signals = saying("alarm");
    const trigger = sharedNow();
    driver.wake();
    times.inForce.push(Math.max(...(await heard)) - trigger);
    times.safe.push(routeAt() - trigger);
    while (!(await patiently(() => releases.isDenied("green"))))
      await new Promise((resolve) => setTimeout(resolve, 5));
    times.written.push(sharedNow() - trigger);
    await patiently(() => releases.waitUntil("rolled-back", { pollMs: 50 }));
    await patiently(() => releases.lift("green", { reason: "bench" }));
    await releases.close();
  }
  return times;
}

async function drill({ store }: Scene, kind: Kind): Promise<Findings> {
  const releases = createReleases({ agent, store });
  const { times, totalMs } = await patiently(() =>
    releases.drill({ bundle: "green", percent: 1, reason: "bench" }),
  );
  await releases.close();
  const rows = Object.entries(times).map(
    ([part, ms]): Row => ({
      group: `${kind}: a drill on 1 % of keys`,
      name: part,
      unit: "ms",
      ...spreadOf([ms]),
    }),
  );
  return { rows, goals: [goal(`${kind}: drill, trigger to confirmed, ms`, totalMs, "lower", budgetMs)] };
}

async function measureStore(
  fleet: Fleet,
  kind: Kind,
  where: string,
  progress: (text: string) => void,
): Promise<Findings> {
  const { store, router, end } = await openAgent(kind, where);
  await fleet.order({ open: kind, where, agent });
  const scene = { fleet, store, router };
  progress(`${kind}: ${byHand} by hand, nobody drives`);
  const alone = await rollBackByHand(scene);
  progress(`${kind}: ${byAlarm} by an alarm`);
  const driven = await rollBackByAlarm(scene);
  progress(`${kind}: a drill`);
  const drilled = await drill(scene, kind);
  await fleet.order({ close: true });
  await end();
  const measured = [
    [`${kind}: the verb, controller dead`, alone],
    [`${kind}: an alarm, controller alive`, driven],
  ] as const;
  const goals = measured.flatMap(([group, { safe, inForce }]) => [
    goal(`${group}: new runs safe, p99 ms`, quantile(safe, 0.99), "lower", safeMs),
    goal(`${group}: in force everywhere, p99 ms`, quantile(inForce, 0.99), "lower", inForceMs),
  ]);
  return {
    rows: [...measured.flatMap(([group, times]) => rowsOf(group, times)), ...drilled.rows],
    goals: [...goals, ...drilled.goals],
  };
}

export const rollback: Bench = {
  name: "rollback",
  sentence:
    "how long from a trigger until new runs are safe, beside fifty processes, with the controller dead too?",
  async run(progress) {
    const found: Findings[] = [await scheduler(progress)];
    progress(`${processes} processes`);
    const fleet = await startFleet();
    await withDirectory(async (directory) => {
      found.push(await measureStore(fleet, "sqlite", join(directory, "store.db"), progress));
    });
    found.push(await measureStore(fleet, "redis", `bench-rollback-${process.pid}`, progress));
    const postgres = await startPostgres();
    if (postgres === null) progress("no PostgreSQL programs: skipped");
    else found.push(await measureStore(fleet, "postgres", postgres.where, progress));
    await fleet.end();
    await postgres?.stop();
    return { rows: found.flatMap(({ rows }) => rows), goals: found.flatMap(({ goals }) => goals) };
  },
};

import { join } from "node:path";
import {
  agentKeys,
  type BundleManifest,
  isVerdigrisError,
  type ReadSignals,
  type ReleaseGate,
  type Signal,
} from "@verdigris/contracts";
import { createReleases, type Releases } from "@verdigris/release";
import { createStoreRouter, defaultPolicy } from "@verdigris/router";
import { type Spread, spreadOf } from "./measure.ts";
import { type Fleet, processes, startFleet } from "./propagation.ts";
import { type Kind, openers, startPostgres } from "./propagation-stores.ts";
import { type Bench, type Findings, goal, type Row } from "./report.ts";
import { scheduler } from "./rollback-scheduler.ts";
import { quantile, sharedNow } from "./server-load.ts";
import { withDirectory } from "./stores-sqlite.ts";

const agent = "support";
const ana = { actor: { kind: "person", id: "ana" }, reason: "bench" } as const;
const byHand = Number(process.env.VERDIGRIS_ROLLBACKS ?? 20);
const byAlarm = 4;
/** The budget of a rollback, from trigger to new runs safe. */
const budgetMs = 300_000;

const gate: ReleaseGate = async ({ keep }) => ({
  verdict: "pass",
  summary: "bench",
  evidence: await keep({}),
});

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

function rowsOf(group: string, name: string, times: readonly number[]): Row[] {
  const spread: Spread = spreadOf(times);
  const p99 = quantile(times, 0.99);
  return [
    { group, name: `${name}, p50`, unit: "ms", ...spread },
    { group, name: `${name}, p99`, unit: "ms", min: p99, median: p99, max: p99 },
  ];
}

/** Fifty heartbeats on one file keep its lock busy at times; what is not measured may wait for it. */
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (tries === 20 || !isVerdigrisError(error, "store-unavailable")) throw error;
    }
  }
}

/** Resolves with the time at which the last process had applied a generation. */
function everywhere(fleet: Fleet, generation: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let heard = 0;
    const late = setTimeout(
      () => reject(new Error(`${heard} of ${processes} heard of ${generation}`)),
      20_000,
    );
    fleet.onWord = (word) => {
      if (word.generation < generation || ++heard < processes) return;
      clearTimeout(late);
      resolve(word.at);
    };
  });
}

interface Scene {
  readonly fleet: Fleet;
  readonly store: Awaited<ReturnType<(typeof openers)[Kind]>>["store"];
  readonly router: ReturnType<typeof createStoreRouter>;
}

/** A bundle comes live by hand, and goes back by the verb, with nobody driving: the controller is dead. */
async function rollBackByHand({
  fleet,
  store,
  router,
}: Scene): Promise<{ safe: number[]; resolved: number[]; applied: number[] }> {
  const safe: number[] = [];
  const resolved: number[] = [];
  const applied: number[] = [];
  for (let n = 0; n < byHand; n++) {
    const before = (await router.refresh())?.route.generation ?? 0;
    const flipped = everywhere(fleet, before + 1);
    await patiently(() => router.move({ move: { verb: "flip", bundle: "green" }, expect: before, ...ana }));
    await flipped;
    const releases = createReleases({ agent, store });
    const back = everywhere(fleet, before + 2);
    const trigger = sharedNow();
    const { elapsedMs } = await releases.rollback({ reason: "bench" });
    safe.push(elapsedMs);
    resolved.push(sharedNow() - trigger);
    applied.push((await back) - trigger);
    await patiently(() => releases.lift("green", { reason: "bench" }));
    await releases.close();
  }
  return { safe, resolved, applied };
}

/** A driver that looks every second sees an alarm and goes back by itself. */
async function rollBackByAlarm({ fleet, store, router }: Scene): Promise<number[]> {
  const times: number[] = [];
  for (let n = 0; n < byAlarm; n++) {
    let signals = saying("clear");
    const releases: Releases = createReleases({
      agent,
      store,
      tickMs: 1_000,
      gates: { smoke: gate, evals: gate, shadow: gate },
      signals: (target) => signals(target),
    });
    releases.drive();
    const plan = { signals: { "hard-errors": "rollback" } } as const;
    await releases.start({ bundle: "green", plan, reason: "bench" });
    await releases.waitUntil("quarantine", { pollMs: 50 });
    const generation = ((await router.refresh())?.route.generation ?? 0) + 1;
    const back = everywhere(fleet, generation);
    signals = saying("alarm");
    const trigger = sharedNow();
    await back;
    times.push(sharedNow() - trigger);
    await releases.waitUntil("rolled-back", { pollMs: 50 });
    await new Promise((resolve) => setTimeout(resolve, 500));
    await patiently(() => releases.lift("green", { reason: "bench" }));
    await releases.close();
  }
  return times;
}

async function openAgent(kind: Kind, where: string) {
  const { store, close } = await openers[kind](where);
  const keys = agentKeys(agent);
  for (const id of ["blue", "green"]) {
    const code = { commit: "c0ffee", build: `sha256:${"0".repeat(64)}` } as const;
    const manifest: BundleManifest = { v: 1, id, code, prompts: {}, models: {}, indexes: {}, tools: {} };
    const record = { v: 1, digest: code.build, manifest, registeredAt: 0 };
    const value = JSON.stringify(record);
    await patiently(() => store.commit([{ op: "put", key: keys.bundle(id), rev: 0, value }]));
  }
  const router = createStoreRouter({ agent, store, watch: false });
  const open = { verb: "open", bundle: "blue", policy: defaultPolicy, incarnation: "bench" } as const;
  await router.move({ move: open, expect: 0, ...ana });
  return {
    store,
    router,
    async end() {
      for (;;) {
        const { entries } = await store.list("", { limit: 1_000 });
        if (entries.length === 0) break;
        for (const { key, rev } of entries) await patiently(() => store.commit([{ op: "del", key, rev }]));
      }
      await close();
    },
  };
}

async function measureStore(
  fleet: Fleet,
  kind: Kind,
  where: string,
  progress: (text: string) => void,
): Promise<Findings> {
  progress(`${kind}: ${byHand} by hand, nobody drives`);
  const { store, router, end } = await openAgent(kind, where);
  await fleet.order({ open: kind, where, agent });
  const scene = { fleet, store, router };
  const { safe, resolved, applied } = await rollBackByHand(scene);
  progress(`${kind}: ${byAlarm} by an alarm`);
  const alarmed = await rollBackByAlarm(scene);
  progress(`${kind}: a drill`);
  const releases = createReleases({ agent, store });
  const drill = await patiently(() => releases.drill({ bundle: "green", percent: 1, reason: "bench" }));
  await releases.close();
  await fleet.order({ close: true });
  await end();
  const rows = [
    ...rowsOf(kind, "verb, nobody drives: new runs safe", safe),
    ...rowsOf(kind, "verb, nobody drives: all written down", resolved),
    ...rowsOf(kind, `verb, nobody drives: in force in ${processes} processes`, applied),
    ...rowsOf(kind, `alarm to in force in ${processes} processes, driver looks every 1 s`, alarmed),
    ...Object.entries(drill.times).map(
      ([part, ms]): Row => ({
        group: kind,
        name: `drill, ${part}`,
        unit: "ms",
        min: ms,
        median: ms,
        max: ms,
      }),
    ),
  ];
  const goals = [
    goal(`${kind}: verb to new runs safe, p99 ms`, quantile(safe, 0.99), "lower", 1_000),
    goal(`${kind}: drill, trigger to confirmed, ms`, drill.totalMs, "lower", budgetMs),
  ];
  return { rows, goals };
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

import { AsyncLocalStorage } from "node:async_hooks";
import type { Router, RunScope } from "@verdigris/contracts";
import { createMemoryStore } from "@verdigris/store-memory";
import type { Run, StepContext, Verdigris } from "verdigris";
import { makeIds, murmur3, ringOf, ringSize } from "./ids.ts";
import { keep, measureOperations, type Operation, pairwise, type Rounds, ratioOf } from "./measure.ts";
import { openPeers } from "./peers.ts";
import { type Bench, type Goal, goal, operationRow, type Row } from "./report.ts";
import { counting, generationOf, green, openAgent, type Pipeline, teal } from "./world.ts";

const reason = "measured";
const floorName = "floor: pin miss, murmur3, prebuilt decision";
const bareName = "floor: await an async function";

function requireRouter(verdigris: Verdigris<Pipeline>): Router {
  if (verdigris.router === null) throw new Error("the agent has no router");
  return verdigris.router;
}

/** Agents of one route shape each: a process has one route, so each is measured as if it were alone. */
async function routers(): Promise<Record<"plain" | "canary" | "aimed" | "holdback", Router>> {
  const [plain, canary, aimed, holdback] = await Promise.all(
    Array.from({ length: 4 }, () => openAgent(createMemoryStore())),
  );
  if (!plain || !canary || !aimed || !holdback) throw new Error("four agents were asked for");
  for (const verdigris of [canary, aimed]) {
    await verdigris.stage({ bundle: green.id, reason, expect: await generationOf(verdigris) });
  }
  await canary.setCanary({ percent: 10, reason, expect: await generationOf(canary) });
  await aimed.setCanary({
    percent: 10,
    include: { keys: ["tester-1", "tester-2"], labels: { tenant: ["acme", "umbrella"] } },
    exclude: { labels: { plan: ["free"] } },
    reason,
    expect: await generationOf(aimed),
  });
  await holdback.flip({
    to: green.id,
    holdbackPercent: 5,
    reason,
    expect: await generationOf(holdback),
  });
  await holdback.stage({
    bundle: teal.id,
    supersede: true,
    reason,
    expect: await generationOf(holdback),
  });
  await holdback.setCanary({ percent: 10, reason, expect: await generationOf(holdback) });
  return {
    plain: requireRouter(plain),
    canary: requireRouter(canary),
    aimed: requireRouter(aimed),
    holdback: requireRouter(holdback),
  };
}

function floors(ids: readonly string[]): Operation[] {
  const pool = makeIds(1_000_000, 7);
  const million = new Map(pool.map((id, i) => [id, i]));
  const [harness, hits, keys] = [ringOf(ids), ringOf(pool.slice(0, ringSize)), ringOf(ids)];
  const stable = Object.freeze({ bundle: "support-41" });
  const next = Object.freeze({ bundle: "support-42" });
  const pins = new Map(makeIds(50_000, 5).map((id) => [id, stable]));
  const held = { current: Object.freeze({ seed: 42, buckets: 1_000, stable, next }) };
  const decide = (id: string): { readonly bundle: string } => {
    const { seed, buckets, stable: from, next: to } = held.current;
    const pinned = pins.get(id);
    if (pinned !== undefined) return pinned;
    return Math.floor((murmur3(id, seed) / 4_294_967_296) * 10_000) < buckets ? to : from;
  };
  return [
    { name: "harness: read the next id", run: () => keep(harness()) },
    { name: "floor: Map.get hit, one million entries", run: () => keep(million.get(hits())) },
    { name: floorName, run: () => keep(decide(keys())) },
  ];
}

async function assignment(): Promise<{ rows: Row[]; goals: Goal[] }> {
  const ids = makeIds(ringSize, 99);
  const { plain, canary, aimed, holdback } = await routers();
  const rings = Array.from({ length: 6 }, () => ringOf(ids));
  const [a, b, c, d, e, f] = rings;
  if (!a || !b || !c || !d || !e || !f) throw new Error("six rings were asked for");
  const words = ringOf(ids.map((id) => `Größe-${id.slice(6)}`));
  const labels = Object.freeze({ tenant: "initech", plan: "paid" });
  const freeLabels = Object.freeze({ tenant: "acme", plan: "free" });
  const main = "router.assign, 10 % canary";
  const operations: Operation[] = [
    ...floors(ids),
    { name: main, run: () => keep(canary.assign(a())) },
    { name: "router.assign, live only", run: () => keep(plain.assign(b())) },
    { name: "router.assign, canary, labels given", run: () => keep(canary.assign(c(), labels)) },
    { name: "router.assign, include and exclude, no match", run: () => keep(aimed.assign(d(), labels)) },
    { name: "router.assign, include and exclude, excluded", run: () => keep(aimed.assign(e(), freeLabels)) },
    { name: "router.assign, holdback and canary", run: () => keep(holdback.assign(f())) },
    { name: "router.assign, 10 % canary, non-ASCII key", run: () => keep(canary.assign(words())) },
  ];
  const results = await measureOperations(operations);
  const floor = need(results, floorName);
  const rows = operations.map(({ name }) => {
    const rounds = need(results, name);
    const compared = { ratio: ratioOf(rounds.nanoseconds, floor.nanoseconds), ratioTo: "floor" };
    return operationRow("assign", name, rounds, name.startsWith("router.") ? compared : undefined);
  });
  const measured = need(results, main);
  return {
    rows,
    goals: [
      goal("router.assign / floor (ratio)", ratioOf(measured.nanoseconds, floor.nanoseconds), "lower", 1.5),
      goal("router.assign, 26-character ASCII id (bytes per call)", measured.bytes, "lower", 16),
    ],
  };
}

/** The same ids and the same percentage through flag SDKs: what choosing a version costs when a flag chooses it. */
async function besidePeers(): Promise<{ rows: Row[]; goals: Goal[] }> {
  const ids = makeIds(ringSize, 99);
  const { canary } = await routers();
  const peers = await openPeers(ids);
  const next = ringOf(ids);
  const main = "router.assign, 10 % canary";
  const operations: Operation[] = [
    { name: main, run: () => keep(canary.assign(next())) },
    ...peers.map(({ name, decide }): Operation => {
      const ring = ringOf(ids);
      // The two whose answer is a promise are awaited by the measure.
      return { name, run: () => decide(ring()) };
    }),
  ];
  const results = await measureOperations(operations, { rounds: 5 });
  for (const peer of peers) peer.close();
  const assign = need(results, main).nanoseconds;
  return {
    rows: operations.map(({ name }) => {
      const rounds = need(results, name);
      const ratio = ratioOf(rounds.nanoseconds, assign);
      return operationRow("beside flag SDKs", name, rounds, { ratio, ratioTo: "router.assign" });
    }),
    goals: [],
  };
}

function need(results: ReadonlyMap<string, Rounds>, name: string): Rounds {
  const found = results.get(name);
  if (found === undefined) throw new Error(`${name} was not measured`);
  return found;
}

async function lookup(): Promise<{ rows: Row[]; goals: Goal[] }> {
  const count = 100_000;
  const verdigris = await openAgent(createMemoryStore());
  const runs: Run<Pipeline>[] = [];
  while (runs.length < count) {
    const started = await verdigris.start();
    if (started.placed) runs.push(started.run);
  }
  const peer = new Map(runs.map((run) => [run.id, run]));
  const every = Math.floor(count / ringSize);
  const hot = Array.from({ length: ringSize }, (_, i) => runs[i * every]?.id ?? "");
  const [a, b] = [ringOf(hot), ringOf(hot)];
  const floorLookup = "floor: Map.get hit, 100,000 entries";
  const main = "verdigris.get(id), 100,000 runs held";
  const results = await measureOperations([
    { name: floorLookup, run: () => keep(peer.get(a())) },
    { name: main, run: () => keep(verdigris.get(b())) },
  ]);
  const [floor, held] = [need(results, floorLookup), need(results, main)];
  const ratio = ratioOf(held.nanoseconds, floor.nanoseconds);
  await verdigris.close();
  return {
    rows: [
      operationRow("lookup", floorLookup, floor),
      operationRow("lookup", main, held, { ratio, ratioTo: "floor" }),
    ],
    goals: [goal("verdigris.get / Map.get of the same size (ratio)", ratio, "lower", 2)],
  };
}

async function startOne(verdigris: Verdigris<Pipeline>): Promise<Run<Pipeline>> {
  const started = await verdigris.start();
  if (!started.placed) throw new Error("the run was not placed");
  return started.run;
}

async function stepping(): Promise<{ rows: Row[]; goals: Goal[] }> {
  const { store, calls } = counting(createMemoryStore());
  const plain = await startOne(await openAgent(store));
  const wrapped = await startOne(
    await openAgent(createMemoryStore(), { instrument: { step: (_scope, next) => next() } }),
  );
  const context: Pick<StepContext<Pipeline>, "pipeline"> = { pipeline: { answer: 42 } };
  const bare = async ({ pipeline }: Pick<StepContext<Pipeline>, "pipeline">): Promise<number> =>
    pipeline.answer;
  const main = "run.step, pipeline";
  const withPipeline = async ({ pipeline }: StepContext<Pipeline>): Promise<number> => pipeline.answer;
  const withScope = async ({ pipeline, scope }: StepContext<Pipeline>): Promise<number> =>
    pipeline.answer + scope.run.length;
  const withSignal = async ({ pipeline, signal }: StepContext<Pipeline>): Promise<number> =>
    signal.aborted ? 0 : pipeline.answer;
  const instrumented = async ({ pipeline }: StepContext<Pipeline>): Promise<number> => pipeline.answer;
  const operations: Operation[] = [
    { name: bareName, run: () => bare(context) },
    { name: main, run: () => plain.step("plan", withPipeline) },
    { name: "run.step, pipeline and scope", run: () => plain.step("plan", withScope) },
    { name: "run.step, pipeline and signal", run: () => plain.step("plan", withSignal) },
    { name: "run.step, with an instrument", run: () => wrapped.step("plan", instrumented) },
  ];
  const before = calls();
  const results = await measureOperations(operations);
  const made = calls() - before;
  const floor = need(results, bareName).nanoseconds;
  const overhead = pairwise(need(results, main).nanoseconds, floor, (step, fn) => (step - fn) / 1_000);
  return {
    rows: operations.map(({ name }) => {
      const rounds = need(results, name);
      const ratio = ratioOf(rounds.nanoseconds, floor);
      return operationRow("step", name, rounds, { ratio, ratioTo: "floor" });
    }),
    goals: [
      goal("run.step beyond awaiting the function (µs)", overhead, "lower", 0.5),
      goal("store calls made by all steps (count)", made, "lower", 0),
    ],
  };
}

/** Last of all: once an AsyncLocalStorage is in use, Node makes every promise of the process dearer. */
async function steppingInScope(): Promise<{ rows: Row[]; goals: Goal[] }> {
  const scopeStorage = new AsyncLocalStorage<RunScope>();
  const run = await startOne(await openAgent(createMemoryStore(), { scopeStorage }));
  const context = { pipeline: { answer: 42 } };
  const bare = async ({ pipeline }: { readonly pipeline: Pipeline }): Promise<number> => pipeline.answer;
  const stored = async ({ pipeline }: StepContext<Pipeline>): Promise<number> => pipeline.answer;
  const floorInScope = "floor: await an async function, AsyncLocalStorage in use";
  const ownStorage = "floor: the same inside storage.run";
  const main = "run.step, with scopeStorage";
  const operations: Operation[] = [
    { name: floorInScope, run: () => bare(context) },
    { name: ownStorage, run: () => scopeStorage.run(run.scope, () => bare(context)) },
    { name: main, run: () => run.step("plan", stored) },
  ];
  const results = await measureOperations(operations, { rounds: 5 });
  const floor = need(results, ownStorage).nanoseconds;
  return {
    rows: operations.map(({ name }) => {
      const rounds = need(results, name);
      return operationRow("step, stored scope", name, rounds, {
        ratio: ratioOf(rounds.nanoseconds, floor),
        ratioTo: "floor",
      });
    }),
    goals: [],
  };
}

export const hotPath: Bench = {
  name: "hot-path",
  sentence: "What a routing decision, the lookup of a run and a step cost, beside their floors.",
  async run(progress) {
    const rows: Row[] = [];
    const goals: Goal[] = [];
    for (const part of [assignment, besidePeers, lookup, stepping, steppingInScope]) {
      progress(part.name);
      const found = await part();
      rows.push(...found.rows);
      goals.push(...found.goals);
    }
    return { rows, goals };
  },
};

import type { Store } from "@verdigris/contracts";
import { createPostgresStore } from "@verdigris/store-postgres";
import pg from "pg";
import { ratioOf, spreadOf } from "./measure.ts";
import { type Findings, type Goal, goal, type Row } from "./report.ts";
import { countStale, perSecond, quantile, runStarters, sharedNow } from "./server-load.ts";
import { agent, blue, leavePins, openAgent } from "./world.ts";

const url = process.env.VERDIGRIS_POSTGRES_URL ?? "postgres://postgres@127.0.0.1:5432/postgres";
const routeKey = `${agent}/route`;
const value = JSON.stringify({
  v: 1,
  run: "01K0000000000000000000000",
  bundle: "support-41",
  epoch: 1,
  generation: 1,
});

function openPool(max: number): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max, connectionTimeoutMillis: 3_000 });
  pool.on("error", () => {});
  return pool;
}

/** What a worker opens: see `StoreSource`. */
export async function openStore(
  schema: string,
  connections: string,
): Promise<{ store: Store; close(): Promise<void> }> {
  const pool = openPool(Number(connections));
  const store = await createPostgresStore({ client: pool, schema, migrate: false });
  return {
    store,
    async close() {
      await store.close();
      await pool.end();
    },
  };
}

/** A start beside an insert of the same columns, over the same pool, in turn. */
async function throughput(schema: string): Promise<Findings> {
  const group = "postgres start";
  const rows: Row[] = [];
  const goals: Goal[] = [];
  const pool = openPool(48);
  let queries = 0;
  const counting = {
    totalCount: 0,
    async connect() {
      queries += 1;
      return pool.connect();
    },
  };
  const store = await createPostgresStore({ client: counting, schema });
  await pool.query(`CREATE TABLE ${schema}.bare (LIKE ${schema}.entries INCLUDING ALL)`);
  const made = await store.commit([
    { op: "put", key: routeKey, rev: 0, value: JSON.stringify({ generation: 1 }) },
  ]);
  const rev = made.ok ? (made.revs[0] ?? 0) : 0;
  let key = 0;
  const start = (): Promise<unknown> =>
    store.commit([
      { op: "check", key: routeKey, rev },
      { op: "put", key: `${agent}/pin/support-41/1760000000000/${key++}`, rev: 0, value },
    ]);
  const insert = (): Promise<unknown> =>
    pool.query(
      `INSERT INTO ${schema}.bare (key, rev, at, value) VALUES ($1, $2, $3, $4) RETURNING key, rev, at, value`,
      [`${agent}/pin/support-41/1760000000000/${key++}`, key, 1_760_000_000_000, value],
    );
  for (const inFlight of [8, 48]) {
    const seen = { insert: [] as number[], start: [] as number[] };
    for (let round = -1; round < 5; round++) {
      const bare = await perSecond(inFlight, 800, insert);
      const fenced = await perSecond(inFlight, 800, start);
      if (round < 0) continue;
      seen.insert.push(bare);
      seen.start.push(fenced);
    }
    const ratio = ratioOf(seen.start, seen.insert);
    rows.push({
      group,
      name: `insert … returning, ${inFlight} in flight`,
      unit: "/s",
      ...spreadOf(seen.insert),
    });
    rows.push({
      group,
      name: `start, ${inFlight} in flight`,
      unit: "/s",
      ...spreadOf(seen.start),
      ratio,
      ratioTo: "insert",
    });
    if (inFlight === 8)
      goals.push(goal(`${group}: start / insert … returning at 8 in flight`, ratio, "higher", 0.75));
  }
  const before = queries;
  for (let n = 0; n < 100; n++) await start();
  goals.push(goal(`${group}: statements per start`, (queries - before) / 100, "lower", 1));
  await store.close();
  await pool.end();
  return { rows, goals };
}

/** Flips alone, then beside 48 connections of eight processes that start runs without a pause. */
async function flips(schema: string): Promise<Findings> {
  const group = "postgres flip";
  const { store, close } = await openStore(schema, "2");
  const done: { resolvedAt: number; generation: number }[] = [];
  let generation = 1;
  let rev = (await store.get([routeKey])).entries[0]?.rev ?? 0;
  const flip = async (): Promise<number> => {
    generation += 1;
    const began = performance.now();
    const result = await store.commit([
      { op: "put", key: routeKey, rev, value: JSON.stringify({ generation }) },
      { op: "put", key: `${agent}/audit/${String(generation).padStart(10, "0")}`, rev: 0, value },
    ]);
    if (!result.ok) throw new Error("a flip lost, and nobody else flips");
    rev = result.revs[0] ?? 0;
    done.push({ resolvedAt: sharedNow(), generation });
    return performance.now() - began;
  };
  const idle: number[] = [];
  for (let n = 0; n < 100; n++) idle.push(await flip());
  const source = { module: import.meta.url, args: [schema, "6"] };
  const starters = await runStarters(source, routeKey, 8, 6);
  const busy: number[] = [];
  const began = performance.now();
  while ((busy.length < 200 || starters.accepted < 100_000) && performance.now() - began < 60_000) {
    busy.push(await flip());
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const starts = await starters.stop();
  await close();
  const p99 = quantile(busy, 0.99);
  return {
    rows: [
      { group, name: "flip, nobody starts", unit: "ms", ...spreadOf(idle) },
      { group, name: `flip, 48 connections start (${busy.length})`, unit: "ms", ...spreadOf(busy) },
      { group, name: "the same, p99", unit: "ms", ...spreadOf([p99]) },
    ],
    goals: [
      goal(`${group}: p99 beside 48 saturating connections (ms)`, p99, "lower", 50),
      goal(`${group}: stale starts`, countStale(starts, done), "lower", 0),
      goal(`${group}: starts checked`, starts.length, "higher", 100_000),
      goal(`${group}: flips`, busy.length, "higher", 200),
    ],
  };
}

async function millisecondsOf(call: () => Promise<unknown>): Promise<number[]> {
  const took: number[] = [];
  for (let round = 0; round < 5; round++) {
    const began = performance.now();
    await call();
    took.push(performance.now() - began);
  }
  return took;
}

/** Counts and recycling with few and with many pins, left as real starts write them and multiplied by the server. */
async function million(schema: string): Promise<Findings> {
  const group = "postgres pins";
  const rows: Row[] = [];
  const pool = openPool(4);
  const store = await createPostgresStore({ client: pool, schema });
  const verdigris = await openAgent(store);
  await leavePins(store, 1);
  const medians: number[] = [];
  let left = 1;
  for (const count of [10_000, 1_000_000]) {
    await pool.query(
      `INSERT INTO ${schema}.entries SELECT p.key || '-' || n, ${schema}.rev_v1(), p.at, p.value
        FROM (SELECT * FROM ${schema}.entries WHERE key LIKE '${agent}/pin/%' ORDER BY key LIMIT 1) p,
          generate_series($1::int, $2::int) n`,
      [left, count - 1],
    );
    left = count;
    await pool.query(`VACUUM ANALYZE ${schema}.entries`);
    const counted = await millisecondsOf(() => verdigris.drainReport(blue.id));
    const recyclable = await millisecondsOf(() => verdigris.canRecycle(blue.id));
    const any = await millisecondsOf(() => store.list(`${agent}/pin/`, { limit: 1 }));
    medians.push(spreadOf(any).median);
    for (const [name, took] of [
      ["drain report", counted],
      ["canRecycle", recyclable],
      ["list, limit 1", any],
    ] as const) {
      rows.push({
        group,
        name: `${name}, ${count.toLocaleString("en")} pins`,
        unit: "ms",
        ...spreadOf(took),
      });
    }
  }
  await verdigris.close();
  await store.close();
  await pool.end();
  const [few = 1, many = 1] = medians;
  return {
    rows,
    goals: [goal(`${group}: list of one entry, a million / ten thousand`, many / few, "lower", 3)],
  };
}

/** Everything on PostgreSQL; nothing, with the reason printed, where no server answers. */
export async function onPostgres(): Promise<Findings> {
  const probe = openPool(1);
  const problem = await probe.query("SELECT 1").then(
    () => null,
    (error: unknown) => String(error),
  );
  if (problem !== null) {
    process.stderr.write(`  skipped: no PostgreSQL (${problem}); set VERDIGRIS_POSTGRES_URL\n`);
    await probe.end();
    return { rows: [], goals: [] };
  }
  const schemas = ["start", "pins"].map((name) => `vb_${process.pid}_${name}`) as [string, string];
  try {
    const found = [await throughput(schemas[0]), await flips(schemas[0]), await million(schemas[1])];
    return { rows: found.flatMap(({ rows }) => rows), goals: found.flatMap(({ goals }) => goals) };
  } finally {
    for (const schema of schemas) await probe.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
    await probe.end();
  }
}

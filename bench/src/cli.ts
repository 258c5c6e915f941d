import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createPostgresStore } from "@verdigris/store-postgres";
import { createRedisStore } from "@verdigris/store-redis";
import { createSqliteStore } from "@verdigris/store-sqlite";
import pg from "pg";
import { createClient } from "redis";
import { createVerdigris, defineBundle, type Verdigris } from "verdigris";
import { ratioOf, spreadOf } from "./measure.ts";
import { type Bench, type Goal, goal, type Row } from "./report.ts";

const bin = fileURLToPath(new URL("../../packages/cli/dist/bin.js", import.meta.url));
const rounds = 9;
const code = { commit: "c0ffee", build: `sha256:${"0".repeat(64)}` } as const;
const bundle = (id: string) => defineBundle({ id, code, prompts: { system: { version: id, text: id } } });

/** An agent in a store of its own, and the address a person would type. */
interface Place {
  readonly name: string;
  readonly address: string;
  readonly app: Verdigris;
  remove(): Promise<void>;
}

const agent = (store: Parameters<typeof createVerdigris>[0]["store"]) =>
  createVerdigris({ agent: "bench", bundle: bundle("v0"), sweepMs: "never", ...(store && { store }) });

async function onSqlite(): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), "verdigris-bench-cli-"));
  const file = join(folder, "agent.db");
  const store = await createSqliteStore({ file });
  const app = agent(store);
  const remove = async () => {
    await app.close();
    await store.close();
    await rm(folder, { recursive: true });
  };
  return { name: "SQLite", address: `sqlite:${file}`, app, remove };
}

async function onPostgres(): Promise<Place> {
  const url = process.env.VERDIGRIS_POSTGRES_URL ?? "postgres://postgres@127.0.0.1:5432/postgres";
  const schema = `bench_cli_${process.pid}`;
  const client = new pg.Pool({ connectionString: url, max: 2, connectionTimeoutMillis: 3_000 });
  const store = await createPostgresStore({ client, schema });
  const app = agent(store);
  const remove = async () => {
    await app.close();
    await store.close();
    await client.query(`DROP SCHEMA "${schema}" CASCADE`);
    await client.end();
  };
  return { name: "PostgreSQL", address: `${url}?schema=${schema}`, app, remove };
}

async function onRedis(): Promise<Place> {
  const url = process.env.VERDIGRIS_REDIS_URL ?? "redis://127.0.0.1:6379";
  const prefix = `bench_cli_${process.pid}`;
  const client = createClient({ url, socket: { connectTimeout: 3_000, reconnectStrategy: false } });
  client.on("error", () => {});
  await client.connect();
  const accept = ["persistence", "fsync", "eviction", "replication", "unknown"] as const;
  const store = await createRedisStore({ client, prefix, accept });
  const app = agent(store);
  const remove = async () => {
    await app.close();
    await client.del([`{${prefix}}:entries`, `{${prefix}}:keys`]);
    await store.close();
    client.destroy();
  };
  return { name: "Redis", address: `${url}?prefix=${prefix}`, app, remove };
}

/** What a process took until it first said something, until it was gone, and of the processor. */
interface Took {
  readonly saidMs: number;
  readonly goneMs: number;
  readonly cpuMs: number;
}

const tellsCpu = `data:text/javascript,${encodeURIComponent(
  "process.on('exit', () => { const { user, system } = process.cpuUsage(); process.stderr.write('cpu ' + (user + system)); });",
)}`;

async function timed(args: readonly string[]): Promise<Took> {
  const began = performance.now();
  const child = spawn(process.execPath, [`--import=${tellsCpu}`, ...args]);
  let saidMs = Number.NaN;
  let err = "";
  child.stdout.once("data", () => {
    saidMs = performance.now() - began;
  });
  child.stderr.on("data", (part: Buffer) => {
    err += part.toString();
  });
  const [exit] = (await once(child, "close")) as [number | null];
  const goneMs = performance.now() - began;
  const cpu = /cpu (\d+)$/.exec(err)?.[1];
  if (exit !== 0 || cpu === undefined) throw new Error(`${args.join(" ")} ended with ${exit}: ${err}`);
  return { saidMs, goneMs, cpuMs: Number(cpu) / 1_000 };
}

function rowsOf(name: string, took: readonly Took[], floor: readonly Took[]): Row[] {
  const part = (of: keyof Took) => took.map((round) => round[of]);
  const compared = {
    ratio: ratioOf(
      part("cpuMs"),
      floor.map(({ cpuMs }) => cpuMs),
    ),
    ratioTo: "node -e 0",
  };
  return [
    { group: "from keypress to what it says", name, unit: "ms", ...spreadOf(part("saidMs")) },
    { group: "from keypress to its end", name, unit: "ms", ...spreadOf(part("goneMs")) },
    { group: "processor", name, unit: "ms", ...spreadOf(part("cpuMs")), ...compared },
  ];
}

async function rollbacks(place: Place, round: number): Promise<Took> {
  // A bundle that was rolled back is denied, so each round has one of its own.
  const next = bundle(`v${round + 2}`);
  await place.app.register(next);
  const { generation } = await place.app.status();
  await place.app.flip({ to: next.id, reason: "bench", expect: generation });
  return timed([bin, "rollback", "--store", place.address, "--agent", "bench", "--reason", "bench"]);
}

export const cli: Bench = {
  name: "cli",
  sentence: "How long the command takes to start, and to roll back, on a file, PostgreSQL and Redis.",
  async run(progress) {
    const places: Place[] = [];
    for (const open of [onSqlite, onPostgres, onRedis]) {
      try {
        places.push(await open());
      } catch (error) {
        progress(`left out: ${String(error)}`);
      }
    }
    const took = new Map<string, Took[]>();
    const note = (name: string, one: Took) => took.set(name, [...(took.get(name) ?? []), one]);
    try {
      for (let round = -1; round < rounds; round++) {
        progress(`round ${round + 1} of ${rounds}`);
        const all: [string, Took][] = [
          ["node -e 0", await timed(["-e", "console.log(0)"])],
          ["--version", await timed([bin, "--version"])],
        ];
        for (const place of places) all.push([`rollback on ${place.name}`, await rollbacks(place, round)]);
        if (round >= 0) for (const [name, one] of all) note(name, one);
      }
    } finally {
      for (const place of places) await place.remove();
    }
    const floor = took.get("node -e 0") ?? [];
    const median = (name: string) => spreadOf((took.get(name) ?? []).map(({ saidMs }) => saidMs)).median;
    const goals: Goal[] = [
      goal("ms until the command has started", median("--version"), "lower", 300),
      ...places.map(({ name }) =>
        goal(
          `ms from keypress to a committed rollback on ${name}`,
          median(`rollback on ${name}`),
          "lower",
          1_000,
        ),
      ),
    ];
    return { rows: [...took].flatMap(([name, rounds]) => rowsOf(name, rounds, floor)), goals };
  },
};

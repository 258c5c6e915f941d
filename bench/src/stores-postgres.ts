import { createPostgresStore } from "@verdigris/store-postgres";
import pg from "pg";
import { type BenchServer, type OpenStore, type StartLane, value } from "./server.ts";
import { agent } from "./world.ts";

const url = process.env.VERDIGRIS_POSTGRES_URL ?? "postgres://postgres@127.0.0.1:5432/postgres";

function openPool(max: number): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max, connectionTimeoutMillis: 3_000 });
  pool.on("error", () => {});
  return pool;
}

/** Runs `work` over a connection of its own. */
async function withPool<T>(work: (pool: pg.Pool) => Promise<T>): Promise<T> {
  const pool = openPool(1);
  try {
    return await work(pool);
  } finally {
    await pool.end();
  }
}

/** What the processes of a load open, too. @public */
export async function openStore(schema: string, connections: string): Promise<OpenStore> {
  const pool = openPool(Number(connections));
  const store = await createPostgresStore({ client: pool, schema });
  return {
    store,
    async close() {
      await store.close();
      await pool.end();
    },
  };
}

async function openLane(schema: string): Promise<StartLane> {
  const pool = openPool(48);
  let sent = 0;
  const client = {
    totalCount: 0,
    on: pool.on.bind(pool),
    connect() {
      sent += 1;
      return pool.connect();
    },
  };
  const store = await createPostgresStore({ client, schema });
  await pool.query(`CREATE TABLE ${schema}.bare (LIKE ${schema}.entries INCLUDING ALL)`);
  const insert = `INSERT INTO ${schema}.bare (key, rev, at, value) VALUES ($1, $2, $3, $4) RETURNING key, rev, at, value`;
  return {
    store,
    floor: (key) => pool.query(insert, [key, sent, 1_760_000_000_000, value]),
    sent: () => sent,
    async close() {
      await store.close();
      await pool.end();
    },
  };
}

export const postgres: BenchServer = {
  name: "postgres",
  sharesRoundTrips: false,
  floorName: "insert … returning",
  module: import.meta.url,
  problem: () =>
    withPool((pool) => pool.query("SELECT 1")).then(
      () => null,
      (error: unknown) => `${String(error)}; set VERDIGRIS_POSTGRES_URL`,
    ),
  clients: ["postgres"],
  openLane: (_client, schema) => openLane(schema),
  open: openStore,
  async openBareFlip(schema) {
    const pool = openPool(2);
    await pool.query(`CREATE TABLE ${schema}.bare_route (LIKE ${schema}.entries INCLUDING ALL)`);
    await pool.query(`INSERT INTO ${schema}.bare_route (key, rev, at, value) VALUES ('route', 1, 0, $1)`, [
      value,
    ]);
    const update = `UPDATE ${schema}.bare_route SET rev = rev + 1, at = $2, value = $3 WHERE key = 'route' AND rev = $1`;
    let rev = 0;
    return {
      async flip() {
        rev += 1;
        const { rowCount } = await pool.query(update, [rev, Date.now(), value]);
        if (rowCount !== 1) throw new Error("a bare flip lost, and nobody else flips");
      },
      close: () => pool.end(),
    };
  },
  multiplyPins: (schema, from, to) =>
    withPool(async (pool) => {
      await pool.query(
        `INSERT INTO ${schema}.entries SELECT p.key || '-' || n, ${schema}.rev_v1(), p.at, p.value
          FROM (SELECT * FROM ${schema}.entries WHERE key LIKE '${agent}/pin/%' ORDER BY key LIMIT 1) p, generate_series($1::int, $2::int) n`,
        [from, to],
      );
      await pool.query(`VACUUM ANALYZE ${schema}.entries`);
    }),
  remove: (schemas) =>
    withPool(async (pool) => {
      for (const schema of schemas) await pool.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
    }),
};

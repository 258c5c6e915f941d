import pg from "pg";

/** The server the tests run against. Each test has a schema of its own, removed afterwards. */
const url: string = process.env.VERDIGRIS_POSTGRES_URL ?? "postgres://postgres@127.0.0.1:5432/postgres";

async function answers(): Promise<string | null> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 3_000 });
  try {
    await client.connect();
    await client.query("SELECT 1");
    return null;
  } catch (error) {
    return String(error);
  } finally {
    await client.end().catch(() => undefined);
  }
}

const problem = await answers();
if (problem !== null) {
  const reason = `no PostgreSQL at ${url.replace(/:[^:@/]*@/, ":…@")} (${problem}); set VERDIGRIS_POSTGRES_URL`;
  if (process.env.CI === "true") throw new Error(reason);
  process.stderr.write(`skipped: ${reason}\n`);
}

export const hasServer: boolean = problem === null;

let made = 0;

export function freshSchema(): string {
  made += 1;
  return `vt_${process.pid}_${crypto.randomUUID().slice(0, 8)}_${made}`;
}

export interface Server {
  readonly pool: pg.Pool;
  readonly schema: string;
  listen(): Promise<pg.Client>;
  /** Removes the schema and closes what was opened. */
  dispose(): Promise<void>;
}

/** A pool and a schema that does not exist yet. */
export function openServer(connectionString: string = url, schema: string = freshSchema()): Server {
  const pool = new pg.Pool({ connectionString, max: 12, connectionTimeoutMillis: 5_000 });
  pool.on("error", () => undefined);
  return {
    pool,
    schema,
    async listen() {
      const client = new pg.Client({ connectionString });
      await client.connect();
      return client;
    },
    async dispose() {
      await pool.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`).catch(() => undefined);
      await pool.end();
    },
  };
}

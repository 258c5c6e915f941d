import { randomUUID } from "node:crypto";
import pg from "pg";
import { createClient } from "redis";

/** A server the command line is tried on, and how to take away what a test left there. */
export interface Engine {
  readonly name: "postgres" | "redis";
  /** The address of a fresh agent, as a person would type it. */
  address(): string;
  remove(address: string): Promise<void>;
}

const postgresUrl = process.env.VERDIGRIS_POSTGRES_URL ?? "postgres://postgres@127.0.0.1:5432/postgres";
const redisUrl = process.env.VERDIGRIS_REDIS_URL ?? "redis://127.0.0.1:6379";

const fresh = () => `cli_${process.pid}_${randomUUID().slice(0, 8)}`;

async function withPostgres<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: postgresUrl, connectionTimeoutMillis: 3_000 });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function withRedis<T>(work: (client: ReturnType<typeof createClient>) => Promise<T>): Promise<T> {
  const client = createClient({
    url: redisUrl,
    socket: { connectTimeout: 3_000, reconnectStrategy: false },
  });
  client.on("error", () => undefined);
  await client.connect();
  try {
    return await work(client as ReturnType<typeof createClient>);
  } finally {
    client.destroy();
  }
}

/** Whether a server answers; prints why not, and is an error where tests must not be skipped. */
async function answers(name: string, variable: string, ask: () => Promise<unknown>): Promise<boolean> {
  try {
    await ask();
    return true;
  } catch (error) {
    const reason = `no ${name} answers (${String(error)}); set ${variable}`;
    if (process.env.CI === "true") throw new Error(reason);
    process.stderr.write(`skipped: ${reason}\n`);
    return false;
  }
}

const postgres: Engine = {
  name: "postgres",
  address: () => `${postgresUrl}?schema=${fresh()}`,
  async remove(address) {
    const schema = new URL(address).searchParams.get("schema");
    await withPostgres((client) => client.query(`DROP SCHEMA IF EXISTS "${schema}" CASCADE`));
  },
};

const redis: Engine = {
  name: "redis",
  address: () => `${redisUrl}?prefix=${fresh()}`,
  async remove(address) {
    const prefix = new URL(address).searchParams.get("prefix");
    await withRedis((client) => client.del([`{${prefix}}:entries`, `{${prefix}}:keys`]));
  },
};

/** What is there to be tried on. */
export const servers: readonly Engine[] = [
  ...((await answers("PostgreSQL", "VERDIGRIS_POSTGRES_URL", () =>
    withPostgres((client) => client.query("SELECT 1")),
  ))
    ? [postgres]
    : []),
  ...((await answers("Redis", "VERDIGRIS_REDIS_URL", () => withRedis((client) => client.ping())))
    ? [redis]
    : []),
];

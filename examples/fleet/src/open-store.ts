import { createPostgresStore } from "@verdigris/store-postgres";
import { createRedisStore } from "@verdigris/store-redis";
import { createSqliteStore } from "@verdigris/store-sqlite";
import pg from "pg";
import { createClient } from "redis";
import type { VerdigrisOptions } from "verdigris";

export type StoreKind = "sqlite" | "postgres" | "redis";

/** Where one show keeps its records: a file, a schema, a prefix. */
export interface Place {
  readonly kind: StoreKind;
  readonly at: string;
}

/** An open store, and what closes it with its connections. */
export interface OpenStore {
  readonly store: NonNullable<VerdigrisOptions<undefined>["store"]>;
  close(): Promise<void>;
}

const postgresUrl = process.env.VERDIGRIS_POSTGRES_URL ?? "postgres://postgres@127.0.0.1:5432/postgres";
const redisUrl = process.env.VERDIGRIS_REDIS_URL ?? "redis://127.0.0.1:6379";

async function openPostgres(schema: string): Promise<OpenStore> {
  const pool = new pg.Pool({ connectionString: postgresUrl, max: 2 });
  // Without a listener a lost idle connection would end the process; the store asks again by itself.
  pool.on("error", () => {});
  const listen = async () => {
    const client = new pg.Client({ connectionString: postgresUrl });
    await client.connect();
    return client;
  };
  const store = await createPostgresStore({ client: pool, listen, schema });
  return { store, close: () => store.close().then(() => pool.end()) };
}

async function openRedis(prefix: string): Promise<OpenStore> {
  const client = createClient({ url: redisUrl });
  client.on("error", () => {});
  await client.connect();
  // A laptop's Redis; in production leave `accept` out.
  const store = await createRedisStore({ client, prefix, accept: ["persistence", "fsync"] });
  return { store, close: () => store.close().then(() => client.destroy()) };
}

/** Opens one process's handle on the place. */
export async function openStore({ kind, at }: Place): Promise<OpenStore> {
  if (kind === "postgres") return openPostgres(at);
  if (kind === "redis") return openRedis(at);
  const store = await createSqliteStore({ file: at });
  return { store, close: () => store.close() };
}

/** Null where the engine answers, else what it says. */
export async function whyAway(kind: StoreKind): Promise<string | null> {
  try {
    if (kind === "postgres") {
      const client = new pg.Client({ connectionString: postgresUrl });
      await client.connect();
      await client.end();
    } else if (kind === "redis") {
      const client = createClient({ url: redisUrl, socket: { reconnectStrategy: false } });
      client.on("error", () => {});
      await client.connect();
      client.destroy();
    }
    return null;
  } catch (error) {
    return String((error as { code?: unknown }).code ?? error);
  }
}

/** Removes what a show left behind on a shared server. */
export async function clean({ kind, at }: Place): Promise<void> {
  if (kind === "postgres") {
    const client = new pg.Client({ connectionString: postgresUrl });
    await client.connect();
    await client.query(`DROP SCHEMA IF EXISTS ${client.escapeIdentifier(at)} CASCADE`);
    await client.end();
  } else if (kind === "redis") {
    const client = createClient({ url: redisUrl });
    client.on("error", () => {});
    await client.connect();
    for await (const keys of client.scanIterator({ MATCH: `{${at}}*` })) await client.del(keys);
    client.destroy();
  }
}

import { existsSync } from "node:fs";
import type { Store } from "@verdigris/contracts";
import { CliError } from "../cli-error.ts";
import type { StoreUrl } from "./store-url.ts";

/** A store that was opened here, and how to let go of everything that took. */
export interface OpenStore {
  readonly store: Store;
  close(): Promise<void>;
}

/** Imports what is installed beside this package only where it is used. */
async function installed<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    if ((cause as { code?: string }).code !== "ERR_MODULE_NOT_FOUND") throw cause;
    throw new CliError("config", `this store needs ${name}: npm install ${name}`, { cause });
  }
}

async function openSqlite(file: string): Promise<OpenStore> {
  // A mistyped path would otherwise be an empty agent that nobody has ever released.
  if (!existsSync(file))
    throw new CliError("usage", `there is no ${file}: a store is made by the agent, not by this command`);
  const { createSqliteStore } = await installed(
    "@verdigris/store-sqlite",
    () => import("@verdigris/store-sqlite"),
  );
  const store = await createSqliteStore({ file });
  return { store, close: () => store.close() };
}

async function openPostgres({ url, schema }: StoreUrl & { readonly kind: "postgres" }): Promise<OpenStore> {
  const { default: pg } = await installed("pg", () => import("pg"));
  const { createPostgresStore } = await installed(
    "@verdigris/store-postgres",
    () => import("@verdigris/store-postgres"),
  );
  const pool = new pg.Pool({ connectionString: url, max: 4, connectionTimeoutMillis: 2_000 });
  // An idle connection that breaks is not this command's failure; the next query says what is wrong.
  pool.on("error", () => {});
  try {
    const store = await createPostgresStore({ client: pool, ...(schema === null ? {} : { schema }) });
    return {
      store,
      async close() {
        await store.close();
        await pool.end();
      },
    };
  } catch (error) {
    await pool.end();
    throw error;
  }
}

async function openRedis({ url, prefix }: StoreUrl & { readonly kind: "redis" }): Promise<OpenStore> {
  const { createClient } = await installed("redis", () => import("redis"));
  const { createRedisStore } = await installed(
    "@verdigris/store-redis",
    () => import("@verdigris/store-redis"),
  );
  const client = createClient({ url, socket: { connectTimeout: 2_000, reconnectStrategy: false } });
  client.on("error", () => {});
  await client.connect();
  // Whether to run a server's risks was decided by the agents that already use it.
  const accept = ["persistence", "fsync", "eviction", "replication", "unknown"] as const;
  try {
    const store = await createRedisStore({ client, accept, ...(prefix === null ? {} : { prefix }) });
    return {
      store,
      async close() {
        await store.close();
        client.destroy();
      },
    };
  } catch (error) {
    client.destroy();
    throw error;
  }
}

/** Opens the store named; the packages and clients it needs are looked for when it is. */
export function openStore(url: StoreUrl): Promise<OpenStore> {
  switch (url.kind) {
    case "sqlite":
      return openSqlite(url.file);
    case "postgres":
      return openPostgres(url);
    case "redis":
      return openRedis(url);
  }
}

import { existsSync } from "node:fs";
import { isVerdigrisError, type Store, VerdigrisError } from "@verdigris/contracts";
import { CliError } from "../cli-error.ts";
import type { StoreUrl } from "./store-url.ts";

/** What a server's settings mean for what it has acknowledged. */
interface StoreSetting {
  readonly text: string;
  /** Whether an acknowledged flip may be lost by it. */
  readonly risk: boolean;
}

/** A store that was opened here, and how to let go of everything that took. */
export interface OpenStore {
  readonly store: Store;
  /** The settings that durability hangs on, as they are now. */
  settings(): Promise<readonly StoreSetting[]>;
  close(): Promise<void>;
}

/** Imports what is installed beside this package only where it is used. */
async function installed<T>(names: readonly string[], load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    if ((cause as { code?: string }).code !== "ERR_MODULE_NOT_FOUND") throw cause;
    const missing = names.join(" ");
    throw new CliError(
      "config",
      `this store needs ${names.join(" and ")}: npm install ${missing} where verdigris is installed (--global, if it was)`,
      { cause },
    );
  }
}

async function openSqlite(file: string): Promise<OpenStore> {
  // A mistyped path would otherwise be an empty agent that nobody has ever released.
  if (!existsSync(file))
    throw new CliError("usage", `there is no ${file}: a store is made by the agent, not by this command`);
  const { createSqliteStore } = await installed(
    ["@verdigris/store-sqlite"],
    () => import("@verdigris/store-sqlite"),
  );
  const store = await createSqliteStore({ file });
  const text =
    "this command flushes every commit; each process of the agent does unless its code says normal";
  return { store, settings: async () => [{ text, risk: false }], close: () => store.close() };
}

/** Says what a schema that is not there means to the person who named it. */
function missingSchema(error: unknown): unknown {
  if (!isVerdigrisError(error) || error.code !== "store-unavailable" || error.details.found !== null)
    return error;
  return new CliError(
    "usage",
    `there is no schema ${String(error.details.schema)} in this database: a store is made by the agent, not by this command; name its schema with ?schema=`,
    { cause: error },
  );
}

/** Whether a refusal is about what a crash may lose, which the agents that use the server have accepted already. */
function isAboutFsync(error: unknown): boolean {
  return isVerdigrisError(error) && error.code === "store-lacks-capability" && error.details.fsync === false;
}

async function openPostgres({ url, schema }: StoreUrl & { readonly kind: "postgres" }): Promise<OpenStore> {
  const [{ default: pg }, { createPostgresStore }] = await installed(
    ["@verdigris/store-postgres", "pg"],
    () => Promise.all([import("pg"), import("@verdigris/store-postgres")]),
  );
  const pool = new pg.Pool({ connectionString: url, max: 4, connectionTimeoutMillis: 2_000 });
  // An idle connection that breaks is not this command's failure; the next query says what is wrong.
  pool.on("error", () => {});
  // A mistyped schema would otherwise be made here, and be an empty agent.
  const options = { client: pool, migrate: false, ...(schema === null ? {} : { schema }) };
  try {
    const store = await createPostgresStore(options).catch((error: unknown) => {
      if (!isAboutFsync(error)) throw error;
      return createPostgresStore({ ...options, durability: "accept-loss" });
    });
    return {
      store,
      settings: () => postgresSettings(pool),
      async close() {
        await store.close();
        await pool.end();
      },
    };
  } catch (error) {
    await pool.end();
    throw missingSchema(error);
  }
}

async function postgresSettings(pool: {
  query(text: string): Promise<{ readonly rows: readonly unknown[] }>;
}): Promise<readonly StoreSetting[]> {
  const { rows } = await pool.query(
    "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') ORDER BY name",
  );
  return (rows as readonly { name: string; setting: string }[]).map(({ name, setting }) => {
    if (setting !== "off") return { text: `${name} is ${setting}`, risk: false };
    // Commits of this SDK ask for their flush themselves.
    if (name === "synchronous_commit")
      return { text: `${name} is off, which commits of runs and moves override`, risk: false };
    return {
      text: `${name} is off: a crash may lose or tear what was acknowledged; set it to on`,
      risk: true,
    };
  });
}

/** The client alone loads in half the time of `redis`, which brings it along with the commands of all its modules. */
async function redisClient(): Promise<Pick<typeof import("@redis/client"), "createClient">> {
  try {
    return await import("@redis/client");
  } catch (cause) {
    if ((cause as { code?: string }).code !== "ERR_MODULE_NOT_FOUND") throw cause;
    return import("redis") as Promise<unknown> as Promise<typeof import("@redis/client")>;
  }
}

async function openRedis({ url, prefix }: StoreUrl & { readonly kind: "redis" }): Promise<OpenStore> {
  const [{ createClient }, { createRedisStore }] = await installed(
    ["@verdigris/store-redis", "@redis/client"],
    () => Promise.all([redisClient(), import("@verdigris/store-redis")]),
  );
  const client = createClient({ url, socket: { connectTimeout: 2_000, reconnectStrategy: false } });
  client.on("error", () => {});
  try {
    await client.connect();
  } catch (cause) {
    const refused = /^(WRONGPASS|NOAUTH|ERR AUTH)/.test((cause as Error).message);
    const what = refused
      ? "the server refused the login: check user and password"
      : "the server cannot be reached";
    throw new VerdigrisError("store-unavailable", what, {}, { cause });
  }
  // Whether to run a server's risks was decided by the agents that already use it.
  const accept = ["persistence", "fsync", "eviction", "replication", "unknown"] as const;
  try {
    const store = await createRedisStore({ client, accept, ...(prefix === null ? {} : { prefix }) });
    const safe = { text: "appendonly is yes, appendfsync always, and nothing is evicted", risk: false };
    return {
      store,
      settings: async () =>
        store.risks.length === 0 ? [safe] : store.risks.map(({ message }) => ({ text: message, risk: true })),
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

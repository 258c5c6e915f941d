import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { chown, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Store } from "@verdigris/contracts";

export type Kind = "redis" | "postgres" | "sqlite";

/** A store as one process has it. */
export interface Opened {
  readonly store: Store;
  close(): Promise<void>;
}

async function openRedis(prefix: string): Promise<Opened> {
  const [{ createRedisStore }, { Redis }] = await Promise.all([
    import("@verdigris/store-redis"),
    import("ioredis"),
  ]);
  const url = process.env.VERDIGRIS_REDIS_URL ?? "redis://127.0.0.1:6379";
  const client = new Redis(url, { retryStrategy: () => null });
  client.on("error", () => {});
  const accept = ["persistence", "fsync", "replication"] as const;
  const store = await createRedisStore({ client, prefix, accept });
  return { store, close: () => store.close().then(() => client.disconnect()) };
}

async function openPostgres(connectionString: string): Promise<Opened> {
  const [{ createPostgresStore }, { default: pg }] = await Promise.all([
    import("@verdigris/store-postgres"),
    import("pg"),
  ]);
  const pool = new pg.Pool({ connectionString, max: 1, connectionTimeoutMillis: 5_000 });
  pool.on("error", () => {});
  const listen = async () => {
    const client = new pg.Client({ connectionString });
    await client.connect();
    return client;
  };
  const store = await createPostgresStore({ client: pool, listen });
  return { store, close: () => store.close().then(() => pool.end()) };
}

async function openSqlite(file: string): Promise<Opened> {
  const { createSqliteStore } = await import("@verdigris/store-sqlite");
  const store = await createSqliteStore({ file });
  return { store, close: () => store.close() };
}

/** Opens the store of a kind; only what it needs is imported. */
export const openers: Readonly<Record<Kind, (where: string) => Promise<Opened>>> = {
  redis: openRedis,
  postgres: openPostgres,
  sqlite: openSqlite,
};

const installed = "/usr/lib/postgresql";

/** A PostgreSQL that takes two connections of every process; null where its programs are not there. */
export async function startPostgres(): Promise<{ readonly where: string; stop(): Promise<void> } | null> {
  const version = existsSync(installed)
    ? readdirSync(installed).sort((a, b) => Number(b) - Number(a))[0]
    : undefined;
  if (version === undefined) return null;
  const bin = join(installed, version, "bin");
  const directory = await mkdtemp(join(tmpdir(), "verdigris-bench-pg-"));
  // The server refuses to run as root.
  const asked = (flag: string): number =>
    Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
  const user = process.getuid?.() === 0 ? { uid: asked("-u"), gid: asked("-g") } : null;
  if (user !== null) await chown(directory, user.uid, user.gid);
  const data = join(directory, "data");
  const run = { ...user, cwd: directory, stdio: "ignore" } as const;
  execFileSync(
    join(bin, "initdb"),
    ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"],
    run,
  );
  const port = 20_000 + (process.pid % 20_000);
  const settings = ["listen_addresses=127.0.0.1", "max_connections=150"].flatMap((setting) => [
    "-c",
    setting,
  ]);
  const server = spawn(
    join(bin, "postgres"),
    ["-D", data, "-p", String(port), "-k", directory, ...settings],
    run,
  );
  const where = `postgres://postgres@127.0.0.1:${port}/postgres`;
  for (let tries = 0; tries < 100; tries++) {
    const opened = await openPostgres(where).catch(() => null);
    if (opened !== null) {
      await opened.close();
      break;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    where,
    async stop() {
      const ended = once(server, "exit");
      server.kill("SIGQUIT");
      await ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";

const binary = process.env.VERDIGRIS_PGBOUNCER ?? "pgbouncer";

/** Machines without the pooler are no failure: what it does is played in another test. */
export const hasPooler: boolean = spawnSync(binary, ["--version"]).status === 0;
if (!hasPooler) process.stderr.write(`skipped: there is no ${binary} to start; set VERDIGRIS_PGBOUNCER\n`);

/** A PgBouncer of the test's own in front of a server, lending its connections by transaction. */
export interface OwnPooler {
  readonly url: string;
  remove(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 1_000 });
  client.on("error", () => undefined);
  try {
    await client.connect();
    await client.query("SELECT 1");
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** It refuses to run as root, so root starts it as somebody who owns nothing else. */
function asNobody(directory: string): { uid: number; gid: number } | null {
  if (process.getuid?.() !== 0) return null;
  const ask = (flag: string): number => Number(execFileSync("id", [flag, "nobody"], { encoding: "utf8" }));
  const user = { uid: ask("-u"), gid: ask("-g") };
  chownSync(directory, user.uid, user.gid);
  return user;
}

export async function startPooler(serverUrl: string): Promise<OwnPooler> {
  const { hostname, port: serverPort, username, password, pathname } = new URL(serverUrl);
  const directory = mkdtempSync(join(tmpdir(), "verdigris-pooler-"));
  const port = await freePort();
  const secret = password === "" ? "" : ` password=${decodeURIComponent(password)}`;
  const settings = [
    "[databases]",
    `* = host=${hostname} port=${serverPort || 5432} user=${username || "postgres"}${secret}`,
    "[pgbouncer]",
    "listen_addr = 127.0.0.1",
    `listen_port = ${port}`,
    "unix_socket_dir =",
    "auth_type = any",
    "pool_mode = transaction",
    "default_pool_size = 4",
  ];
  const file = join(directory, "pgbouncer.ini");
  writeFileSync(file, `${settings.join("\n")}\n`);
  const user = asNobody(directory);
  const child: ChildProcess = spawn(binary, ["-q", file], { ...user, cwd: directory, stdio: "ignore" });
  const url = `postgres://${username || "postgres"}@127.0.0.1:${port}${pathname}`;
  for (let tries = 0; tries < 100 && !(await answers(url)); tries += 1) {
    if (child.exitCode !== null) throw new Error(`${binary} ended with ${child.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  return {
    url,
    async remove() {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

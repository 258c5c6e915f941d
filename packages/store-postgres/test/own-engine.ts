import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";

const installed = "/usr/lib/postgresql";

function findBinaries(): string | null {
  const versions = existsSync(installed) ? readdirSync(installed) : [];
  const newest = versions.sort((a, b) => Number(b) - Number(a))[0];
  const bin = newest === undefined ? null : join(installed, newest, "bin");
  return bin !== null && existsSync(join(bin, "initdb")) ? bin : null;
}

/** The server refuses to run as root, so root starts it as the user that the package made. */
function findUser(): { uid: number; gid: number } | null {
  if (process.getuid?.() !== 0) return null;
  const ask = (flag: string): number => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
  return { uid: ask("-u"), gid: ask("-g") };
}

const bin = findBinaries();
if (bin === null) {
  const reason = `no PostgreSQL binaries below ${installed} to start an engine of the test's own`;
  if (process.env.CI === "true") throw new Error(reason);
  process.stderr.write(`skipped: ${reason}\n`);
}

export const hasBinaries: boolean = bin !== null;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** A PostgreSQL server of the test's own, which may be killed. */
export interface OwnEngine {
  readonly port: number;
  readonly url: string;
  start(): Promise<void>;
  /** Stops it at once, as an operator would; connections are broken, nothing acknowledged is lost. */
  stop(): Promise<void>;
  /** `kill -9` of the postmaster: its other processes notice and die. */
  kill(): Promise<void>;
  remove(): Promise<void>;
}

/** `standbyOf` copies a running engine and follows it from then on, asynchronously, until it is promoted. */
export async function createOwnEngine(standbyOf?: OwnEngine): Promise<OwnEngine> {
  if (bin === null) throw new Error("no binaries");
  const user = findUser();
  const directory = mkdtempSync(join(tmpdir(), "verdigris-pg-"));
  if (user !== null) chownSync(directory, user.uid, user.gid);
  const data = join(directory, "data");
  const as = user ?? {};
  const [program, ...args] =
    standbyOf === undefined
      ? ["initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]
      : ["pg_basebackup", "-D", data, "-d", standbyOf.url, "-R", "-c", "fast", "--no-sync"];
  execFileSync(join(bin, program ?? ""), args, { ...as, cwd: directory, stdio: "ignore" });
  const port = await freePort();
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  let child: ChildProcess | null = null;

  async function answers(): Promise<boolean> {
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

  async function end(signal: NodeJS.Signals): Promise<void> {
    const ending = child;
    if (ending === null) return;
    child = null;
    const ended = once(ending, "exit");
    ending.kill(signal);
    await ended;
  }

  const start = async (): Promise<void> => {
    // After a kill the old processes may hold the shared memory for a moment, and the first attempts are refused.
    for (let tries = 0; tries < 200; tries += 1) {
      if (child === null || child.exitCode !== null) {
        child = spawn(
          join(bin, "postgres"),
          [
            "-D",
            data,
            "-p",
            String(port),
            "-k",
            directory,
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            "max_connections=80",
          ],
          { ...as, cwd: directory, stdio: "ignore" },
        );
      }
      if (await answers()) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error("the engine does not start");
  };

  return {
    port,
    url,
    start,
    stop: () => end("SIGINT"),
    kill: () => end("SIGKILL"),
    async remove() {
      await end("SIGQUIT");
      rmSync(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    },
  };
}

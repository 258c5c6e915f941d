import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Redis } from "ioredis";

/** A Redis server that a test may hurt. */
export interface OwnServer {
  readonly url: string;
  readonly port: number;
  readonly child: ChildProcess;
  /** Ends it with a signal and waits until it is gone. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same port and data. */
  restart(): Promise<void>;
  /** Ends it and removes its data. */
  remove(): Promise<void>;
}

const binary = process.env.VERDIGRIS_REDIS_SERVER ?? "redis-server";

/** Whether tests must be skipped for want of the program; prints why, and is an error where tests must not be skipped. */
export function lacksProgram(): boolean {
  if (spawnSync(binary, ["--version"]).status === 0) return false;
  const reason = `there is no ${binary} to start; set VERDIGRIS_REDIS_SERVER`;
  if (process.env.CI === "true") throw new Error(reason);
  process.stderr.write(`skipped: ${reason}\n`);
  return true;
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

async function launch(port: number, directory: string, settings: readonly string[]): Promise<ChildProcess> {
  const fixed = ["--port", String(port), "--bind", "127.0.0.1", "--dir", directory, "--save", ""];
  const child = spawn(binary, [...fixed, ...settings], { stdio: ["ignore", "pipe", "ignore"] });
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.includes("Ready to accept connections")) {
      child.stdout.resume();
      return child;
    }
  }
  throw new Error(`${binary} ended with ${child.exitCode ?? child.signalCode}`);
}

const durable: readonly string[] = ["--appendonly", "yes", "--appendfsync", "always"];

export async function startServer(settings: readonly string[] = durable): Promise<OwnServer> {
  const directory = await mkdtemp(join(tmpdir(), "verdigris-redis-"));
  const port = await freePort();
  let child = await launch(port, directory, settings);
  const kill = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill(signal);
    await gone;
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    get child() {
      return child;
    },
    kill,
    async restart() {
      await kill("SIGKILL");
      child = await launch(port, directory, settings);
    },
    async remove() {
      await kill("SIGKILL");
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A cluster of one server that owns every slot: keys in different slots are refused as in any cluster. */
export async function startCluster(): Promise<OwnServer> {
  const server = await startServer([
    ...durable,
    "--cluster-enabled",
    "yes",
    "--cluster-announce-ip",
    "127.0.0.1",
  ]);
  const admin = new Redis(server.url);
  await admin.call("CLUSTER", "ADDSLOTSRANGE", "0", "16383");
  while (!(await admin.cluster("INFO")).includes("cluster_state:ok")) {
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
  admin.disconnect();
  return server;
}

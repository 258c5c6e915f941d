import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Place } from "./open-store.ts";

/** One process of the fleet. */
export interface Worker {
  readonly name: string;
  /** Starts and finishes a run there; the bundle it was on. */
  run(): Promise<string>;
  pause(): void;
  resume(): void;
  /** Ends it as a deploy does: it leaves the list of nodes. */
  end(): Promise<void>;
}

const program = fileURLToPath(new URL("./worker.js", import.meta.url));

async function startWorker({ kind, at }: Place, name: string, signal: AbortSignal): Promise<Worker> {
  const child: ChildProcess = fork(program, [kind, at, name], { signal, killSignal: "SIGKILL" });
  child.on("error", () => {});
  const ended = once(child, "exit");
  await Promise.race([
    once(child, "message"),
    ended.then(() => Promise.reject(new Error(`${name} ended before it was ready`))),
  ]);
  return {
    name,
    async run() {
      const answer = once(child, "message");
      child.send("run");
      return String((await answer)[0]);
    },
    pause: () => void child.kill("SIGSTOP"),
    resume: () => void child.kill("SIGCONT"),
    async end() {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}

/** Starts the fleet; the first process opens the route. */
export async function startWorkers(
  place: Place,
  count: number,
  signal: AbortSignal,
): Promise<readonly [Worker, ...Worker[]]> {
  const first = await startWorker(place, "node-1", signal);
  const names = Array.from({ length: count - 1 }, (_, n) => `node-${n + 2}`);
  const others = await Promise.all(names.map((name) => startWorker(place, name, signal)));
  return [first, ...others];
}

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Fleet } from "./fleet.ts";

/** A worker process, as the first process sees it. */
export interface Worker {
  readonly fleet: Fleet;
  readonly pid: number;
  readonly url: string;
  /** The id of the run it takes up for a delivery, named by its id or token. Ask before it is delivered. */
  took(delivery: string): Promise<string>;
  /** Resolves with its exit code, or the signal that ended it. */
  end(signal: "SIGTERM" | "SIGKILL"): Promise<number | string | null>;
}

/** Starts a process of a fleet; resolves once it takes deliveries. It is ended when `signal` aborts. */
export async function startWorker(fleet: Fleet, storeFile: string, signal: AbortSignal): Promise<Worker> {
  const script = fileURLToPath(new URL("./worker.js", import.meta.url));
  const child: ChildProcess = fork(script, ["--fleet", fleet, "--store", storeFile], { signal });
  const ended = new Promise<number | string | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, by) => resolve(code ?? by));
  });
  const died = ended.then((how) => Promise.reject(new Error(`a ${fleet} worker ended early: ${how}`)));
  died.catch(() => {});
  const [{ url }] = await Promise.race([once(child, "message"), died]);
  return {
    fleet,
    url,
    pid: child.pid ?? 0,
    took: (delivery) =>
      new Promise((resolve, reject) => {
        const hear = (message: unknown): void => {
          const took = message as { readonly took: string; readonly delivery: string };
          if (took.delivery !== delivery) return;
          child.off("message", hear);
          resolve(took.took);
        };
        child.on("message", hear);
        died.catch(reject);
      }),
    end(by) {
      child.kill(by);
      return ended;
    },
  };
}

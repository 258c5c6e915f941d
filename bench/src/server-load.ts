import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** Calls per second with so many in flight, over `ms`. */
export async function perSecond(
  inFlight: number,
  ms: number,
  call: (index: number) => Promise<unknown>,
): Promise<number> {
  let calls = 0;
  const began = performance.now();
  const one = async (): Promise<void> => {
    while (performance.now() - began < ms) {
      calls += 1;
      await call(calls);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, one));
  return (calls * 1_000) / (performance.now() - began);
}

/** The value that the share `q` of them does not exceed. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
}

/** Milliseconds of a clock that all processes of one host share. */
export const sharedNow = (): number => Number(process.hrtime.bigint()) / 1e6;

/** What a worker opens its store with: a module of this folder that exports `openStore(...args)`. */
export interface StoreSource {
  readonly module: string;
  readonly args: readonly string[];
}

/** One accepted start: when it was asked for, and of which generation the route was that let it in. */
export type AcceptedStart = readonly [askedAt: number, generation: number];

/** Processes that start runs as fast as they can, as one agent of the store. */
export interface Starters {
  /** Starts accepted so far, roughly. */
  readonly accepted: number;
  /** Ends them and returns every start they were let in with. */
  stop(): Promise<readonly AcceptedStart[]>;
}

/** Starts `processes` workers with `inFlight` starts each; resolves once each has had one accepted. */
export async function runStarters(
  source: StoreSource,
  routeKey: string,
  processes: number,
  inFlight: number,
): Promise<Starters> {
  const program = fileURLToPath(new URL("./server-starter.js", import.meta.url));
  const counts = new Map<number, number>();
  const workers = Array.from({ length: processes }, (_, n) => {
    const worker = fork(program, [source.module, routeKey, String(inFlight), ...source.args], {
      execArgv: [],
    });
    worker.on("message", (message: { accepted?: number }) => {
      if (message.accepted !== undefined) counts.set(n, message.accepted);
    });
    return worker;
  });
  await Promise.all(workers.map((worker) => once(worker, "message")));
  return {
    get accepted() {
      return [...counts.values()].reduce((sum, count) => sum + count, 0);
    },
    async stop() {
      const starts: AcceptedStart[] = [];
      await Promise.all(
        workers.map(async (worker) => {
          // A process may be seen to end before its last message is.
          const told = new Promise<void>((resolve, reject) => {
            worker.on("message", (message: { starts?: readonly AcceptedStart[] }) => {
              if (message.starts === undefined) return;
              for (const start of message.starts) starts.push(start);
              resolve();
            });
            worker.once("exit", (code) => code && reject(new Error(`a starter ended with ${code}`)));
          });
          const ended = once(worker, "exit");
          worker.send("stop");
          await Promise.all([told, ended]);
        }),
      );
      return starts;
    },
  };
}

/** Starts that were asked for after a flip had resolved and let in on an older route. */
export function countStale(
  starts: readonly AcceptedStart[],
  flips: readonly { readonly resolvedAt: number; readonly generation: number }[],
): number {
  const byTime = flips.toSorted((a, b) => a.resolvedAt - b.resolvedAt);
  let next = 0;
  let known = 0;
  let stale = 0;
  for (const [askedAt, generation] of starts.toSorted((a, b) => a[0] - b[0])) {
    for (let flip = byTime[next]; flip !== undefined && flip.resolvedAt < askedAt; flip = byTime[next]) {
      known = Math.max(known, flip.generation);
      next += 1;
    }
    if (generation < known) stale += 1;
  }
  return stale;
}

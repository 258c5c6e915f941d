import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Order, Word } from "./propagation-node.ts";

/** How many watching processes there are. */
export const processes: number = Number(process.env.VERDIGRIS_PROCESSES ?? 50);

/** Watching processes, each with a router and a node record. */
export interface Fleet {
  /** Told by every process of every route. */
  onWord: (word: { readonly generation: number; readonly at: number }) => void;
  order(order: Order): Promise<void>;
  end(): Promise<void>;
}

/** Forks them. */
export async function startFleet(): Promise<Fleet> {
  const program = fileURLToPath(new URL("./propagation-node.js", import.meta.url));
  const children: ChildProcess[] = Array.from({ length: processes }, () =>
    fork(program, [], { execArgv: [] }),
  );
  const waiting = new Map<ChildProcess, () => void>();
  const fleet: Fleet = {
    onWord: () => {},
    async order(order) {
      // In tens, so that no server is met by fifty connections at once.
      for (let from = 0; from < children.length; from += 10) {
        const some = children.slice(from, from + 10);
        const done = some.map((child) => new Promise<void>((resolve) => waiting.set(child, resolve)));
        for (const child of some) child.send(order);
        await Promise.all(done);
      }
    },
    async end() {
      const ended = children.map((child) => once(child, "exit"));
      for (const child of children) child.disconnect();
      await Promise.all(ended);
    },
  };
  for (const child of children) {
    child.on("message", (word: Word) => {
      if ("done" in word) waiting.get(child)?.();
      else fleet.onWord(word);
    });
  }
  return fleet;
}

/** When each process had applied exactly this generation, on the shared clock; in the order they told of it. */
export function heardOf(fleet: Fleet, generation: number): Promise<readonly number[]> {
  return new Promise((resolve, reject) => {
    const heard: number[] = [];
    const late = setTimeout(
      () => reject(new Error(`${heard.length} of ${processes} heard of ${generation}`)),
      20_000,
    );
    fleet.onWord = (word) => {
      if (word.generation !== generation || heard.push(word.at) < processes) return;
      clearTimeout(late);
      resolve(heard);
    };
  });
}

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** A fixture program that runs the built packages in a process of its own. */
export interface Program {
  readonly child: ChildProcess;
  /** Everything it has said so far, one JSON value a line. */
  readonly said: readonly unknown[];
  /** Resolves when it has said so much, or has ended. */
  until(count: number): Promise<void>;
  tell(order: string): void;
  /** Sends a signal and waits for the end. */
  kill(): Promise<void>;
}

export function runProgram(name: string, ...args: readonly string[]): Program {
  const path = fileURLToPath(new URL(`./fixtures/${name}.mjs`, import.meta.url));
  const child = spawn(process.execPath, [path, ...args], { stdio: ["pipe", "pipe", "inherit"] });
  const said: unknown[] = [];
  const waiting = new Set<() => void>();
  const output = createInterface({ input: child.stdout });
  output.on("line", (line) => {
    said.push(JSON.parse(line));
    for (const look of waiting) look();
  });
  const ended = Promise.all([once(child, "exit"), once(output, "close")]);
  return {
    child,
    said,
    until(count) {
      const enough = new Promise<void>((resolve) => {
        const look = (): void => {
          if (said.length >= count) resolve();
        };
        waiting.add(look);
        look();
      });
      return Promise.race([enough, ended.then(() => undefined)]);
    },
    tell: (order) => void child.stdin.write(`${order}\n`),
    async kill() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

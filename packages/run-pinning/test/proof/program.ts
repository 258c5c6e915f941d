import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** A process of its own that runs the built packages. */
export interface Program {
  readonly child: ChildProcess;
  /** Every complete line it has printed, read as JSON. */
  readonly said: readonly Readonly<Record<string, unknown>>[];
  /** Resolves when it has printed so many lines, or has ended. */
  until(count: number): Promise<void>;
  tell(line: string): void;
  /** Resolves with its exit code or the signal that ended it, once its output has been read. */
  readonly ended: Promise<number | string | null>;
}

export function runProgram(fixture: string, ...args: readonly string[]): Program {
  const path = fileURLToPath(new URL(`../fixtures/${fixture}.mjs`, import.meta.url));
  const child = spawn(process.execPath, [path, ...args], { stdio: ["pipe", "pipe", "inherit"] });
  const said: Record<string, unknown>[] = [];
  const looks = new Set<() => void>();
  const output = createInterface({ input: child.stdout });
  output.on("line", (line) => {
    said.push(JSON.parse(line) as Record<string, unknown>);
    for (const look of looks) look();
  });
  const ended = Promise.all([once(child, "exit"), once(output, "close")]).then(
    ([[code, signal]]) => (code ?? signal) as number | string | null,
  );
  return {
    child,
    said,
    ended,
    tell: (line) => void child.stdin.write(`${line}\n`),
    until(count) {
      const enough = new Promise<void>((resolve) => {
        const look = (): void => {
          if (said.length < count) return;
          looks.delete(look);
          resolve();
        };
        looks.add(look);
        look();
      });
      return Promise.race([enough, ended.then(() => undefined)]);
    },
  };
}

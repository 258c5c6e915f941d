import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** A program in a process of its own. */
export interface Program {
  readonly child: ChildProcess;
  /** Every complete line it has printed. */
  readonly lines: readonly string[];
  /** Resolves when it has printed so many lines, or has ended. */
  printed(count: number): Promise<void>;
  /** Resolves with the exit code, or the name of the signal that ended it, once its output has been read. */
  readonly ended: Promise<number | string | null>;
}

function runProgram(path: string, args: readonly string[]): Program {
  const child = spawn(process.execPath, [path, ...args], { stdio: ["pipe", "pipe", "inherit"] });
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  const output = createInterface({ input: child.stdout });
  output.on("line", (line) => {
    lines.push(line);
    for (const look of waiting) look();
  });
  const ended = Promise.all([once(child, "exit"), once(output, "close")]).then(
    ([[code, signal]]) => (code ?? signal) as number | string | null,
  );
  return {
    child,
    lines,
    ended,
    printed(count) {
      const enough = new Promise<void>((resolve) => {
        const look = (): void => {
          if (lines.length >= count) resolve();
        };
        waiting.add(look);
        look();
      });
      return Promise.race([enough, ended.then(() => undefined)]);
    },
  };
}

/**
 * Returns what starts `{name}.mjs` of `folder` in a process of its own, its standard error joined to ours: for tests that
 * kill a process, freeze it, or let several race. Ending it is the caller's.
 */
export function programsIn(folder: URL): (name: string, ...args: readonly string[]) => Program {
  return (name, ...args) => runProgram(fileURLToPath(new URL(`${name}.mjs`, folder)), args);
}

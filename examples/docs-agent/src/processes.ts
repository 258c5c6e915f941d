import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** Another process of this example. */
export interface OtherProcess {
  /** Types a line into it. */
  enter(line?: string): void;
  /** The line of JSON it prints, as soon as it is there. Rejects when the process fails before. */
  readonly result: Promise<unknown>;
}

/** Starts `script`, a file beside this one. It is ended when `signal` aborts; its errors show on this terminal. */
export function startProcess(script: string, args: readonly string[], signal: AbortSignal): OtherProcess {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(process.execPath, [file, ...args], { signal, stdio: ["pipe", "pipe", "inherit"] });
  // It may have ended by itself; then `result` says why.
  child.stdin.on("error", () => {});
  const result = new Promise<unknown>((resolve, reject) => {
    createInterface(child.stdout).once("line", (line) => resolve(JSON.parse(line)));
    child.on("error", reject);
    child.on("close", (code) => reject(new Error(`${script} ended with code ${code ?? "none"}, unheard`)));
  });
  // Whoever awaits it hears of a failure, also one that came before.
  result.catch(() => {});
  return { enter: (line = "") => child.stdin.write(`${line}\n`), result };
}

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const bin: string = fileURLToPath(new URL("../dist/bin.js", import.meta.url));

const script = ["/usr/bin/script", "/bin/script"].find(existsSync);

/** Whether commands can be run in a pseudo-terminal here; prints why not, and is an error where tests must not be skipped. */
export const hasTerminal: boolean = (() => {
  if (process.platform === "linux" && script !== undefined) return true;
  const reason = "no pseudo-terminal: script(1) of util-linux is not here";
  if (process.env.CI === "true" && process.platform === "linux") throw new Error(reason);
  process.stderr.write(`skipped: ${reason}\n`);
  return false;
})();

/** A command at a terminal: what it has shown, and a keyboard. */
export interface Terminal {
  /** Everything written so far, as bytes for a terminal. */
  shown(): string;
  /** Types text, which the command reads as a person's. */
  type(text: string): void;
  readonly ended: Promise<number | null>;
}

/** Runs the command in a pseudo-terminal of 80 columns. */
export function atTerminal(argv: readonly string[], env: Readonly<Record<string, string>> = {}): Terminal {
  const command = [process.execPath, bin, ...argv]
    .map((word) => `'${word.replaceAll("'", "'\\''")}'`)
    .join(" ");
  const { CI: _, NO_COLOR: _n, FORCE_COLOR: _f, ...outer } = process.env;
  const child = spawn(script as string, ["-qec", `stty cols 80 rows 24; ${command}`, "/dev/null"], {
    env: { ...outer, TERM: "xterm", ...env },
  });
  let shown = "";
  child.stdout.on("data", (part: Buffer) => {
    shown += part.toString();
  });
  return {
    shown: () => shown,
    type: (text) => child.stdin.write(text),
    ended: new Promise((resolve) => child.on("exit", resolve)),
  };
}

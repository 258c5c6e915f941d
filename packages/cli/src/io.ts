import { createInterface } from "node:readline/promises";
import { Interrupted } from "./cli-error.ts";

/** The terminal, the environment and the time, as the command line sees them; tests pass their own. */
export interface CliIo {
  readonly out: {
    write(text: string): unknown;
    readonly isTTY?: boolean;
    readonly columns?: number;
    readonly rows?: number;
    /** True once nobody reads it any more. */
    readonly closed?: boolean;
  };
  readonly err: { write(text: string): unknown; readonly isTTY?: boolean; readonly columns?: number };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Milliseconds since the epoch, as the clock of this machine says. */
  readonly now: () => number;
  /** Who sits here, as the system says. */
  readonly user: string;
  /** Asks a person one question; null where nobody can answer. */
  readonly ask: ((question: string) => Promise<string>) | null;
  /** Aborts on Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
}

/** A stream whose reader may leave, as `head` does: what is said then is lost, and the command goes on. */
function leavable(stream: NodeJS.WriteStream): CliIo["out"] {
  let closed = false;
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    closed = true;
  });
  return {
    write: (text) => closed || stream.write(text),
    isTTY: stream.isTTY,
    get columns() {
      return stream.columns;
    },
    get rows() {
      return stream.rows;
    },
    get closed() {
      return closed;
    },
  };
}

/** The io of this process. */
export function processIo(user: string, signal: AbortSignal): CliIo {
  const { stdout, stderr, stdin, env } = process;
  const ask = async (question: string): Promise<string> => {
    const prompt = createInterface({ input: stdin, output: stderr });
    try {
      return await prompt.question(question, { signal });
    } catch (cause) {
      if ((cause as { name?: unknown }).name !== "AbortError") throw cause;
      stderr.write("\n");
      throw new Interrupted("the question was left unanswered", { cause });
    } finally {
      prompt.close();
    }
  };
  const interactive = stdin.isTTY === true && stderr.isTTY === true;
  return {
    out: leavable(stdout),
    err: leavable(stderr),
    env,
    cwd: process.cwd(),
    now: Date.now,
    user,
    ask: interactive ? ask : null,
    signal,
  };
}

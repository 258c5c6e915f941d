import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

/** A line of the agent's own log. */
export interface LogLine {
  readonly event: string;
  readonly port?: number;
  readonly tool?: string;
  readonly ticket?: string;
  readonly run?: string;
  readonly bundle?: string;
}

export interface Question {
  readonly ticket: string;
  readonly order: string;
  readonly staff?: boolean;
}

const running = new Set<ChildProcess>();
// A claim that does not hold ends this process; the agents must not outlive it.
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** One step's agent as a process of its own, spoken to over HTTP. */
export class AgentProcess {
  readonly log: LogLine[] = [];
  readonly #child: ChildProcess;
  readonly #waiting = new Set<(line: LogLine) => void>();
  #url = "";

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(step: string, env: Readonly<Record<string, string>> = {}): Promise<AgentProcess> {
    const program = new URL(`./${step}/agent.js`, import.meta.url).pathname;
    const stdio: ["ignore", "pipe", "inherit"] = ["ignore", "pipe", "inherit"];
    const child = spawn(process.execPath, [program], { env: { ...process.env, ...env }, stdio });
    running.add(child);
    const agent = new AgentProcess(child);
    createInterface({ input: child.stdout }).on("line", (line) => agent.#take(JSON.parse(line)));
    const ended = once(child, "exit").then(() => {
      throw new Error(`${step} ended before it listened`);
    });
    // Later on an end is asked for.
    ended.catch(() => {});
    const { port } = await Promise.race([agent.next((line) => line.event === "listening"), ended]);
    agent.#url = `http://127.0.0.1:${port}/`;
    return agent;
  }

  #take(line: LogLine): void {
    this.log.push(line);
    for (const tell of this.#waiting) tell(line);
  }

  /** The next line of the log that fits. */
  next(fits: (line: LogLine) => boolean): Promise<LogLine> {
    return new Promise((resolve) => {
      const tell = (line: LogLine): void => {
        if (!fits(line)) return;
        this.#waiting.delete(tell);
        resolve(line);
      };
      this.#waiting.add(tell);
    });
  }

  /** Asks for a refund; resolves with the answer once it is in the log too. */
  async ask({ ticket, order, staff = false }: Question): Promise<string> {
    const logged = this.next((line) => line.event === "answered" && line.ticket === ticket);
    const question = `Please refund order ${order}.`;
    const body = JSON.stringify({ ticket, customer: `customer of ${ticket}`, staff, question });
    const response = await fetch(this.#url, { method: "POST", body });
    const { reply } = (await response.json()) as { reply: string };
    await logged;
    return reply;
  }

  async stop(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    const ended = once(this.#child, "exit");
    this.#child.kill(signal);
    await ended;
    running.delete(this.#child);
  }
}

/** The second program, from another process: one move of the route. */
export async function release(file: string, ...args: readonly string[]): Promise<string> {
  const program = new URL("./4-release/release.js", import.meta.url).pathname;
  const env = { ...process.env, STORE_FILE: file };
  return (await promisify(execFile)(process.execPath, [program, ...args], { env })).stdout.trim();
}

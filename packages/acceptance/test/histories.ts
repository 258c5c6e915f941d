import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Operation, RouteAnswer, RouteInput } from "@verdigris/testing/linearizability";

type RouteOperation = Operation<RouteInput, RouteAnswer>;

type Line =
  | { readonly ready: string }
  | { readonly call: number; readonly at: number; readonly input: RouteInput }
  | { readonly answer: number; readonly at: number; readonly output: RouteAnswer };

/** How one process of the fleet behaves. */
export interface Walker {
  readonly name: string;
  readonly seed: number;
  readonly operations: number;
  readonly flags?: readonly string[];
  /** Killed with SIGKILL once it has printed so many lines. */
  readonly killAfter?: number;
}

/** Operations as one process printed them: a call without an answer is still open. */
function operationsOf(process: string, lines: readonly Line[]): RouteOperation[] {
  const answers = new Map(lines.flatMap((line) => ("answer" in line ? [[line.answer, line]] : [])));
  return lines.flatMap((line) => {
    if (!("call" in line)) return [];
    const answer = answers.get(line.call);
    const base = { process, input: line.input, calledAt: line.at };
    return [{ ...base, answeredAt: answer?.at ?? null, output: answer?.output ?? null }];
  });
}

/** Runs one process to its end; resolves with what it did. */
async function walk(spec: string, walker: Walker): Promise<RouteOperation[]> {
  const { name, seed, operations, flags = [], killAfter = Number.POSITIVE_INFINITY } = walker;
  const program = fileURLToPath(new URL("./fixtures/walker.mjs", import.meta.url));
  const child = spawn(process.execPath, [program, spec, name, String(seed), String(operations), ...flags], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines: Line[] = [];
  const output = createInterface({ input: child.stdout });
  output.on("line", (text) => {
    lines.push(JSON.parse(text) as Line);
    if (lines.length >= killAfter) child.kill("SIGKILL");
  });
  const [[code, signal]] = await Promise.all([once(child, "exit"), once(output, "close")]);
  if (code !== 0 && signal !== "SIGKILL") throw new Error(`${name} ended with ${code ?? signal}`);
  return operationsOf(name, lines);
}

/** What a fleet of processes on one store did, with the times of the machine's own steady clock. */
export async function recordHistory(spec: string, walkers: readonly Walker[]): Promise<RouteOperation[]> {
  return (await Promise.all(walkers.map((walker) => walk(spec, walker)))).flat();
}

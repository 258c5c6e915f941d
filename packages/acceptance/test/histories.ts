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

interface Walking {
  readonly walker: Walker;
  readonly lines: Line[];
  /** Resolves at its first line, or at its end. */
  readonly ready: Promise<unknown>;
  readonly ended: Promise<void>;
  /** Lets it begin, or do its next operation when it is paced. */
  next(): void;
  /** It is told nothing more. */
  close(): void;
}

function walk(spec: string, walker: Walker, onAnswer: () => void): Walking {
  const { name, seed, operations, flags = [], killAfter = Number.POSITIVE_INFINITY } = walker;
  const program = fileURLToPath(new URL("./fixtures/walker.mjs", import.meta.url));
  const child = spawn(process.execPath, [program, spec, name, String(seed), String(operations), ...flags], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  // It may be dead already.
  child.stdin.on("error", () => undefined);
  const lines: Line[] = [];
  const output = createInterface({ input: child.stdout });
  output.on("line", (text) => {
    const line = JSON.parse(text) as Line;
    lines.push(line);
    if ("answer" in line) onAnswer();
    if (lines.length >= killAfter) child.kill("SIGKILL");
  });
  const ended = Promise.all([once(child, "exit"), once(output, "close")]).then(([[code, signal]]) => {
    if (code !== 0 && signal !== "SIGKILL") throw new Error(`${name} ended with ${code ?? signal}`);
  });
  return {
    walker,
    lines,
    ready: Promise.race([once(output, "line"), ended]),
    ended,
    next: () => void child.stdin.write("\n"),
    close: () => child.stdin.end(),
  };
}

const isPaced = ({ walker }: Walking): boolean => walker.flags?.includes("paced") ?? false;

/**
 * What a fleet of processes on one store did, with the times of the machine's own steady clock. They begin together, and
 * the paced ones do one operation for each that another has finished: however busy the machine is, they meet.
 */
export async function recordHistory(spec: string, walkers: readonly Walker[]): Promise<RouteOperation[]> {
  const fleet: Walking[] = walkers.map((walker) =>
    walk(spec, walker, () => {
      if (walker.flags?.includes("paced") === true) return;
      for (const paced of fleet.filter(isPaced)) paced.next();
    }),
  );
  await Promise.all(fleet.map(({ ready }) => ready));
  for (const walking of fleet) walking.next();
  await Promise.all(fleet.filter((walking) => !isPaced(walking)).map(({ ended }) => ended));
  for (const walking of fleet.filter(isPaced)) walking.close();
  await Promise.all(fleet.map(({ ended }) => ended));
  return fleet.flatMap(({ walker, lines }) => operationsOf(walker.name, lines));
}

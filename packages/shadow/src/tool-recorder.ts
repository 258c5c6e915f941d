import type { JsonValue } from "@verdigris/contracts";
import type { RecordedCall } from "./observation.ts";
import { plainCopy } from "./plain-copy.ts";
import { type ToolFunction, type ToolWrapper, wrapTools } from "./wrap-tools.ts";

/** A tool call of a live run, as it was taken down while the user waited. */
export interface TakenCall {
  readonly tool: string;
  /** Undefined for what is no JSON. */
  readonly args: JsonValue | undefined;
  /** Absent where the tool threw, has not answered, or answered with what JSON cannot hold. */
  readonly result?: JsonValue;
  readonly error?: string;
}

/** The call as a job holds it. */
export function recordedCall({ tool, args, result, error }: TakenCall): RecordedCall {
  return {
    tool,
    args: args === undefined ? null : JSON.stringify(args),
    ...(result === undefined ? {} : { result: JSON.stringify(result) }),
    ...(error === undefined ? {} : { error }),
  };
}

/** What a tool threw, as text, whatever it was. */
function textOf(error: unknown): string {
  try {
    return String(error);
  } catch {
    return "an error without a text";
  }
}

/** True also for what cannot be asked: it is not touched then. */
function isThenable(value: unknown): boolean {
  try {
    return typeof (value as PromiseLike<unknown> | null | undefined)?.then === "function";
  } catch {
    return true;
  }
}

/** Wraps tools for a live run that may be mirrored: they run as ever, and what they are asked and answer is kept. */
export function createToolRecorder(): ToolWrapper & { readonly recording: readonly TakenCall[] } {
  const recording: TakenCall[] = [];
  const note = (tool: string, given: unknown) => {
    const args = plainCopy(given ?? null);
    // Its place is that of the call, whenever it answers.
    const at = recording.push({ tool, args }) - 1;
    return {
      failed(error: unknown): void {
        recording[at] = { tool, args, error: textOf(error) };
      },
      answered(value: unknown): void {
        const result = plainCopy(value ?? null);
        if (result !== undefined) recording[at] = { tool, args, result };
      },
    };
  };
  const wrap = (name: string, fn: ToolFunction, owner?: object): ToolFunction => {
    if (typeof fn !== "function") return fn;
    // A proxy, so that its name, its properties and its `this` are what they were.
    return new Proxy(fn, {
      apply(target, self, given: never[]) {
        const call = note(name, given[0]);
        let result: unknown;
        try {
          result = Reflect.apply(target, owner ?? self, given);
        } catch (error) {
          call.failed(error);
          throw error;
        }
        // Handed on as it is: what the live run gets back must not depend on being watched.
        if (result instanceof Promise) result.then(call.answered, call.failed);
        // A query that runs when it is awaited would run twice, so its answer stays unknown.
        else if (!isThenable(result)) call.answered(result);
        return result;
      },
    });
  };
  return {
    recording,
    tool: (name, fn) => wrap(name, fn) as typeof fn,
    tools: (set) => wrapTools(set, { wrap, trusting: true }),
  };
}

import { canonicalJson, isPlainObject, type JsonValue } from "@verdigris/contracts";
import type { ObservedCall, RecordedCall } from "./observation.ts";

/**
 * What a shadow run may do with a tool. `pure`: the tool really runs, because the application says that it changes
 * nothing; what a server claims about itself does not count. `recorded`: it is answered with what the live run got for the
 * same call. `refused`: it is told that it is not allowed.
 */
export type ToolPolicy = "pure" | "recorded" | "refused";

/** A tool as a function of one argument; what follows it (call options) is passed on and not compared. */
export type ToolFunction = (...args: never[]) => unknown;

/** Wraps the tools of one run. */
export interface ToolWrapper {
  /** The same function, recorded or guarded. */
  tool<F extends ToolFunction>(name: string, fn: F): F;
  /** Every tool of a set: functions as they are, objects through their `execute`; other members stay as they are. */
  tools<T extends Readonly<Record<string, object>>>(set: T): T;
}

/** True for a stream, a response, a class instance: JSON text of one would be an empty object. */
function isOpaque(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value) || isPlainObject(value))
    return false;
  return typeof (value as { toJSON?: unknown }).toJSON !== "function";
}

/** JSON text of an argument or a result; undefined for what JSON cannot hold. */
function snapshot(value: unknown): string | undefined {
  if (isOpaque(value)) return undefined;
  try {
    return JSON.stringify(value ?? null);
  } catch {
    return undefined;
  }
}

/** One text per content, whatever the order of its members; null for what is no JSON. */
function canonical(text: string | undefined): string | null {
  if (text === undefined) return null;
  try {
    return canonicalJson(JSON.parse(text));
  } catch {
    return null;
  }
}

function wrapSet<T extends Readonly<Record<string, object>>>(
  set: T,
  wrap: (name: string, fn: ToolFunction) => ToolFunction,
): T {
  const wrapped: Record<string, unknown> = {};
  for (const [name, tool] of Object.entries(set)) {
    const execute: unknown = (tool as { execute?: unknown } | null)?.execute;
    if (typeof tool === "function") wrapped[name] = wrap(name, tool as ToolFunction);
    else if (typeof execute !== "function") wrapped[name] = tool;
    else {
      // The copy keeps its prototype, and calls the original with the original as `this`.
      const copy = Object.create(Object.getPrototypeOf(tool), Object.getOwnPropertyDescriptors(tool));
      const bound = ((...args: never[]) => execute.apply(tool, args)) as ToolFunction;
      Object.defineProperty(copy, "execute", { value: wrap(name, bound), enumerable: true });
      wrapped[name] = copy;
    }
  }
  return Object.freeze(wrapped) as T;
}

/** Wraps tools for a live run that may be mirrored: they run as ever, and what they are asked and answer is kept. */
export function createToolRecorder(): ToolWrapper & { readonly recording: readonly RecordedCall[] } {
  const recording: RecordedCall[] = [];
  const wrap = (name: string, fn: ToolFunction): ToolFunction => {
    const recorded = (...args: never[]): unknown => {
      const text = snapshot(args[0]);
      // Its place is that of the call, whenever it answers.
      const at = text === undefined ? -1 : recording.push({ tool: name, args: text }) - 1;
      const settle = (outcome: { readonly result?: string; readonly error?: string }): void => {
        if (text !== undefined) recording[at] = { tool: name, args: text, ...outcome };
      };
      const settleResult = (result: unknown): void => {
        const resultText = snapshot(result);
        settle(resultText === undefined ? {} : { result: resultText });
      };
      let result: unknown;
      try {
        result = fn(...args);
      } catch (error) {
        settle({ error: String(error) });
        throw error;
      }
      if (result instanceof Promise) {
        // Handed on as it is: what the live run gets back must not depend on being watched.
        result.then(settleResult, (error: unknown) => settle({ error: String(error) }));
      } else if (isThenable(result)) {
        // A query that runs when it is awaited would run twice, so its answer stays unknown.
        settle({});
      } else settleResult(result);
      return result;
    };
    return recorded;
  };
  return {
    recording,
    tool: (name, fn) => wrap(name, fn) as typeof fn,
    tools: (set) => wrapSet(set, wrap),
  };
}

function isThenable(value: unknown): boolean {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === "function";
}

/** How a sandbox decides. */
export interface SandboxOptions {
  readonly policy: (tool: string) => ToolPolicy;
  readonly recording: readonly RecordedCall[];
  /** Called before anything else; throws where the run must do no more, as when its budget is spent. */
  readonly admit: () => void;
  /** What the agent reads in place of an answer. */
  readonly refusal: (tool: string) => JsonValue;
}

/** The answers of a recording by tool and canonical argument, in the order they were given. */
function index(recording: readonly RecordedCall[]): Map<string, RecordedCall[]> {
  const byCall = new Map<string, RecordedCall[]>();
  for (const call of recording) {
    const args = canonical(call.args);
    if (args === null || (call.result === undefined && call.error === undefined)) continue;
    const key = JSON.stringify([call.tool, args]);
    const answers = byCall.get(key);
    if (answers === undefined) byCall.set(key, [call]);
    else answers.push(call);
  }
  return byCall;
}

/**
 * Wraps tools for a shadow run: deny by default, and a tool that is not `pure` is never called, whatever the agent asks.
 * The same call asked again gets the next answer of the recording, and the last one from then on.
 */
export function createToolSandbox(
  options: SandboxOptions,
): ToolWrapper & { readonly calls: readonly ObservedCall[] } {
  const { policy, admit, refusal } = options;
  const answers = index(options.recording);
  const calls: ObservedCall[] = [];

  const fromRecording = (tool: string, args: string | null): RecordedCall | undefined => {
    if (args === null || policy(tool) !== "recorded") return undefined;
    const left = answers.get(JSON.stringify([tool, args]));
    return left !== undefined && left.length > 1 ? left.shift() : left?.[0];
  };
  const wrap = (name: string, fn: ToolFunction): ToolFunction => {
    const guarded = (...given: never[]): unknown => {
      admit();
      const args = canonical(snapshot(given[0]));
      if (policy(name) === "pure") {
        calls.push({ tool: name, args, answered: "ran" });
        return fn(...given);
      }
      const recorded = fromRecording(name, args);
      calls.push({ tool: name, args, answered: recorded === undefined ? "refused" : "recorded" });
      // A promise in every case: agents wait for their tools, and a recording does not say which kind this one was.
      return answer(recorded, () => refusal(name));
    };
    return guarded;
  };
  return {
    calls,
    tool: (name, fn) => wrap(name, fn) as typeof fn,
    tools: (set) => wrapSet(set, wrap),
  };
}

async function answer(recorded: RecordedCall | undefined, refuse: () => JsonValue): Promise<unknown> {
  if (recorded === undefined) return refuse();
  if (recorded.error !== undefined) throw new Error(recorded.error);
  return JSON.parse(recorded.result ?? "null");
}

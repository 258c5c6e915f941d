import { canonicalJson, type JsonValue } from "@verdigris/contracts";
import type { ObservedCall, RecordedCall } from "./observation.ts";
import { plainCopy } from "./plain-copy.ts";
import { type ToolFunction, type ToolWrapper, wrapTools } from "./wrap-tools.ts";

/**
 * What a shadow run may do with a tool. `pure`: the tool really runs, because the application says that it changes
 * nothing; what a server claims about itself does not count. `recorded`: it is answered with what the live run got for the
 * same call. `refused`: it is told that it is not allowed.
 */
export type ToolPolicy = "pure" | "recorded" | "refused";

/** How a sandbox decides. */
export interface SandboxOptions {
  readonly policy: (tool: string) => ToolPolicy;
  readonly recording: readonly RecordedCall[];
  /** Called before anything else; throws where the run must do no more, as when its budget is spent. */
  readonly admit: () => void;
  /** What the agent reads in place of an answer. */
  readonly refusal: (tool: string) => JsonValue;
}

/** One text per content, whatever the order of its members; null for what is no JSON. */
function canonicalText(value: unknown): string | null {
  const copy = plainCopy(value ?? null);
  if (copy === undefined) return null;
  try {
    return canonicalJson(copy);
  } catch {
    return null;
  }
}

/** The same of JSON text. */
export function canonicalOf(text: string | null): string | null {
  return text === null ? null : canonicalText(JSON.parse(text));
}

/** The answers of a recording by tool and canonical argument, in the order they were given. */
function index(recording: readonly RecordedCall[]): Map<string, RecordedCall[]> {
  const byCall = new Map<string, RecordedCall[]>();
  for (const call of recording) {
    const args = canonicalOf(call.args);
    if (args === null || (call.result === undefined && call.error === undefined)) continue;
    const key = JSON.stringify([call.tool, args]);
    const answers = byCall.get(key);
    if (answers === undefined) byCall.set(key, [call]);
    else answers.push(call);
  }
  return byCall;
}

/** The guard with what frameworks read of a function (its name, a description); never with what could be called. */
function describedAs(guarded: ToolFunction, fn: ToolFunction): ToolFunction {
  if (typeof fn !== "function") return guarded;
  for (const [name, member] of Object.entries(Object.getOwnPropertyDescriptors(fn))) {
    const shown = typeof member.value !== "function" && typeof member.value !== "object";
    if (shown && member.value !== undefined)
      Object.defineProperty(guarded, name, { ...member, configurable: true });
  }
  return guarded;
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
  const wrap = (name: string, fn: ToolFunction, owner?: object): ToolFunction => {
    const guarded = (...given: never[]): unknown => {
      admit();
      const args = canonicalText(given[0]);
      if (policy(name) === "pure") {
        calls.push({ tool: name, args, answered: "ran" });
        return Reflect.apply(fn, owner, given);
      }
      const recorded = fromRecording(name, args);
      calls.push({ tool: name, args, answered: recorded === undefined ? "refused" : "recorded" });
      // A promise in every case: agents wait for their tools, and a recording does not say which kind this one was.
      return answer(recorded, () => refusal(name));
    };
    return describedAs(guarded, fn);
  };
  return {
    calls,
    tool: (name, fn) => wrap(name, fn) as typeof fn,
    tools: (set) => wrapTools(set, { wrap, trusting: false }),
  };
}

async function answer(recorded: RecordedCall | undefined, refuse: () => JsonValue): Promise<unknown> {
  if (recorded === undefined) return refuse();
  if (recorded.error !== undefined) throw new Error(recorded.error);
  return JSON.parse(recorded.result ?? "null");
}

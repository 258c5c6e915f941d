import { canonicalJson, InvalidArgumentError } from "@verdigris/contracts";

import { expectedOf, identityOf, type ScorerOptions, selected } from "./custom-scorer.ts";
import type { ScoreRequest, Scorer } from "./scorer.ts";

/** One call of a tool, made or expected. */
export interface ToolCall {
  readonly tool: string;
  /** Where an expected call names arguments, they must be equal; where it names none, any will do. */
  readonly args?: unknown;
}

/** What {@link trajectoryScorer} is told. */
export interface TrajectoryOptions extends ScorerOptions {
  /**
   * `exact`: the expected calls and no others, in their order; `in-order`: the expected calls in their order, others
   * between them; `any-order`: each expected call once, in whatever order; `similar`: 1 minus the edit distance over the
   * longer list. @default "exact"
   */
  readonly match?: "exact" | "in-order" | "any-order" | "similar";
  /**
   * Finds the calls in an output.
   * @default the list at `toolCalls`, each with `toolName` or `tool` or `name`, and `input` or `args` or `arguments`
   */
  readonly select?: (output: unknown) => readonly ToolCall[];
}

/**
 * Compares the tools an agent called with the case's `expected`: a list of names, or of `{ tool, args? }`. An empty
 * list expects no call.
 */
export function trajectoryScorer(options: TrajectoryOptions = {}): Scorer {
  const { match = "exact" } = options;
  return Object.freeze({
    identity: identityOf("trajectory", options, { match: options.match }),
    score: (request) => {
      const wanted = expectedCalls(request);
      const made =
        options.select === undefined
          ? callsIn(request.output)
          : (selected(request, options) as readonly ToolCall[]);
      if (!Array.isArray(made)) throw new InvalidArgumentError("select", "must return a list of calls");
      const score = compare(made, wanted, match);
      return score === 1 ? 1 : { score, reason: `called ${listed(made)}, expected ${listed(wanted)}` };
    },
  } satisfies Scorer);
}

function compare(
  made: readonly ToolCall[],
  wanted: readonly ToolCall[],
  match: TrajectoryOptions["match"],
): number {
  switch (match) {
    case "in-order":
      return inOrder(made, wanted) ? 1 : 0;
    case "any-order":
      return anyOrder(made, wanted) ? 1 : 0;
    case "similar":
      return similarity(made, wanted);
    default:
      return made.length === wanted.length && made.every((call, i) => fits(call, wanted[i])) ? 1 : 0;
  }
}

function fits(made: ToolCall | undefined, wanted: ToolCall | undefined): boolean {
  if (made === undefined || wanted === undefined || made.tool !== wanted.tool) return false;
  if (wanted.args === undefined) return true;
  return made.args !== undefined && canonicalJson(made.args) === canonicalJson(wanted.args);
}

function inOrder(made: readonly ToolCall[], wanted: readonly ToolCall[]): boolean {
  let next = 0;
  for (const call of made) if (next < wanted.length && fits(call, wanted[next])) next += 1;
  return next === wanted.length;
}

/** An assignment of made calls to expected ones: calls that name arguments are scarce, so they choose first. */
function anyOrder(made: readonly ToolCall[], wanted: readonly ToolCall[]): boolean {
  const free = [...made];
  const choosy = wanted.toSorted((a, b) => Number(a.args === undefined) - Number(b.args === undefined));
  return choosy.every((call) => {
    const at = free.findIndex((one) => fits(one, call));
    if (at >= 0) free.splice(at, 1);
    return at >= 0;
  });
}

/** 1 - Levenshtein distance / longer length (Levenshtein 1966), over whole calls. */
function similarity(made: readonly ToolCall[], wanted: readonly ToolCall[]): number {
  const longer = Math.max(made.length, wanted.length);
  if (longer === 0) return 1;
  let row = Array.from({ length: wanted.length + 1 }, (_, i) => i);
  for (const [i, call] of made.entries()) {
    const next = [i + 1];
    for (const [j, want] of wanted.entries()) {
      const swap = (row[j] ?? 0) + (fits(call, want) ? 0 : 1);
      next.push(Math.min(swap, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return 1 - (row[wanted.length] ?? 0) / longer;
}

function expectedCalls(request: ScoreRequest): readonly ToolCall[] {
  const expected: unknown = expectedOf(request);
  if (!Array.isArray(expected)) throw new InvalidArgumentError("expected", "must be a list of tool calls");
  return expected.map((call: unknown) => (typeof call === "string" ? { tool: call } : callOf(call)));
}

type Fields = Readonly<Record<string, unknown>>;

function callsIn(output: unknown): readonly ToolCall[] {
  const calls = isFields(output) ? output.toolCalls : undefined;
  if (!Array.isArray(calls)) {
    throw new InvalidArgumentError("select", "is needed: the output has no list named toolCalls");
  }
  return calls.map(callOf);
}

function callOf(call: unknown): ToolCall {
  const fields = isFields(call) ? call : {};
  const tool = fields.tool ?? fields.toolName ?? fields.name;
  if (typeof tool !== "string") throw new InvalidArgumentError("toolCalls", "must each name their tool");
  const args = fields.args ?? fields.input ?? fields.arguments;
  return args === undefined ? { tool } : { tool, args };
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function listed(calls: readonly ToolCall[]): string {
  return calls.length === 0 ? "nothing" : calls.map(({ tool }) => tool).join(" → ");
}

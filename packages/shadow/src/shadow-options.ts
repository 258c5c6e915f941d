import {
  type BundleId,
  type Clock,
  InvalidArgumentError,
  type JsonValue,
  type Labels,
  requireId,
  systemClock,
} from "@verdigris/contracts";
import { type Comparator, defaultComparators, requireComparators } from "./comparator.ts";
import type { RecordedCall } from "./observation.ts";
import type { PressureGauge } from "./pressure-gauge.ts";
import type { ShadowSession } from "./session.ts";
import type { ShadowJob } from "./shadow-job.ts";
import type { ShadowRule } from "./shadow-verdict.ts";
import type { ShadowBudget } from "./spend-account.ts";
import type { ToolPolicy } from "./tool-sandbox.ts";

/** One of the two bundles, and how an input is run on it. */
export interface ShadowSide<I, O> {
  readonly bundle: BundleId;
  /** Runs the bundle. Its tools must go through `session`, or nothing keeps a shadow run from using them. */
  readonly run: (input: I, session: ShadowSession) => Promise<O> | O;
}

/** What is known of a run before it starts. */
export interface LiveRun {
  /** What `erase({ subject })` goes by: a user, a tenant. */
  readonly key?: string;
  readonly labels?: Labels;
}

/** Where jobs go, if not to this process: a queue of the caller's. */
export interface ShadowQueue {
  /** Hands a job on; what it throws is counted, and the job is lost. Never awaited by the user's run. */
  send(job: ShadowJob): void | Promise<void>;
}

/** Keeping content of inputs and answers, to show what the worst divergences look like. */
export interface ShadowExamples {
  /** Per view. @default 5 */
  readonly perView?: number;
  /** @default 24 hours */
  readonly keepMs?: number;
  /** What is kept of an input or an answer; null keeps no example of it. @default as it is */
  readonly redact?: (value: JsonValue, what: "input" | "answer") => JsonValue | null;
}

/** What {@link createShadow} is made of. */
export interface ShadowOptions<I, O> {
  readonly agent: string;
  /** The live bundle: what users get. */
  readonly blue: ShadowSide<I, O>;
  /** The candidate: what nobody gets to see. */
  readonly green: ShadowSide<I, O>;
  /** Share of runs that are mirrored, 0 to 1. @default 0.1 */
  readonly sample?: number;
  /** False keeps a run out: no consent, another residency. What it throws keeps it out too. @default every run */
  readonly mirror?: (run: LiveRun) => boolean;
  /** What shadow runs may do with a tool; a tool that is not named is `recorded`. @default {} */
  readonly tools?: Readonly<Record<string, ToolPolicy>>;
  /** What the agent reads when a tool is refused. @default `{ error, tool }` */
  readonly refusal?: (tool: string) => JsonValue;
  readonly comparators?: readonly Comparator[];
  /** How often a bundle is run twice to learn how far it lies from itself. */
  readonly baseline?: {
    /** Share of mirrored inputs on which blue runs again. @default 0.25 */
    readonly share?: number;
    /** The first so many always. @default 100 */
    readonly first?: number;
    /** Run green again on the same inputs: the unbiased comparison, for one more run. @default false */
    readonly green?: boolean;
  };
  readonly rule?: ShadowRule;
  /** @default 2 */
  readonly maxInFlight?: number;
  /** Jobs beyond this are dropped, and counted. @default 100 */
  readonly maxQueued?: number;
  /** @default 60,000 */
  readonly maxRunMs?: number;
  /** How long a job may wait before its recording is thrown away. @default 600,000 */
  readonly jobMs?: number;
  /** Spend of shadow runs in this process. @default no cap */
  readonly budget?: ShadowBudget;
  /** Shadow runs stop while it says so: a gauge, or a function that is true under pressure. @default never */
  readonly pressure?: PressureGauge | (() => boolean);
  /** @default this process runs them */
  readonly queue?: ShadowQueue;
  /** Keeps examples. @default none are kept */
  readonly examples?: ShadowExamples;
  /** What is kept of a recorded tool call until its job has run; null keeps none, so that shadow runs are refused it. @default as it is */
  readonly redactCall?: (call: RecordedCall) => RecordedCall | null;
  /** The answer of an output, as JSON. @default the output itself */
  readonly answerOf?: (output: O) => JsonValue;
  /** The slice an input belongs to: cheap and deterministic. @default none */
  readonly sliceOf?: (input: I) => string | null;
  /** @default the host's time */
  readonly clock?: Clock;
  /** 0 (included) to 1 (not). @default Math.random */
  readonly random?: () => number;
  /** Ids of mirrored runs. @default crypto.randomUUID */
  readonly newId?: () => string;
}

/** The options with their defaults. */
export interface ShadowSettings<I, O>
  extends Omit<Required<ShadowOptions<I, O>>, "baseline" | "queue" | "examples" | "pressure" | "rule"> {
  readonly rule: Required<ShadowRule>;
  readonly baseline: Required<NonNullable<ShadowOptions<I, O>["baseline"]>>;
  readonly queue: ShadowQueue | null;
  readonly examples: Required<ShadowExamples> | null;
  readonly pressure: PressureGauge | (() => boolean) | null;
}

function requireNumber(name: string, value: number, lowest: number, highest: number): number {
  if (typeof value === "number" && value >= lowest && value <= highest) return value;
  throw new InvalidArgumentError(name, `must be a number from ${lowest} to ${highest}, got ${value}`);
}

function requireWhole(name: string, value: number, lowest: number): number {
  if (Number.isSafeInteger(value) && value >= lowest) return value;
  throw new InvalidArgumentError(name, `must be a whole number from ${lowest} on, got ${value}`);
}

function requireSide<I, O>(name: string, side: ShadowSide<I, O>): ShadowSide<I, O> {
  requireId(`${name}.bundle`, side?.bundle);
  if (typeof side.run !== "function") throw new InvalidArgumentError(`${name}.run`, "must be a function");
  return side;
}

function requirePolicies(tools: Readonly<Record<string, ToolPolicy>>): Readonly<Record<string, ToolPolicy>> {
  for (const [tool, policy] of Object.entries(tools)) {
    if (policy !== "pure" && policy !== "recorded" && policy !== "refused") {
      throw new InvalidArgumentError(
        `tools.${tool}`,
        `must be "pure", "recorded" or "refused", got ${String(policy)}`,
      );
    }
  }
  return tools;
}

function requireRule(rule: ShadowRule): Required<ShadowRule> {
  const { margin = 0.05, alpha = 0.01, passAlpha = 0.05, minPairs = 50 } = rule;
  const { passMargin = Math.max(0.07, margin) } = rule;
  for (const [name, value] of [
    ["margin", margin],
    ["passMargin", passMargin],
    ["alpha", alpha],
    ["passAlpha", passAlpha],
  ] as const) {
    if (!(value > 0 && value < 1))
      throw new InvalidArgumentError(`rule.${name}`, `must lie between 0 and 1, got ${value}`);
  }
  if (passMargin < margin)
    throw new InvalidArgumentError(
      "rule.passMargin",
      `must be at least the margin of ${margin}, got ${passMargin}`,
    );
  return { margin, passMargin, alpha, passAlpha, minPairs: requireWhole("rule.minPairs", minPairs, 1) };
}

function completeExamples(examples: ShadowExamples | undefined): Required<ShadowExamples> | null {
  if (examples === undefined) return null;
  const { perView = 5, keepMs = 86_400_000, redact = (value: JsonValue) => value } = examples;
  return {
    perView: requireWhole("examples.perView", perView, 1),
    keepMs: requireNumber("examples.keepMs", keepMs, 1, Number.MAX_SAFE_INTEGER),
    redact,
  };
}

const refuse = (tool: string): JsonValue => ({
  error: "not-available",
  tool,
  message: `${tool} cannot be used in this run: go on without it`,
});

const most = Number.MAX_SAFE_INTEGER;

function limitsOf<I, O>(options: ShadowOptions<I, O>) {
  const { sample = 0.1, maxInFlight = 2, maxQueued = 100, maxRunMs = 60_000, jobMs = 600_000 } = options;
  const { share = 0.25, first = 100, green = false } = options.baseline ?? {};
  return {
    sample: requireNumber("sample", sample, 0, 1),
    maxInFlight: requireWhole("maxInFlight", maxInFlight, 1),
    maxQueued: requireWhole("maxQueued", maxQueued, 1),
    maxRunMs: requireNumber("maxRunMs", maxRunMs, 1, most),
    jobMs: requireNumber("jobMs", jobMs, 1, most),
    baseline: {
      share: requireNumber("baseline.share", share, 0, 1),
      first: requireWhole("baseline.first", first, 0),
      green,
    },
  };
}

function hooksOf<I, O>(options: ShadowOptions<I, O>) {
  const { mirror = () => true, refusal = refuse, redactCall = (call: RecordedCall) => call } = options;
  const { answerOf = (output: O) => output as JsonValue, sliceOf = () => null } = options;
  const { clock = systemClock, random = Math.random, newId = () => crypto.randomUUID() } = options;
  return { mirror, refusal, redactCall, answerOf, sliceOf, clock, random, newId };
}

/** Checks the options; throws `invalid-argument` naming the one that is wrong. */
export function completeOptions<I, O>(options: ShadowOptions<I, O>): ShadowSettings<I, O> {
  const { blue, green, tools = {}, comparators = defaultComparators, rule = {}, budget = {} } = options;
  const { pressure = null, queue = null } = options;
  const sides = { blue: requireSide("blue", blue), green: requireSide("green", green) };
  if (blue.bundle === green.bundle)
    throw new InvalidArgumentError("green.bundle", "must be another bundle than blue's");
  return {
    agent: requireId("agent", options.agent),
    ...sides,
    ...limitsOf(options),
    ...hooksOf(options),
    tools: requirePolicies(tools),
    comparators: requireComparators(comparators),
    rule: requireRule(rule),
    budget,
    pressure,
    queue,
    examples: completeExamples(options.examples),
  };
}

import type { BundleId, JsonValue } from "@verdigris/contracts";
import { recordVersion } from "@verdigris/contracts";
import type { Comparator, CompareContext } from "./comparator.ts";
import type { Observation, ObservedCall } from "./observation.ts";
import { type BoundedRun, boundRun, observeShadowRun } from "./observe-run.ts";
import type {
  ExampleSide,
  Fidelity,
  ShadowJob,
  ShadowReport,
  ToolAnswers,
  ViewReport,
} from "./shadow-job.ts";
import type { ShadowSettings, ShadowSide } from "./shadow-options.ts";
import type { SpendAccount } from "./spend-account.ts";
import { canonicalOf, createToolSandbox } from "./tool-sandbox.ts";

type RedactCall = ShadowSettings<never, never>["redactCall"];

/** What a job is run with. */
export interface JobParts<I, O> {
  readonly settings: ShadowSettings<I, O>;
  readonly account: SpendAccount;
  /** Told of every bounded run, so that it can be stopped when the provider pushes back. */
  readonly enter: (bounded: BoundedRun, key: string | null) => () => void;
}

async function shadowRun<I, O>(
  { settings, account, enter }: JobParts<I, O>,
  side: ShadowSide<I, O>,
  job: ShadowJob,
): Promise<Observation> {
  const { clock, maxRunMs, tools, refusal, answerOf, redactCall } = settings;
  const bounded = boundRun(clock, maxRunMs);
  const leave = enter(bounded, job.key);
  const sandbox = createToolSandbox({
    policy: (tool) => (Object.hasOwn(tools, tool) ? (tools[tool] ?? "recorded") : "recorded"),
    recording: job.recording,
    admit: () => bounded.signal.throwIfAborted(),
    refusal,
  });
  const start = {
    bundle: side.bundle,
    class: "shadow",
    labels: job.labels,
    ...(job.key === null ? {} : { key: job.key }),
  } as const;
  const session = {
    mode: "shadow",
    bundle: side.bundle,
    start,
    signal: bounded.signal,
    tool: sandbox.tool,
    tools: sandbox.tools,
  } as const;
  try {
    // A copy each: what one run does to its input must not reach another.
    const input = structuredClone(job.input) as I;
    const observation = await observeShadowRun({
      run: side.run,
      input,
      session,
      calls: sandbox.calls,
      bounded,
      account,
      clock,
      answerOf,
    });
    return { ...observation, calls: redacted(observation.calls, redactCall) };
  } finally {
    bounded.end();
    leave();
  }
}

function requireDistance(value: number | null): number | null {
  if (value === null || (typeof value === "number" && value >= 0 && value <= 1)) return value;
  throw new RangeError(`a distance lies from 0 to 1, got ${String(value)}`);
}

interface Observed {
  readonly blue: Observation;
  readonly green: Observation;
  readonly blueAgain: Observation | null;
  readonly greenAgain: Observation | null;
}

async function lookThrough(
  comparator: Comparator,
  observed: Observed,
  context: CompareContext,
): Promise<ViewReport> {
  const { name: view } = comparator;
  const { blue, green, blueAgain, greenAgain } = observed;
  const distance = async (a: Observation, b: Observation | null): Promise<number | null> =>
    b === null ? null : requireDistance(await comparator.distance(a, b, context));
  try {
    const [between, ofBlue, ofGreen] = [
      await distance(blue, green),
      await distance(blue, blueAgain),
      await distance(green, greenAgain),
    ];
    return { view, between, blue: ofBlue, green: ofGreen, error: null };
  } catch (error) {
    return notMeasured(view, error);
  }
}

function notMeasured(view: string, error: unknown): ViewReport {
  return { view, between: null, blue: null, green: null, error: String(error) };
}

function divergedAt({ calls: blue }: Observation, { calls: green }: Observation): number | null {
  const longest = Math.max(blue.length, green.length);
  for (let at = 0; at < longest; at += 1) {
    if (blue[at]?.tool !== green[at]?.tool || blue[at]?.args !== green[at]?.args) return at;
  }
  return null;
}

function toolAnswers(runs: readonly (Observation | null)[]): ToolAnswers {
  const calls = runs.flatMap((run) => run?.calls ?? []);
  const count = (how: ObservedCall["answered"]) => calls.filter(({ answered }) => answered === how).length;
  return { ran: count("ran"), recorded: count("recorded"), refused: count("refused") };
}

function fidelityOf({ green, blueAgain, greenAgain }: Observed): Fidelity {
  return { blue: toolAnswers([blueAgain]), green: toolAnswers([green, greenAgain]) };
}

/** The calls as a live run's are compared: by what `redactCall` leaves of them. */
function redacted(calls: readonly ObservedCall[], redactCall: RedactCall): readonly ObservedCall[] {
  return calls.map((call) => {
    if (call.args === null) return call;
    try {
      const kept = redactCall({ tool: call.tool, args: call.args });
      return { ...call, args: canonicalOf(kept?.args ?? null) };
    } catch {
      return { ...call, args: null };
    }
  });
}

function exampleSide(run: Observation, redact: (answer: JsonValue) => JsonValue | null): ExampleSide | null {
  const answer = run.failure === null ? redact(run.answer) : null;
  if (answer === null && run.failure === null) return null;
  const { failure, durationMs, cost } = run;
  const calls = run.calls.map(({ tool, answered }) => ({ tool, answered }));
  return { answer, failure, calls, durationMs, tokens: run.inputTokens + run.outputTokens, cost };
}

function exampleOf<I, O>(
  { examples }: ShadowSettings<I, O>,
  job: ShadowJob,
  { blue, green }: Observed,
): ShadowReport["example"] {
  if (examples === null) return null;
  try {
    const input = examples.redact(job.input, "input");
    const [onBlue, onGreen] = [blue, green].map((run) =>
      exampleSide(run, (answer) => examples.redact(answer, "answer")),
    );
    if (input === null || onBlue == null || onGreen == null) return null;
    return { input, blue: onBlue, green: onGreen };
  } catch {
    // A hook that failed has redacted nothing.
    return null;
  }
}

function tokensOf(run: Observation): number {
  return run.inputTokens + run.outputTokens;
}

/**
 * Runs a job on green, and again where its noise is measured, and compares. Rejects with
 * `StoppedRun` only, where it had to make way; what a bundle or a comparator does is part of the report.
 */
export async function takeJob<I, O>(parts: JobParts<I, O>, job: ShadowJob): Promise<ShadowReport> {
  const { settings } = parts;
  const { comparators, clock, examples, maxRunMs, blue: blueSide, green: greenSide } = settings;
  // What green said is worth keeping where the budget has no room for a second run.
  const again = (wanted: boolean, side: ShadowSide<I, O>) =>
    wanted && parts.account.closed() === null && parts.account.admits(0) ? shadowRun(parts, side, job) : null;
  const green = await shadowRun(parts, greenSide, job);
  const blueAgain = await again(job.again.blue, blueSide);
  const greenAgain = await again(job.again.blue && job.again.green, greenSide);
  const observed: Observed = { blue: job.observed, green, blueAgain, greenAgain };
  const bounded = boundRun(clock, maxRunMs);
  const leave = parts.enter(bounded, job.key);
  const context: CompareContext = { input: job.input, slice: job.slice, signal: bounded.signal };
  // Side by side: one that hangs must not take the time of the others.
  const views = await Promise.all(
    comparators.map((comparator) =>
      bounded
        .race(lookThrough(comparator, observed, context))
        .catch((error: unknown) => notMeasured(comparator.name, error)),
    ),
  );
  bounded.end();
  leave();
  // A judge is a model call too: it makes way like a run, and its silence is no failure of the view.
  if (bounded.stopped !== null && bounded.stopped.why !== "timed-out") throw bounded.stopped;
  return {
    v: recordVersion,
    job: job.id,
    blue: job.blue as BundleId,
    green: job.green as BundleId,
    key: job.key,
    slice: job.slice,
    views,
    fidelity: fidelityOf(observed),
    divergedAt: divergedAt(observed.blue, green),
    durationMs: { blue: job.observed.durationMs, green: green.durationMs },
    tokens: { blue: tokensOf(job.observed), green: tokensOf(green) },
    cost: { blue: job.observed.cost, green: green.cost },
    failures: { blue: job.observed.failure !== null, green: green.failure !== null },
    example: exampleOf(settings, job, observed),
    expires: clock.now() + (examples?.keepMs ?? 0),
  };
}

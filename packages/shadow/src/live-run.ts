import { canonicalJson, type JsonValue, type ModelUsage, recordVersion } from "@verdigris/contracts";
import type { Observation, ObservedCall, RecordedCall, RunFailure } from "./observation.ts";
import { answerCopy, createUsageTally, observationOf } from "./observe-run.ts";
import { plainCopy } from "./plain-copy.ts";
import type { ShadowSession } from "./session.ts";
import type { ShadowJob } from "./shadow-job.ts";
import type { LiveRun, ShadowSettings } from "./shadow-options.ts";
import { createToolRecorder, recordedCall, type TakenCall } from "./tool-recorder.ts";
import { canonicalOf } from "./tool-sandbox.ts";
import type { ToolWrapper } from "./wrap-tools.ts";

/** A user's run that may be mirrored: the host runs it, and says how it ended. */
export interface WatchedRun<O> {
  readonly session: ShadowSession;
  /** The user has the answer. Returns at once; what is mirrored happens later. */
  answered(output: O): void;
  /** The run failed. */
  failed(): void;
}

/** Never aborts: shadow traffic has no say in a user's run. */
const never: AbortSignal = new AbortController().signal;

const untouched: ToolWrapper = { tool: (_name, fn) => fn, tools: (set) => set };

/** A run that is not mirrored: its tools are its own, and nothing is kept. */
export function unwatchedRun<O>(bundle: string): WatchedRun<O> {
  const session: ShadowSession = {
    ...untouched,
    mode: "live",
    bundle,
    start: null,
    signal: never,
    usage: () => {},
  };
  return { session, answered: () => {}, failed: () => {} };
}

/** Everything taken down while the user waited: copies that share their strings, nothing that takes time. */
export interface TakenDown {
  readonly input: JsonValue;
  readonly answer: JsonValue;
  readonly failure: RunFailure | null;
  readonly recording: readonly TakenCall[];
  readonly durationMs: number;
  readonly usage: readonly ModelUsage[];
}

/** A run that is mirrored; `hand` gets what was taken down when it has ended. */
export function watchedRun<I, O>(
  { blue, clock, answerOf }: ShadowSettings<I, O>,
  input: I,
  hand: (taken: TakenDown) => void,
): WatchedRun<O> {
  const copy = input === undefined ? undefined : plainCopy(input);
  if (copy === undefined) throw new TypeError("the input is no JSON");
  const recorder = createToolRecorder();
  const used: ModelUsage[] = [];
  const began = clock.monotonic();
  let over = false;
  const end = (answer: JsonValue, failure: RunFailure | null): void => {
    if (over) return;
    over = true;
    hand({
      input: copy,
      answer,
      failure,
      recording: recorder.recording,
      durationMs: clock.monotonic() - began,
      usage: used,
    });
  };
  const usage = (one: ModelUsage) => void used.push(one);
  const session: ShadowSession = {
    tool: recorder.tool,
    tools: recorder.tools,
    mode: "live",
    bundle: blue.bundle,
    start: null,
    signal: never,
    usage,
  };
  return {
    session,
    answered(output) {
      const answer = answerCopy(output, answerOf);
      end(answer ?? null, answer === undefined ? "unreadable-answer" : null);
    },
    failed: () => end(null, "threw"),
  };
}

/** The call as it is compared: by what may be kept of it. */
function observedCall(tool: string, kept: RecordedCall | null): ObservedCall {
  return { tool, args: canonicalOf(kept?.args ?? null), answered: "ran" };
}

/** The job of what was taken down. Throws where it is no JSON that can be compared, such as with a lone surrogate. */
export function jobOf<I, O>(
  settings: ShadowSettings<I, O>,
  about: LiveRun,
  taken: TakenDown,
  again: ShadowJob["again"],
): ShadowJob {
  const { agent, blue, green, redactCall, sliceOf, newId, clock, jobMs } = settings;
  const tally = createUsageTally();
  for (const used of taken.usage) tally.add(used);
  const plain = (value: JsonValue): JsonValue => JSON.parse(canonicalJson(value)) as JsonValue;
  const kept = taken.recording.map((call) => redactCall(recordedCall(call)));
  const observed: Observation = observationOf(
    { answer: plain(taken.answer), failure: taken.failure },
    tally,
    taken.recording.map(({ tool }, at) => observedCall(tool, kept[at] ?? null)),
    taken.durationMs,
  );
  const input = plain(taken.input);
  return {
    v: recordVersion,
    id: newId(),
    agent,
    blue: blue.bundle,
    green: green.bundle,
    input,
    key: about.key ?? null,
    labels: about.labels ?? {},
    slice: sliceOf(input as I),
    observed,
    recording: kept.filter((call) => call !== null),
    again,
    expires: clock.now() + jobMs,
  };
}

import { canonicalJson, type JsonValue, type ModelUsage, recordVersion } from "@verdigris/contracts";
import type { Observation, ObservedCall, RecordedCall, RunFailure } from "./observation.ts";
import { createUsageTally, observationOf } from "./observe-run.ts";
import type { ShadowSession } from "./session.ts";
import type { ShadowJob } from "./shadow-job.ts";
import type { LiveRun, ShadowSettings } from "./shadow-options.ts";
import { createToolRecorder, type ToolWrapper } from "./tool-sandbox.ts";

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

/** Everything taken down while the user waited: text and references, nothing that takes time. */
export interface TakenDown {
  readonly input: string;
  readonly answer: string | undefined;
  readonly failure: RunFailure | null;
  readonly recording: readonly RecordedCall[];
  readonly durationMs: number;
  readonly usage: readonly ModelUsage[];
}

/** A run that is mirrored; `hand` gets what was taken down when it has ended. */
export function watchedRun<I, O>(
  { blue, clock, answerOf }: ShadowSettings<I, O>,
  input: I,
  hand: (taken: TakenDown) => void,
): WatchedRun<O> {
  const inputText = JSON.stringify(input) as string | undefined;
  if (inputText === undefined) throw new TypeError("the input is no JSON");
  const recorder = createToolRecorder();
  const used: ModelUsage[] = [];
  const began = clock.monotonic();
  let over = false;
  const end = (answer: string | undefined, failure: RunFailure | null): void => {
    if (over) return;
    over = true;
    hand({
      input: inputText,
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
      let text: string | undefined;
      try {
        text = JSON.stringify(answerOf(output));
      } catch {
        // Told apart below: no text is no answer to compare.
      }
      end(text, text === undefined ? "unreadable-answer" : null);
    },
    failed: () => end(undefined, "threw"),
  };
}

function callsOf(recording: readonly RecordedCall[]): readonly ObservedCall[] {
  return recording.map(({ tool, args }) => ({
    tool,
    args: canonicalJson(JSON.parse(args)),
    answered: "ran",
  }));
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
  const plain = (text: string): JsonValue => JSON.parse(canonicalJson(JSON.parse(text))) as JsonValue;
  const answer = taken.answer === undefined ? null : plain(taken.answer);
  const observed: Observation = observationOf(
    { answer, failure: taken.failure },
    tally,
    callsOf(taken.recording),
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
    recording: taken.recording.map(redactCall).filter((call) => call !== null),
    again,
    expires: clock.now() + jobMs,
  };
}

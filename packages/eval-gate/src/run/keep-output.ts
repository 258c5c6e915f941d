import { InvalidArgumentError, type JsonValue } from "@verdigris/contracts";
import type { RecordedLine } from "./recorded-line.ts";

/** What is about to be written, for `redact` to look at. */
export interface RedactContext {
  readonly case: string;
  /** `message` is that of an error, `reason` what a scorer said; both can repeat what the agent was told. */
  readonly what: "output" | "message" | "reason";
}

/** How long the answers themselves are kept. */
export interface OutputOptions {
  /** Milliseconds an output and the reasons of its scores may be read. */
  readonly ttlMs: number;
  /** Larger outputs, in UTF-16 units of JSON, are not kept. @default 65,536 */
  readonly maxLength?: number;
}

/** Takes what must not be stored out of a value. It is asked before anything of a case is written. */
export type Redact = (value: JsonValue, context: RedactContext) => JsonValue;

/** What is written of one answer. */
export interface OutputKeeper {
  output(value: unknown, id: string): Pick<RecordedLine, "output" | "outputDropped">;
  /** A text as it may be written, at most 500 characters; a fixed one where `redact` failed. */
  text(value: string, id: string, what: "message" | "reason"): string;
  until(): Pick<RecordedLine, "outputUntil">;
  readonly keeps: boolean;
}

const defaultMaxLength = 65_536;
const longestText = 500;

/** Says what may be written. Nothing unredacted passes: where `redact` throws, the value is dropped. */
export function createOutputKeeper(
  options: OutputOptions | undefined,
  redact: Redact | undefined,
  now: () => number,
): OutputKeeper {
  const { ttlMs = 0, maxLength = defaultMaxLength } = options ?? {};
  return {
    keeps: options !== undefined,
    output: (value, id) => {
      if (options === undefined) return {};
      const json = asJson(value);
      if (json === null) return { outputDropped: "not-json" };
      const redacted = attempt(json.value, { case: id, what: "output" }, redact);
      if (redacted === null) return { outputDropped: "redact-failed" };
      // Read again, so that what is written is what was looked at, whatever getters and proxies `redact` returned.
      const written = asJson(redacted.value);
      if (written === null) return { outputDropped: "redact-failed" };
      return written.length > maxLength ? { outputDropped: "too-large" } : { output: written.value };
    },
    text: (value, id, what) => {
      const redacted = attempt(value, { case: id, what }, redact);
      return typeof redacted?.value === "string" ? redacted.value.slice(0, longestText) : "(withheld)";
    },
    until: () => (options === undefined ? {} : { outputUntil: now() + ttlMs }),
  };
}

function attempt(
  value: JsonValue,
  context: RedactContext,
  redact: Redact | undefined,
): { readonly value: JsonValue } | null {
  try {
    return { value: redact === undefined ? value : redact(value, context) };
  } catch {
    return null;
  }
}

function asJson(value: unknown): { readonly value: JsonValue; readonly length: number } | null {
  try {
    const text = JSON.stringify(value);
    return text === undefined ? null : { value: JSON.parse(text) as JsonValue, length: text.length };
  } catch {
    return null;
  }
}

/** Throws `invalid-argument` for a time to live or a length that is not above 0. */
export function checkOutputs({ ttlMs, maxLength = defaultMaxLength }: OutputOptions): void {
  requireAbove("outputs.ttlMs", ttlMs);
  requireAbove("outputs.maxLength", maxLength);
}

function requireAbove(argument: string, value: number): void {
  if (!(value > 0)) throw new InvalidArgumentError(argument, `must be above 0, got ${value}`);
}

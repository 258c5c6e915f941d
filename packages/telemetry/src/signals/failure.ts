import { isVerdigrisError } from "@verdigris/contracts";
import { attributeNames } from "../attribute-names.ts";
import { errorStatus, type OtelSpan } from "../otel/otel-port.ts";

/** What may be told of the texts that go through a run; null keeps them all to itself. */
export type TellContent = ((text: string) => string) | null;

/** The code or class of an error: few values, and nothing of what it says. */
export function errorTypeOf(error: unknown): string {
  if (isVerdigrisError(error)) return error.code;
  const name = error instanceof Error ? error.name : typeof error;
  return /^[\w.$-]{1,80}$/.test(name) ? name : "Error";
}

/** Marks a span as failed; the message of an error may hold prompts or answers, so it is told only where that is opted in. */
export function markFailed(span: OtelSpan, error: unknown, tell: TellContent): void {
  span.setAttributes({ [attributeNames.errorType]: errorTypeOf(error) });
  const said = tell !== null && error instanceof Error ? { message: tell(error.message) } : {};
  span.setStatus({ code: errorStatus, ...said });
}

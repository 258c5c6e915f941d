/** A mistake at the command line or in a file it names; said in one sentence, without a stack. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly code: "usage" | "config" | "not-confirmed" | "agent-unknown";

  constructor(code: CliError["code"], message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** A person left a question unanswered. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

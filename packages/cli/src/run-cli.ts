import { isVerdigrisError } from "@verdigris/contracts";
import { CommanderError } from "commander";
import { CliError, Interrupted } from "./cli-error.ts";
import { exitCode, exitCodeOf } from "./exit-code.ts";
import type { CliIo } from "./io.ts";
import { createProgram } from "./program.ts";
import type { Ended } from "./register/registrar.ts";
import { createPaint } from "./terminal/paint.ts";
import { printable } from "./terminal/printable.ts";

function codeOf(error: unknown): number {
  if (error instanceof CliError) return error.code === "not-confirmed" ? exitCode.notAllowed : exitCode.error;
  return exitCodeOf(error);
}

/** What lies at the bottom of an error, such as the refusal of a server; empty where it is the error itself. */
function rootCause(error: Error): string {
  let deepest: unknown = error.cause;
  while (deepest instanceof Error && deepest.cause instanceof Error) deepest = deepest.cause;
  if (!(deepest instanceof Error)) return "";
  const { code } = deepest as { code?: unknown };
  // Node tells of a host with several addresses by a code alone.
  return deepest.message || (typeof code === "string" ? code : deepest.name);
}

/** Everything that is wrong with what was given, where it is more than the one thing the message names. */
function issuesOf(details: unknown): string {
  const { issues } = (details ?? {}) as { issues?: readonly { path?: string; problem?: string }[] };
  if (!Array.isArray(issues) || issues.length < 2) return "";
  return issues.map(({ path = "", problem = "" }) => `\n  ${path} ${problem}`).join("");
}

function describe(error: unknown): { code: string; message: string; details?: unknown } {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof CliError) return { code: error.code, message };
  if (isVerdigrisError(error)) {
    const cause = error.code.startsWith("store-") ? rootCause(error) : "";
    const plain = message.replace(/: see the cause$/, "");
    const said = cause === "" || plain.includes(cause) ? plain : `${plain} (${cause})`;
    return { code: error.code, message: said, details: error.details };
  }
  if (error instanceof CommanderError) {
    const [first = ""] = error.message.replace(/^error: /, "").split("\n");
    return {
      code: "usage",
      message: error.code === "commander.help" ? "name a command: --help lists them" : first,
    };
  }
  return { code: "unexpected", message };
}

/** Says what went wrong in one sentence, or as JSON where that was asked for. */
function complain(io: CliIo, argv: readonly string[], error: unknown): void {
  const said = describe(error);
  if (argv.includes("--json")) io.out.write(`${JSON.stringify({ error: said }, null, 2)}\n`);
  else {
    const text = `${said.message}${issuesOf(said.details)}`;
    io.err.write(`${createPaint({ out: io.err, env: io.env }).red(said.code)}: ${printable(text)}\n`);
  }
  if (said.code === "unexpected" && io.env.VERDIGRIS_DEBUG) io.err.write(`${(error as Error).stack ?? ""}\n`);
}

/** Runs one command line (without `node` and the program) and resolves with its exit code. Never rejects. */
export async function runCli(argv: readonly string[], io: CliIo): Promise<number> {
  const ended: Ended = { code: exitCode.done };
  const json = argv.includes("--json");
  try {
    await createProgram(io, ended, json).parseAsync([...argv], { from: "user" });
    return io.signal.aborted ? exitCode.interrupted : ended.code;
  } catch (error) {
    if (error instanceof CommanderError) {
      // The parser has already said to people what it did not understand, or shown the help it was asked for.
      if (error.exitCode !== 0 && json) complain(io, argv, error);
      return error.exitCode === 0 ? exitCode.done : exitCode.error;
    }
    if (io.signal.aborted || error instanceof Interrupted) return exitCode.interrupted;
    complain(io, argv, error);
    return codeOf(error);
  }
}

import { isVerdigrisError } from "@verdigris/contracts";
import { CommanderError } from "commander";
import { CliError } from "./cli-error.ts";
import { exitCode, exitCodeOf } from "./exit-code.ts";
import type { CliIo } from "./io.ts";
import { createProgram } from "./program.ts";
import type { Ended } from "./register/registrar.ts";
import { createPaint } from "./terminal/paint.ts";
import { printable } from "./terminal/table.ts";

function codeOf(error: unknown): number {
  if (error instanceof CliError) return error.code === "not-confirmed" ? exitCode.notAllowed : exitCode.error;
  return exitCodeOf(error);
}

function describe(error: unknown): { code: string; message: string; details?: unknown } {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof CliError) return { code: error.code, message };
  if (isVerdigrisError(error)) return { code: error.code, message, details: error.details };
  return { code: "unexpected", message };
}

/** Says what went wrong in one sentence, or as JSON where that was asked for. */
function complain(io: CliIo, argv: readonly string[], error: unknown): void {
  const said = describe(error);
  if (argv.includes("--json")) io.out.write(`${JSON.stringify({ error: said }, null, 2)}\n`);
  else
    io.err.write(`${createPaint({ out: io.err, env: io.env }).red(said.code)}: ${printable(said.message)}\n`);
  if (said.code === "unexpected" && io.env.VERDIGRIS_DEBUG) io.err.write(`${(error as Error).stack ?? ""}\n`);
}

/** Runs one command line (without `node` and the program) and resolves with its exit code. Never rejects. */
export async function runCli(argv: readonly string[], io: CliIo): Promise<number> {
  const ended: Ended = { code: exitCode.done };
  try {
    await createProgram(io, ended).parseAsync([...argv], { from: "user" });
    return io.signal.aborted ? exitCode.interrupted : ended.code;
  } catch (error) {
    // The parser has already said what it did not understand, or shown the help it was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.done : exitCode.error;
    if (io.signal.aborted) return exitCode.interrupted;
    complain(io, argv, error);
    return codeOf(error);
  }
}

import { CliError } from "../cli-error.ts";
import type { CliIo } from "../io.ts";

/** Goes on only if a person says yes, or `--yes` did; throws `not-confirmed`. */
export async function confirm(io: CliIo, yes: boolean | undefined, what: string): Promise<void> {
  if (yes === true) return;
  if (io.ask === null) throw new CliError("not-confirmed", `${what} Say --yes: nobody is here to confirm it`);
  const answer = await io.ask(`${what} Go on? [y/N] `);
  if (!/^y(es)?$/i.test(answer.trim()))
    throw new CliError("not-confirmed", "not confirmed, so nothing was done");
}

/** The reason given, or asked for: nothing goes forward without one. */
export async function reasonFor(io: CliIo, given: string | undefined, what: string): Promise<string> {
  if (given !== undefined && given.trim() !== "") return given;
  const asked = io.ask === null ? "" : (await io.ask(`Why ${what}? `)).trim();
  if (asked === "") throw new CliError("usage", `--reason is missing: why ${what} goes on record`);
  return asked;
}

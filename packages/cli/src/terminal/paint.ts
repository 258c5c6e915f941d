import picocolors from "picocolors";
import type { CliIo } from "../io.ts";

/** Colours for people; the text itself where output is piped or NO_COLOR is set. */
export type Paint = Pick<
  ReturnType<typeof picocolors.createColors>,
  "bold" | "dim" | "red" | "green" | "yellow" | "blue" | "cyan"
>;

/** FORCE_COLOR wins over a pipe, NO_COLOR (any value that is not empty) over everything. */
export function createPaint({ out, env }: Pick<CliIo, "out" | "env">): Paint {
  const forced = env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== "0";
  const wanted = forced || (out.isTTY === true && env.TERM !== "dumb");
  return picocolors.createColors(wanted && !env.NO_COLOR);
}

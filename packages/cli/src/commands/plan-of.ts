import type { ReleasePlan, ReleasePlanInput } from "@verdigris/release";
import { CliError } from "../cli-error.ts";
import type { Session } from "../open/session.ts";
import { readData } from "../read-data.ts";

/** A plan of the config by its name, or one in a file. */
export async function planOf(
  { io, loaded }: Pick<Session, "io" | "loaded">,
  named: string,
): Promise<ReleasePlan | ReleasePlanInput> {
  const { folder, config } = loaded;
  const { plans = {} } = config;
  if (Object.hasOwn(plans, named)) {
    const plan = plans[named];
    return typeof plan === "string"
      ? ((await readData(folder, plan)) as ReleasePlanInput)
      : (plan as ReleasePlanInput);
  }
  if (/[./]/.test(named)) return (await readData(io.cwd, named)) as ReleasePlanInput;
  const known = Object.keys(plans);
  throw new CliError(
    "usage",
    `there is no plan ${named}: ${known.length === 0 ? "the config names none" : `known are ${known.join(", ")}`}`,
  );
}

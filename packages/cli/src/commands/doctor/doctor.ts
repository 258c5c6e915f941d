import { exitCode } from "../../exit-code.ts";
import type { Session } from "../../open/session.ts";
import { attempt, type Finding } from "./finding.ts";
import { fleet } from "./fleet.ts";
import { config, machine, telemetryHere } from "./here.ts";
import { audit, releases } from "./standing.ts";
import { clock, durability } from "./store.ts";

/** Every look, in the order people read them. */
const looks: readonly (readonly [what: string, look: (session: Session) => Promise<readonly Finding[]>])[] = [
  ["config", config],
  ["durability", durability],
  ["clock", clock],
  ["telemetry", telemetryHere],
  ["fleet", fleet],
  ["audit", audit],
  ["release", releases],
];

function total(count: number, name: string): string {
  return `${count} ${name}${count === 1 ? "" : "s"}`;
}

/**
 * Looks at the store, the clocks, what is installed, the fleet, the audit and the way back. Exit code 1 where there is a problem;
 * a warning is none.
 */
export async function doctor(session: Session): Promise<number> {
  const { paint } = session;
  const found: Finding[] = [machine()];
  for (const [what, look] of looks) found.push(...(await attempt(what, () => look(session))));
  const of = (state: Finding["state"]) => found.filter((one) => one.state === state).length;
  const marks = {
    ok: paint.green("ok     "),
    warning: paint.yellow("warning"),
    problem: paint.red("problem"),
  };
  session.print({ findings: found, problems: of("problem"), warnings: of("warning") }, () => {
    const lines = found.map(({ what, state, text }) => `${marks[state]}  ${paint.bold(what)}: ${text}`);
    return [...lines, "", `${total(of("problem"), "problem")}, ${total(of("warning"), "warning")}`].join(
      "\n",
    );
  });
  return of("problem") > 0 ? exitCode.no : exitCode.done;
}

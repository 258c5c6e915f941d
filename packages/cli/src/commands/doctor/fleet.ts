import { recordVersion } from "@verdigris/contracts";
import type { Session } from "../../open/session.ts";
import { differences, namesOf } from "./differences.ts";
import { type Finding, finding } from "./finding.ts";

/** The processes on record: what they read, how they hear, what stands up in them, and how they differ. */
export async function fleet(session: Session): Promise<Finding[]> {
  const verdigris = await session.verdigris();
  const living = (await verdigris.nodes()).filter(({ expired }) => !expired);
  if (living.length === 0)
    return [
      finding("fleet", "warning", "no living process keeps a record of itself: flips are `unverified`"),
    ];
  const found: Finding[] = differences(living);
  const note = (what: string, state: Finding["state"], of: readonly unknown[], text: () => string): void => {
    if (of.length > 0) found.push(finding(what, state, text()));
  };
  const unreadable = living.filter(({ readable }) => !readable);
  note(
    "formats",
    "problem",
    unreadable,
    () => `${namesOf(unreadable)} write records this release cannot read: upgrade it`,
  );
  const behind = living.filter(({ readable, formats }) => readable && formats.record < recordVersion);
  note(
    "formats",
    "warning",
    behind,
    () => `${namesOf(behind)} read formats up to less than ${recordVersion}: raiseFormat would shut them out`,
  );
  const polling = living.filter(({ mode }) => mode === "polling");
  note(
    "hearing",
    "warning",
    polling,
    () => `${namesOf(polling)} find moves by polling, a second late: no push reaches them`,
  );
  const deaf = living.filter(({ mode }) => mode === "stale" || mode === "closed");
  note("hearing", "problem", deaf, () => `${namesOf(deaf)} cannot hear of moves`);
  const cold = living.flatMap(({ name, id, warm }) =>
    Object.entries(warm ?? {}).flatMap(([bundle, { ok }]) => (ok ? [] : [`${bundle} on ${name ?? id}`])),
  );
  note("pipelines", "problem", cold, () => `do not stand up: ${cold.join(", ")}`);
  return found;
}

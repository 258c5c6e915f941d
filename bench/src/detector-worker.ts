import { parentPort } from "node:worker_threads";
import { cells } from "./detector-cells.ts";
import { play } from "./detector-release.ts";
import { simpleRules } from "./detector-simple-rules.ts";
import { createReleases } from "./detector-world.ts";

/** Plays some releases of one cell. */
export interface Task {
  readonly cell: number;
  readonly seed: number;
  readonly releases: number;
}

/** The minutes of first alarms, rule by rule; releases without one are not in the list. */
export interface Played {
  readonly cell: number;
  readonly releases: number;
  readonly ours: Readonly<Record<string, readonly number[]>>;
  readonly simple: Readonly<Record<string, readonly number[]>>;
  /** Releases in which any of ours alarmed. */
  readonly any: number;
  /** Releases at whose end a rule says that it is watching, rule by rule. */
  readonly watching: Readonly<Record<string, number>>;
}

type Minutes = Record<string, number[]>;

function note(into: Minutes, found: Readonly<Record<string, number>>): void {
  for (const [name, minute] of Object.entries(found)) {
    if (!Number.isFinite(minute)) continue;
    const minutes = into[name] ?? [];
    minutes.push(minute);
    into[name] = minutes;
  }
}

function playTask({ cell: index, seed, releases }: Task): Played {
  const cell = cells[index];
  if (cell === undefined) throw new Error(`no cell ${index}`);
  const { draw } = createReleases(seed);
  const [ours, simple]: [Minutes, Minutes] = [{}, {}];
  const watching: Record<string, number> = {};
  let any = 0;
  for (let i = 0; i < releases; i++) {
    const release = draw(cell.family, cell.regression);
    const { alarms, last } = play(cell.family, release, { until: cell.caught?.signal });
    note(ours, alarms);
    if (Object.keys(alarms).length > 0) any++;
    for (const { name, status } of last)
      if (status === "watching") watching[name] = (watching[name] ?? 0) + 1;
    // They compare what runs beside each other: after a full switch nothing does.
    if (cell.family.baseline !== "history") note(simple, simpleRules(release));
  }
  return { cell: index, releases, ours, simple, any, watching };
}

parentPort?.on("message", (task: Task) => parentPort?.postMessage(playTask(task)));

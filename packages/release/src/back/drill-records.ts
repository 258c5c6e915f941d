import { type Actor, type BundleId, decodeRecord, type VersionedRecord } from "@verdigris/contracts";
import { everyEntry } from "../records/every-entry.ts";
import type { World } from "../records/world.ts";

/** What a part of a drill took. */
export interface DrillTimes {
  /** From the trigger to a judged target. */
  readonly decideMs: number;
  /** From there to the committed move: from now on no process can start a run on the bad bundle. */
  readonly switchMs: number;
  /** Until every process has applied it or expired. */
  readonly confirmMs: number;
  /** Until the last run was gone, or the drill stopped waiting. */
  readonly drainMs: number;
}

/** `{agent}/drill/{time}`: a timed, real rollback practised when nothing was wrong. */
export interface DrillReport extends VersionedRecord {
  /** Store time of its end. */
  readonly at: number;
  readonly by: Actor;
  readonly from: BundleId;
  readonly to: BundleId;
  /** Share of keys that took part; 100 is everything. */
  readonly percent: number;
  readonly times: DrillTimes;
  readonly budgetMs: number;
  /** Trigger to new runs safe and confirmed. */
  readonly totalMs: number;
  readonly ok: boolean;
  readonly slowest: keyof DrillTimes;
  /** How the confirmation ended, as `Propagation` says it. */
  readonly confirmed: string;
  readonly drained: boolean;
  readonly text: string;
}

/** Drills, newest first. */
export async function listDrills({
  store,
  keys,
}: Pick<World, "store" | "keys">): Promise<readonly DrillReport[]> {
  const reports: DrillReport[] = [];
  for await (const { key, value } of everyEntry(store, keys.drill()))
    reports.push(decodeRecord<DrillReport>(key, value));
  return reports.reverse();
}

/** The latest drill that kept its budget; null where there is none. */
export async function lastGoodDrill(world: Pick<World, "store" | "keys">): Promise<DrillReport | null> {
  return (await listDrills(world)).find(({ ok }) => ok) ?? null;
}

/** `{agent}/drilling`: a drill under way, and the bundle it has to come back to. */
export interface DrillUnderWay extends VersionedRecord {
  readonly id: string;
  readonly by: Actor;
  readonly home: BundleId;
  readonly away: BundleId;
}

/** For how long a drill has moved the route about on purpose; null while none does. */
export async function drillAgeMs({ store, keys }: Pick<World, "store" | "keys">): Promise<number | null> {
  const { entries, at } = await store.get([keys.drilling]);
  return entries[0] == null ? null : Math.max(0, at - entries[0].at);
}

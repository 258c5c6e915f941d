import { agentKeys, type Store, type StoreEntry, storeLimits, timeKey } from "@verdigris/contracts";
import type { MetricSource } from "../source.ts";
import { type Cohort, cohortTime } from "../windows/cohort.ts";
import { createTimeline } from "../windows/timeline.ts";
import { readWindow, slotMs, slotOf } from "./window-record.ts";

/** Options of {@link storeSource}. */
export interface StoreSourceOptions {
  readonly store: Store;
  readonly agent: string;
  /** How far behind the others may be with writing: what happened since is not known yet. @default 15000 */
  readonly lagMs?: number;
}

/**
 * The runs of all processes that write to a store. Reads whole records and adds them up, so it does not matter who wrote when, how
 * often, or what became of them. Rejects with `store-unavailable`, and with `record-too-new` rather than leave a node's runs out.
 */
export function storeSource({ store, agent, lagMs = 15_000 }: StoreSourceOptions): MetricSource {
  const keys = agentKeys(agent);
  const minutes = createMinutes();
  return {
    async read({ bundle, from, to }) {
      const knownAt = (now: number): number => Math.max(0, cohortTime(now - lagMs));
      if (to <= from) return { cohorts: [], at: knownAt((await store.get([])).at) };
      const prefix = keys.windows(bundle);
      const slotOfKey = ({ key }: StoreEntry): number => Number(key.slice(prefix.length, prefix.length + 13));
      const found = new Map<number, StoreEntry[]>();
      let at = 0;
      for (let after = `${prefix}${timeKey(slotOf(from))}`; ; ) {
        const page = await store.list(prefix, { after, limit: storeLimits.listLimit });
        at = page.at;
        const entries = page.entries.filter((entry) => slotOfKey(entry) < to);
        for (const entry of entries) addToList(found, slotOfKey(entry), entry);
        const last = entries.at(-1);
        if (last === undefined || entries.length < storeLimits.listLimit) break;
        after = last.key;
      }
      const cohorts = [...found].flatMap(([slot, entries]) => minutes.cohorts(prefix, slot, entries));
      minutes.forget(prefix, slotOf(from));
      return { cohorts: cohorts.filter((cohort) => cohort.at >= from && cohort.at < to), at: knownAt(at) };
    },
  };
}

function addToList<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}

/** A bundle and its baseline are read in turn; those of releases long past are let go. */
const mostBundles = 4;

interface Minute {
  /** Keys and revisions of the records it was added up from. */
  readonly content: string;
  readonly cohorts: readonly Cohort[];
}

/**
 * Adds up the records of minutes, each minute once for as long as its records are the same: who judges then finds the very
 * cohorts it has judged before.
 */
function createMinutes(): {
  cohorts(prefix: string, slot: number, entries: readonly StoreEntry[]): readonly Cohort[];
  forget(prefix: string, before: number): void;
} {
  const known = new Map<string, Map<number, Minute>>();
  const bundleOf = (prefix: string): Map<number, Minute> => {
    const found = known.get(prefix) ?? new Map<number, Minute>();
    known.delete(prefix);
    known.set(prefix, found);
    const [oldest] = known.keys();
    if (known.size > mostBundles && oldest !== undefined) known.delete(oldest);
    return found;
  };
  return {
    cohorts(prefix, slot, entries) {
      const content = entries.map(({ key, rev }) => `${key}@${rev}`).join(" ");
      const ofBundle = bundleOf(prefix);
      const before = ofBundle.get(slot);
      if (before?.content === content) return before.cohorts;
      const timeline = createTimeline();
      for (const { key, value } of entries) timeline.merge(readWindow(key, value));
      // A record tells of its own minute: in order of the minutes all cohorts are in order.
      const cohorts = timeline.between(slot, slot + slotMs);
      ofBundle.set(slot, { content, cohorts });
      return cohorts;
    },
    forget(prefix, before) {
      const ofBundle = known.get(prefix);
      for (const slot of ofBundle?.keys() ?? []) if (slot < before) ofBundle?.delete(slot);
    },
  };
}

import {
  agentKeys,
  type BundleId,
  type Store,
  type StoreEntry,
  storeLimits,
  timeKey,
} from "@verdigris/contracts";
import type { MetricSource } from "../source.ts";
import { type Cohort, cohortTime } from "../windows/cohort.ts";
import { createTimeline } from "../windows/timeline.ts";
import { readWindow, slotOf } from "./window-record.ts";

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
  const known = new Map<string, { readonly rev: number; readonly cohorts: readonly Cohort[] }>();

  const cohortsOf = ({ key, rev, value }: StoreEntry): readonly Cohort[] => {
    const before = known.get(key);
    if (before?.rev === rev) return before.cohorts;
    const cohorts = readWindow(key, value);
    known.set(key, { rev, cohorts });
    return cohorts;
  };
  const forget = (bundle: BundleId, from: number): void => {
    const first = keys.windows(bundle) + timeKey(slotOf(from));
    for (const key of known.keys())
      if (key.startsWith(keys.windows(bundle)) && key < first) known.delete(key);
  };
  return {
    async read({ bundle, from, to }) {
      const knownAt = (now: number): number => Math.max(0, cohortTime(now - lagMs));
      if (to <= from) return { cohorts: [], at: knownAt((await store.get([])).at) };
      const prefix = keys.windows(bundle);
      const timeline = createTimeline();
      const isBefore = ({ key }: StoreEntry): boolean =>
        Number(key.slice(prefix.length, prefix.length + 13)) < to;
      let at = 0;
      for (let after = `${prefix}${timeKey(slotOf(from))}`; ; ) {
        const page = await store.list(prefix, { after, limit: storeLimits.listLimit });
        at = page.at;
        const entries = page.entries.filter(isBefore);
        for (const entry of entries) timeline.merge(cohortsOf(entry));
        const last = entries.at(-1);
        if (last === undefined || entries.length < storeLimits.listLimit) break;
        after = last.key;
      }
      if (to === Infinity) forget(bundle, from);
      return { cohorts: timeline.between(from, to), at: knownAt(at) };
    },
  };
}

import {
  type AgentKeys,
  type BundleId,
  type NodeView,
  type Predecessor,
  type Route,
  type Store,
  storeLimits,
} from "@verdigris/contracts";
import { textDigest } from "./audit.ts";
import type { Past } from "./begin-route.ts";
import type { LookAtRoute } from "./read-route.ts";
import { compareRoutes } from "./route-snapshot.ts";

/** Later ones are dropped from a route: a process that slept through so many stays closed until it is started again. */
const mostPredecessors = 16;

/** After every character that an id may hold. */
const afterIds = "~";

async function lastEntryOf(store: Store, keys: AgentKeys, from: number): Promise<Past["lastEntry"]> {
  const prefix = `${keys.prefix}audit/`;
  let after = keys.audit(from);
  let last: Past["lastEntry"] = null;
  for (;;) {
    const { entries } = await store.list(prefix, { after, limit: storeLimits.listLimit });
    const entry = entries.at(-1);
    if (entry === undefined) return last;
    last = { generation: Number(entry.key.slice(prefix.length)), digest: textDigest(entry.value) };
    if (entries.length < storeLimits.listLimit) return last;
    after = entry.key;
  }
}

/** Every bundle with a pin, by one look per bundle. */
async function pinnedBundles(store: Store, keys: AgentKeys): Promise<readonly BundleId[]> {
  const bundles: BundleId[] = [];
  for (let after = keys.pins; ; after = `${keys.pins}${bundles.at(-1)}/${afterIds}`) {
    const { entries } = await store.list(keys.pins, { after, limit: 1 });
    const bundle = entries[0]?.key.slice(keys.pins.length).split("/")[0];
    if (bundle === undefined) return bundles;
    bundles.push(bundle);
  }
}

/** True for a generation that the stored route neither is nor follows. */
function hasLost(stored: Route | null, incarnation: string, generation: number): boolean {
  if (stored?.incarnation === incarnation) return generation > stored.generation;
  const before = stored?.predecessors.find((past) => past.incarnation === incarnation);
  return before === undefined || generation > before.generation;
}

/** The nodes that have applied a route which the store gives no more. */
export function nodesAhead(nodes: readonly NodeView[], stored: Route | null): readonly NodeView[] {
  return nodes.filter(
    ({ readable, incarnation, generation }) =>
      readable && incarnation !== null && hasLost(stored, incarnation, generation),
  );
}

function merge(all: readonly Predecessor[]): readonly Predecessor[] {
  const latest = new Map<string, Predecessor>();
  for (const item of all) {
    const other = latest.get(item.incarnation);
    const later = other === undefined || other.generation < item.generation;
    if (later || (other.generation === item.generation && other.audit === null))
      latest.set(item.incarnation, item);
  }
  return [...latest.values()].sort((a, b) => b.generation - a.generation).slice(0, mostPredecessors);
}

function lineage(route: Route | null): readonly Predecessor[] {
  if (route === null) return [];
  const { incarnation, generation, audit, predecessors } = route;
  return [{ incarnation, generation, audit }, ...predecessors];
}

/**
 * What is left and known of an agent, or null where nothing shows that its store lost a route. Four things show it: what
 * this process had in force, audit entries beyond the stored route, nodes that have applied another one, and something in the
 * place of the route that is none.
 */
export async function findPast(
  from: {
    readonly store: Store;
    readonly keys: AgentKeys;
    readonly nodes: () => Promise<readonly NodeView[]>;
  },
  { basis: known, found, corruptRev }: Awaited<ReturnType<LookAtRoute>>,
): Promise<Past | null> {
  const { store, keys } = from;
  const stored = found?.route ?? null;
  const lastEntry = await lastEntryOf(store, keys, Math.max(0, (stored?.generation ?? 0) - 1));
  const ahead = nodesAhead(await from.nodes(), stored);
  const beyond = lastEntry !== null && lastEntry.generation > (stored?.generation ?? 0);
  const isLost = compareRoutes(known, found) === "stale" || corruptRev !== null;
  if (!isLost && !beyond && ahead.length === 0) return null;
  const unrouted =
    beyond && stored !== null
      ? [{ incarnation: stored.incarnation, generation: lastEntry.generation, audit: lastEntry.digest }]
      : [];
  const seen = ahead.map(({ incarnation, generation }) => ({
    incarnation: incarnation ?? "",
    generation,
    audit: null,
  }));
  const predecessors = merge([...lineage(known?.route ?? null), ...lineage(stored), ...unrouted, ...seen]);
  return {
    stored,
    known: known?.route ?? null,
    predecessors,
    lastEntry,
    pinned: await pinnedBundles(store, keys),
  };
}

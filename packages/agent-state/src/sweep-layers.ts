import type { StateBacking } from "./backing.ts";
import { decodeEntry, isAbsent } from "./entry.ts";
import { layerPrefix } from "./key-text.ts";
import { baseLayer, type LayerId, type Lineage } from "./lineage.ts";

/** Parked layers that nobody may look into any more. */
export function layersPastTime(lineage: Lineage, now: number): readonly LayerId[] {
  return Object.entries(lineage.layers)
    .filter(([, { state, until }]) => state === "parked" && until !== undefined && until <= now)
    .map(([id]) => id);
}

/**
 * Removes values whose time is over where nothing is hidden behind them (the base, and layers that stand on nothing) and
 * nobody wrote them anew meanwhile.
 */
export async function removeExpired(backing: StateBacking, lineage: Lineage, now: number): Promise<number> {
  const alone = Object.keys(lineage.layers).filter((id) => lineage.layers[id]?.parent === null);
  let removed = 0;
  for (const layer of [baseLayer, ...alone]) removed += await removeExpiredFrom(backing, layer, now);
  return removed;
}

async function removeExpiredFrom(backing: StateBacking, layer: LayerId, now: number): Promise<number> {
  let removed = 0;
  for await (const { rows } of backing.scan(layerPrefix(layer))) {
    const over = rows.filter(({ key, text }) => isAbsent(decodeEntry(key, text), now));
    if (over.length === 0) continue;
    const answers = await backing.write(over.map(({ key, text }) => ({ key, text: null, expect: text })));
    removed += answers?.filter((done) => done).length ?? 0;
  }
  return removed;
}

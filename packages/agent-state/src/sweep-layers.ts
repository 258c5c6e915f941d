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

/** Removes values of the base whose time is over, where nobody wrote them anew meanwhile: nothing is hidden behind them. */
export async function removeExpired(backing: StateBacking, now: number): Promise<number> {
  let removed = 0;
  for await (const { rows } of backing.scan(layerPrefix(baseLayer))) {
    const over = rows.filter(({ key, text }) => isAbsent(decodeEntry(key, text), now));
    if (over.length === 0) continue;
    const answers = await backing.write(over.map(({ key, text }) => ({ key, text: null, expect: text })));
    removed += answers?.filter((done) => done).length ?? 0;
  }
  return removed;
}

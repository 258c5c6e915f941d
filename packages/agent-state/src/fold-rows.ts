import type { StateBacking, StateChange, StatePage } from "./backing.ts";
import { decodeEntry, isAbsent, isPlainValue } from "./entry.ts";
import { isErased } from "./erasure.ts";
import { rowIn } from "./key-text.ts";
import { baseLayer, type LayerId, type Lineage } from "./lineage.ts";

/** The same page, folded into the base: values are written with what is left of their time to live, deletes delete. */
export function foldPage(page: StatePage, layer: LayerId, lineage: Lineage, now: number): StateChange[] {
  const changes: StateChange[] = [];
  const { erasures } = lineage;
  for (const { key, text } of page.rows) {
    if (erasures.length > 0 && erasures.some((erasure) => isErased(erasure, layer, key))) continue;
    const target = rowIn(baseLayer, key, layer);
    if (isPlainValue(text)) {
      // Nearly all rows: reading them would take a third of the time, and change nothing.
      changes.push({ key: target, text });
      continue;
    }
    const entry = decodeEntry(key, text);
    if (isAbsent(entry, now)) changes.push({ key: target, text: null });
    else if (entry.expires === undefined) changes.push({ key: target, text });
    else changes.push({ key: target, text, ttlMs: entry.expires - now });
  }
  return changes;
}

/** Removes every row of a layer that nobody reads; safe to repeat. */
export async function removeRows(
  backing: StateBacking,
  prefix: string,
  isIt: (row: string) => boolean,
): Promise<number> {
  let removed = 0;
  for await (const { rows } of backing.scan(prefix)) {
    const changes = rows.filter(({ key }) => isIt(key)).map(({ key }): StateChange => ({ key, text: null }));
    if (changes.length > 0) await backing.write(changes);
    removed += changes.length;
  }
  return removed;
}

import type { StateBacking, StateChange, StateRow } from "./backing.ts";
import { createKeyIndex } from "./key-index.ts";

/** Rows of one page of a scan. */
const scanRows = 500;

function holds(map: ReadonlyMap<string, string>, { key, expect }: StateChange): boolean {
  return expect === undefined || (map.get(key) ?? null) === expect;
}

/**
 * Keeps the memory in a plain `Map` of this process: for tests, and for agents whose memory may go with the process.
 * Exact (`fenced`). The first page of a list sorts all keys, the next ones look theirs up; what is written between two pages is
 * sorted in. From here on the map is the backing's: what others add to it is not listed.
 */
export function createMapBacking(map: Map<string, string> = new Map()): StateBacking {
  const index = createKeyIndex(map);
  return {
    fenced: true,
    async get(keys) {
      return keys.map((key) => map.get(key));
    },
    async write(changes, guard) {
      if (guard !== undefined && map.get(guard.key) !== guard.text) return null;
      return changes.map((change) => {
        if (!holds(map, change)) return false;
        if (change.text === null) map.delete(change.key);
        else {
          if (!map.has(change.key)) index.added(change.key);
          map.set(change.key, change.text);
        }
        return true;
      });
    },
    async list(prefix, { after, limit }) {
      return index.page(prefix, after, limit).map((key) => ({ key, text: map.get(key) ?? "" }));
    },
    async *scan(prefix) {
      let rows: StateRow[] = [];
      // A Map may change while it is iterated: what was there throughout is met exactly once.
      for (const [key, text] of map) {
        if (!key.startsWith(prefix)) continue;
        rows.push({ key, text });
        if (rows.length < scanRows) continue;
        yield { rows, cursor: null };
        rows = [];
      }
      if (rows.length > 0) yield { rows, cursor: null };
    },
  };
}

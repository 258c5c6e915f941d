import type { StateBacking, StateChange, StateRow } from "./backing.ts";

/** Rows of one page of a scan. */
const scanRows = 500;

function holds(map: ReadonlyMap<string, string>, { key, expect }: StateChange): boolean {
  return expect === undefined || (map.get(key) ?? null) === expect;
}

function under(map: ReadonlyMap<string, string>, prefix: string): StateRow[] {
  const rows: StateRow[] = [];
  for (const [key, text] of map) if (key.startsWith(prefix)) rows.push({ key, text });
  return rows;
}

/**
 * Keeps the memory in a plain `Map` of this process: for tests, and for agents whose memory may go with the process.
 * Exact (`fenced`); a page of a list looks at every key.
 */
export function createMapBacking(map: Map<string, string> = new Map()): StateBacking {
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
        else map.set(change.key, change.text);
        return true;
      });
    },
    async list(prefix, { after, limit }) {
      const rows = under(map, prefix).filter(({ key }) => after === undefined || key > after);
      return rows.sort((a, b) => (a.key < b.key ? -1 : 1)).slice(0, limit);
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

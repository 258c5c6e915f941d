import type { StateBacking, StateRow } from "./backing.ts";
import { decodeEntry, type StateEntry } from "./entry.ts";
import { rowIn } from "./key-text.ts";
import type { LayerId } from "./lineage.ts";

/** Where rows of one layer are read: the backing, or what a shadow run keeps to itself. */
export interface RowSource {
  get(keys: readonly string[]): Promise<readonly (string | undefined)[]>;
  list: StateBacking["list"];
}

/** A row as a reader of a chain sees it. */
export interface SeenRow {
  /** The row in the layer it was found in. */
  readonly row: StateRow;
  readonly layer: LayerId;
  readonly entry: StateEntry;
}

/**
 * What a reader of `chain` finds for rows named as in its first layer: the entry of the nearest layer that has one, be it
 * a value or a delete. One call of the backing, however long the chain.
 */
export async function readThrough(
  source: RowSource,
  chain: readonly LayerId[],
  rows: readonly string[],
): Promise<readonly (SeenRow | undefined)[]> {
  const top = chain[0] as LayerId;
  const keys = rows.flatMap((row) => chain.map((layer) => rowIn(layer, row, top)));
  const texts = await source.get(keys);
  return rows.map((_, index) => {
    const first = index * chain.length;
    for (let depth = 0; depth < chain.length; depth += 1) {
      const text = texts[first + depth];
      if (text === undefined) continue;
      const key = keys[first + depth] as string;
      return { row: { key, text }, layer: chain[depth] as LayerId, entry: decodeEntry(key, text) };
    }
    return undefined;
  });
}

/** The rows of one layer, a page at a time, with the row at hand in front. */
interface Cursor {
  readonly layer: LayerId;
  rows: readonly StateRow[];
  at: number;
  /** True when the page was the last. */
  last: boolean;
  /** How many rows to ask for next: each page is twice the one before, since deletes hide rows. */
  ask: number;
}

const mostRows = 1_000;

function named(cursor: Cursor, top: LayerId): string | null {
  const row = cursor.rows[cursor.at];
  return row === undefined ? null : rowIn(top, row.key, cursor.layer);
}

async function fill(source: RowSource, cursor: Cursor, prefix: string, top: LayerId): Promise<void> {
  if (cursor.at < cursor.rows.length || cursor.last) return;
  const after = cursor.rows[cursor.rows.length - 1]?.key;
  const limit = cursor.ask;
  cursor.rows = await source.list(rowIn(cursor.layer, prefix, top), { after, limit });
  cursor.at = 0;
  cursor.last = cursor.rows.length < limit;
  cursor.ask = Math.min(mostRows, limit * 2);
}

/** The lowest name any cursor stands at, and the nearest layer that has it; every cursor on it moves on. */
function takeLowest(
  cursors: readonly Cursor[],
  top: LayerId,
): { name: string; row: StateRow; layer: LayerId } | null {
  let lowest: string | null = null;
  for (const cursor of cursors) {
    const name = named(cursor, top);
    if (name !== null && (lowest === null || name < lowest)) lowest = name;
  }
  if (lowest === null) return null;
  let found: { name: string; row: StateRow; layer: LayerId } | null = null;
  for (const cursor of cursors) {
    if (named(cursor, top) !== lowest) continue;
    found ??= { name: lowest, row: cursor.rows[cursor.at] as StateRow, layer: cursor.layer };
    cursor.at += 1;
  }
  return found;
}

/**
 * Every row a reader of `chain` sees under `prefix` (named as in the first layer), in byte order, strictly after `after`:
 * the layers merged, the nearest one winning, deletes included. `likely` is about how many will be taken: the first page
 * holds as many, so that a backing that looks at every key for a page does it once.
 */
export async function* listThrough(
  source: RowSource,
  chain: readonly LayerId[],
  prefix: string,
  { after, likely = mostRows }: { readonly after?: string | undefined; readonly likely?: number } = {},
): AsyncGenerator<SeenRow, void> {
  const top = chain[0] as LayerId;
  const cursors = chain.map((layer): Cursor => {
    // A row that stands for where the reader left off, so that the first page begins behind it.
    const rows = after === undefined ? [] : [{ key: rowIn(layer, after, top), text: "" }];
    return { layer, rows, at: rows.length, last: false, ask: Math.min(mostRows, likely) };
  });
  for (;;) {
    for (const cursor of cursors) await fill(source, cursor, prefix, top);
    const found = takeLowest(cursors, top);
    if (found === null) return;
    yield { row: found.row, layer: found.layer, entry: decodeEntry(found.row.key, found.row.text) };
  }
}

import type { Row } from "./row.ts";

/** Rows by their key. */
export interface RowMap {
  readonly size: number;
  get(key: string): Row | undefined;
  /** The key must be new. */
  add(row: Row): void;
  remove(row: Row): void;
  clear(): void;
}

/** A map grows by copying itself, a tenth of a second at a million rows; spread over many, each copy is a millisecond. */
const spreadAt = 4_096;
const spreadOver = 256;

/** Keys differ at their end: in the random part of a run id, in the number of an entry. */
function placeOf(key: string): number {
  const end = key.length;
  let hash = 0;
  for (let at = end > 4 ? end - 4 : 0; at < end; at++) hash = Math.imul(hash, 31) + key.charCodeAt(at);
  return (hash ^ (hash >>> 8)) & (spreadOver - 1);
}

export function createRowMap(): RowMap {
  let few = new Map<string, Row>();
  let many: readonly Map<string, Row>[] | null = null;
  let size = 0;

  const homeOf = (key: string): Map<string, Row> => (many === null ? few : (many[placeOf(key)] ?? few));

  function spread(): void {
    many = Array.from({ length: spreadOver }, () => new Map<string, Row>());
    for (const row of few.values()) homeOf(row.key).set(row.key, row);
    few = new Map();
  }

  return {
    get size() {
      return size;
    },
    get: (key) => homeOf(key).get(key),
    add(row) {
      if (many === null && size === spreadAt) spread();
      homeOf(row.key).set(row.key, row);
      size += 1;
    },
    remove(row) {
      homeOf(row.key).delete(row.key);
      size -= 1;
    },
    clear() {
      few = new Map();
      many = null;
      size = 0;
    },
  };
}

import type { Row } from "./row.ts";

/** Rows by their key, made for a million of them. */
export interface RowMap {
  readonly size: number;
  get(key: string): Row | undefined;
  /** The key must be new. */
  add(row: Row): void;
  /** The key must be known. */
  remove(key: string): void;
  clear(): void;
}

/** A map grows by copying itself, a tenth of a second at a million rows; spread over many, each copy is a millisecond. */
const spreadOver = 256;
/** Of the marks of a shard at most one in so many is set. */
const sparseness = 8;
const fewestMarks = 512;

/** Keys differ at their end: in the random part of a run id, in the number of an entry. */
function hashOf(key: string): number {
  const end = key.length;
  let hash = 0;
  for (let at = end > 16 ? end - 16 : 0; at < end; at++)
    hash = Math.imul(hash ^ key.charCodeAt(at), 0x5bd1e995);
  return hash ^ (hash >>> 15);
}

/**
 * Some of the rows. Every start asks for a key that is not there yet, and a map of strings learns that from several places
 * all over the memory. A mark, one bit where the hash of a row leads, tells it of most keys without touching any of them.
 */
class Shard {
  readonly #rows = new Map<string, Row>();
  #marks = new Uint8Array(fewestMarks / 8);
  /** Rows that left keep their mark until all are set anew, so these are more than the rows. */
  #marked = 0;

  get(key: string, hash: number): Row | undefined {
    const at = this.#markOf(hash);
    const byte = this.#marks[at >>> 3] ?? 0;
    return (byte & (1 << (at & 7))) === 0 ? undefined : this.#rows.get(key);
  }

  add(row: Row, hash: number): void {
    this.#rows.set(row.key, row);
    if ((this.#marked + 1) * sparseness > this.#marks.length * 8) this.#markAll();
    else this.#mark(hash);
  }

  remove(key: string): void {
    this.#rows.delete(key);
  }

  #markOf(hash: number): number {
    return (hash >>> 8) & (this.#marks.length * 8 - 1);
  }

  #mark(hash: number): void {
    const at = this.#markOf(hash);
    this.#marks[at >>> 3] = (this.#marks[at >>> 3] ?? 0) | (1 << (at & 7));
    this.#marked += 1;
  }

  /** Leaves room for as many again, so that each row pays for a fixed number of marks. */
  #markAll(): void {
    let marks = fewestMarks;
    while (marks < this.#rows.size * sparseness * 2) marks *= 2;
    this.#marks = new Uint8Array(marks / 8);
    this.#marked = 0;
    for (const key of this.#rows.keys()) this.#mark(hashOf(key));
  }
}

export function createRowMap(): RowMap {
  let shards: Shard[] = [];
  let size = 0;

  return {
    get size() {
      return size;
    },
    get(key) {
      const hash = hashOf(key);
      return shards[hash & (spreadOver - 1)]?.get(key, hash);
    },
    add(row) {
      const hash = hashOf(row.key);
      const home = hash & (spreadOver - 1);
      shards[home] ??= new Shard();
      shards[home].add(row, hash);
      size += 1;
    },
    remove(key) {
      shards[hashOf(key) & (spreadOver - 1)]?.remove(key);
      size -= 1;
    },
    clear() {
      shards = [];
      size = 0;
    },
  };
}

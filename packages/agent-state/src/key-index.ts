/** New keys are sorted in when a page is asked for; beyond this share of all of them, everything is sorted anew. */
const mostRecent = 0.1;

function firstAfter(keys: readonly string[], key: string, orEqual: boolean): number {
  let [low, high] = [0, keys.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const at = keys[middle] as string;
    if (at < key || (at === key && !orEqual)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function merged(a: readonly string[], b: readonly string[]): string[] {
  const all: string[] = [];
  let at = 0;
  for (const key of b) {
    while (at < a.length && (a[at] as string) < key) all.push(a[at++] as string);
    if (a[at] !== key && all[all.length - 1] !== key) all.push(key);
  }
  while (at < a.length) all.push(a[at++] as string);
  return all;
}

/** The keys of a map in order, kept from the first page on: an agent that never lists pays nothing for it. */
export interface KeyIndex {
  /** A key was set that was not there. */
  added(key: string): void;
  /** Up to `limit` keys under `prefix`, in order, strictly after `after`. */
  page(prefix: string, after: string | undefined, limit: number): readonly string[];
}

/** An index over `map`. What is removed from the map is left out of pages; what is added is to be told. */
export function createKeyIndex(map: ReadonlyMap<string, string>): KeyIndex {
  let sorted: readonly string[] | null = null;
  let recent: string[] = [];

  const keys = (): readonly string[] => {
    const known = sorted;
    // Half of them removed, or a tenth added: what is there now is read off the map.
    const stale =
      known === null ||
      known.length > 2 * map.size + 1_000 ||
      recent.length > known.length * mostRecent + 1_000;
    if (stale) sorted = [...map.keys()].sort();
    else if (recent.length > 0) sorted = merged(known, recent.sort());
    recent = [];
    return sorted as readonly string[];
  };
  return {
    added(key) {
      if (sorted !== null) recent.push(key);
    },
    page(prefix, after, limit) {
      const all = keys();
      const found: string[] = [];
      let at =
        after === undefined || after < prefix ? firstAfter(all, prefix, true) : firstAfter(all, after, false);
      for (let key = all[at]; key?.startsWith(prefix) && found.length < limit; key = all[at]) {
        if (map.has(key)) found.push(key);
        at += 1;
      }
      return found;
    },
  };
}

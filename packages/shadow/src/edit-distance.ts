/**
 * Insertions, deletions and substitutions that turn one sequence into the other, over the length of the longer: 0 for
 * equal ones, 1 for nothing in common, 0 for two empty ones. Levenshtein (1966); memory grows with the shorter.
 */
export function normalisedEditDistance(a: readonly string[], b: readonly string[]): number {
  const [short, long] = a.length <= b.length ? [a, b] : [b, a];
  if (long.length === 0) return 0;
  let row = short.map((_, index) => index + 1);
  row.unshift(0);
  for (const [atLong, fromLong] of long.entries()) {
    const next = [atLong + 1];
    for (const [atShort, fromShort] of short.entries()) {
      const kept = (row[atShort] ?? 0) + (fromLong === fromShort ? 0 : 1);
      next.push(Math.min(kept, (row[atShort + 1] ?? 0) + 1, (next[atShort] ?? 0) + 1));
    }
    row = next;
  }
  return (row[short.length] ?? 0) / long.length;
}

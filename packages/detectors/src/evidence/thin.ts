/**
 * At most `most` of the values, drawn without looking at them: where there are thousands a few tell as much. The chance comes
 * from `seed`, so a replay draws the same.
 */
export function thin<T>(values: readonly T[], most: number, seed: number): readonly T[] {
  if (values.length <= most) return values;
  const random = chance(seed);
  const drawn = [...values];
  for (let i = 0; i < most; i++) {
    const j = i + Math.floor(random() * (drawn.length - i));
    const kept = drawn[i] as T;
    drawn[i] = drawn[j] as T;
    drawn[j] = kept;
  }
  return drawn.slice(0, most);
}

/** Uniform in [0, 1) from a seed: a mixed Weyl sequence, the same on every machine. */
function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 4_294_967_296;
  };
}

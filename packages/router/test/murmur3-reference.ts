/** MurmurHash3 x86-32 byte by byte in big integers: slow, and shares nothing with the one under test. */
export function murmur3Reference(bytes: Uint8Array, seed: number): number {
  const mask = 0xffff_ffffn;
  const multiply = (a: bigint, b: bigint): bigint => (a * b) & mask;
  const rotate = (x: bigint, by: bigint): bigint => ((x << by) | (x >> (32n - by))) & mask;
  const scramble = (k: bigint): bigint => multiply(rotate(multiply(k, 0xcc9e_2d51n), 15n), 0x1b87_3593n);
  let hash = BigInt(seed);
  let word = 0n;
  let filled = 0n;
  for (const byte of bytes) {
    word |= BigInt(byte) << (8n * filled);
    filled += 1n;
    if (filled < 4n) continue;
    hash = (rotate(hash ^ scramble(word), 13n) * 5n + 0xe654_6b64n) & mask;
    word = 0n;
    filled = 0n;
  }
  hash ^= scramble(word);
  hash ^= BigInt(bytes.length);
  hash = multiply(hash ^ (hash >> 16n), 0x85eb_ca6bn);
  hash = multiply(hash ^ (hash >> 13n), 0xc2b2_ae35n);
  return Number(hash ^ (hash >> 16n));
}

/** The published bucket formula on top of it, in whole numbers. */
export function bucketReference(key: string, salt: string): number {
  const utf8 = new TextEncoder();
  const seed = murmur3Reference(utf8.encode(salt), 0);
  return Number((BigInt(murmur3Reference(utf8.encode(key), seed)) * 10_000n) >> 32n);
}

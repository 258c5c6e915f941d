import murmur from "imurmurhash";

/** Places a key can fall on: percentages move in steps of 0.01. */
export const bucketCount = 10_000;

const utf8 = new TextEncoder();

/** Characters made per call: applying everything at once overflows the stack on long keys. */
const chunkBytes = 4_096;

/** MurmurHash3 x86-32 is defined over bytes; imurmurhash reads one byte per character, which holds for ASCII alone. */
function asBytes(text: string): string {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 127) return spellBytes(utf8.encode(text));
  }
  return text;
}

function spellBytes(bytes: Uint8Array): string {
  let spelt = "";
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    // Applied to the array itself: spreading it would go through its iterator, at twice the cost.
    const chunk: ArrayLike<number> = bytes.subarray(at, at + chunkBytes);
    spelt += String.fromCharCode.apply(null, chunk as number[]);
  }
  return spelt;
}

/** The seed of a salt: MurmurHash3 x86-32 of its UTF-8 bytes with seed 0. */
export function seedOf(salt: string): number {
  return murmur(asBytes(salt), 0).result();
}

/**
 * The bucket, 0 to 9,999, of `key` under a seed: floor(MurmurHash3_x86_32(UTF-8 bytes of key, seed) / 2^32 * 10,000).
 * This is hash version 1; its test vectors are published with the package and never change.
 */
export function bucketOf(key: string, seed: number): number {
  return Math.floor((murmur(asBytes(key), seed).result() / 4_294_967_296) * bucketCount);
}

/** How many of the 10,000 buckets a percentage takes. */
export function bucketsFor(percent: number): number {
  return Math.round(percent * 100);
}

/** Places a key can fall on: percentages move in steps of 0.01. */
export const bucketCount = 10_000;

const utf8 = new TextEncoder();

/** Characters made per call: applying everything at once overflows the stack on long keys. */
const chunkBytes = 4_096;
const highestAscii = 0x7f;
const highestByte = 0xff;

function spellBytes(bytes: Uint8Array): string {
  let spelt = "";
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    // Applied to the array itself: spreading it would go through its iterator, at twice the cost.
    const chunk: ArrayLike<number> = bytes.subarray(at, at + chunkBytes);
    spelt += String.fromCharCode.apply(null, chunk as number[]);
  }
  return spelt;
}

function scramble(block: number): number {
  const mixed = Math.imul(block, 0xcc9e2d51);
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
}

/**
 * MurmurHash3 x86-32 of text whose characters are one byte each, as its author published it (Austin Appleby, public domain);
 * NaN when one of them is above `highest`. It looks for such a character on the way, since a pass of its own costs half a
 * hash. Signed, since the engine puts every second unsigned one into an object of its own.
 */
function murmur3(text: string, seed: number, highest: number): number {
  const { length } = text;
  const whole = length & ~3;
  let hash = seed | 0;
  let seen = 0;
  for (let at = 0; at < whole; at += 4) {
    const a = text.charCodeAt(at);
    const b = text.charCodeAt(at + 1);
    const c = text.charCodeAt(at + 2);
    const d = text.charCodeAt(at + 3);
    seen |= a | b | c | d;
    hash ^= scramble(a | (b << 8) | (c << 16) | (d << 24));
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
  }
  let rest = 0;
  for (let at = length - 1; at >= whole; at--) {
    const last = text.charCodeAt(at);
    seen |= last;
    rest = (rest << 8) | last;
  }
  if (seen > highest) return Number.NaN;
  hash ^= scramble(rest) ^ length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

/** MurmurHash3 is defined over bytes: those of the text in UTF-8, which for ASCII are its characters. */
function hashOf(text: string, seed: number): number {
  const hash = murmur3(text, seed, highestAscii);
  return Number.isNaN(hash) ? murmur3(spellBytes(utf8.encode(text)), seed, highestByte) : hash;
}

/** The seed of a salt: MurmurHash3 x86-32 of its UTF-8 bytes with seed 0. */
export function seedOf(salt: string): number {
  return hashOf(salt, 0) >>> 0;
}

/**
 * The bucket, 0 to 9,999, of `key` under a seed: floor(MurmurHash3_x86_32(UTF-8 bytes of key, seed) / 2^32 * 10,000).
 * This is hash version 1; its test vectors are published with the package and never change.
 */
export function bucketOf(key: string, seed: number): number {
  return Math.floor(((hashOf(key, seed) >>> 0) / 4_294_967_296) * bucketCount);
}

/** How many of the 10,000 buckets a percentage takes. */
export function bucketsFor(percent: number): number {
  return Math.round(percent * 100);
}

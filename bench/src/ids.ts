const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** Uniform in [0, 1), the same sequence for the same seed. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** ULID-shaped ids of 26 characters: 10 of rising time, 16 random. Decoded from bytes, so that each is a flat string. */
export function makeIds(count: number, seed: number): string[] {
  const random = randomFrom(seed);
  const bytes = Buffer.alloc(26);
  let time = 1_760_000_000_000;
  return Array.from({ length: count }, () => {
    time += Math.floor(random() * 5);
    let rest = time;
    for (let at = 9; at >= 0; at--) {
      bytes[at] = alphabet.charCodeAt(rest % 32);
      rest = Math.floor(rest / 32);
    }
    for (let at = 10; at < 26; at++) bytes[at] = alphabet.charCodeAt(Math.floor(random() * 32));
    return bytes.toString("latin1");
  });
}

/** Hot ids that rows rotate through: a run id was just parsed, so its bytes are in the cache. */
export const ringSize = 4_096;

/** Reads one id after another, round and round. */
export function ringOf(ids: readonly string[]): () => string {
  const mask = ringSize - 1;
  let at = 0;
  return () => {
    at = (at + 1) & mask;
    return ids[at] ?? "";
  };
}

/** MurmurHash3 x86-32 by hand, over ASCII only: the floor under what a router does to a key. */
export function murmur3(text: string, seed: number): number {
  let hash = seed | 0;
  const length = text.length;
  const tail = length & ~3;
  for (let i = 0; i < tail; i += 4) {
    let block =
      text.charCodeAt(i) |
      (text.charCodeAt(i + 1) << 8) |
      (text.charCodeAt(i + 2) << 16) |
      (text.charCodeAt(i + 3) << 24);
    block = Math.imul(block, 0xcc9e2d51);
    block = Math.imul((block << 15) | (block >>> 17), 0x1b873593);
    hash ^= block;
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
  }
  let rest = 0;
  for (let i = length - 1; i >= tail; i--) rest = (rest << 8) | text.charCodeAt(i);
  if (length !== tail) {
    rest = Math.imul(rest, 0xcc9e2d51);
    hash ^= Math.imul((rest << 15) | (rest >>> 17), 0x1b873593);
  }
  hash ^= length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

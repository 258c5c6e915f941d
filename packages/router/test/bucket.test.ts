import { readFileSync } from "node:fs";
import { bucketOf, seedOf } from "@verdigris/router";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bucketCount } from "../src/bucket.ts";
import { bucketReference, murmur3Reference } from "./murmur3-reference.ts";

interface Vectors {
  readonly murmur3: readonly { utf8: string; seed: number; hash: number }[];
  readonly seeds: readonly { salt: string; seed: number }[];
  readonly buckets: readonly { salt: string; key: string; utf8: string; bucket: number }[];
  readonly long: readonly { salt: string; repeat: string; times: number; bucket: number }[];
  readonly edges: readonly { salt: string; key: string; bucket: number }[];
}

const file = new URL("../vectors/assign-v1.json", import.meta.url);
const vectors = JSON.parse(readFileSync(file, "utf8")) as Vectors;

describe("the published vectors of hash version 1", () => {
  it("hold for the reference, on values that others have published for MurmurHash3", () => {
    expect(vectors.murmur3.length).toBeGreaterThan(20);
    for (const { utf8, seed, hash } of vectors.murmur3) {
      expect([utf8, seed, murmur3Reference(Buffer.from(utf8, "hex"), seed)]).toEqual([utf8, seed, hash]);
    }
  });

  it("hold for the router [I13]", () => {
    for (const { salt, seed } of vectors.seeds) expect([salt, seedOf(salt)]).toEqual([salt, seed]);
    for (const { salt, key, bucket } of [...vectors.buckets, ...vectors.edges]) {
      expect([salt, key, bucketOf(key, seedOf(salt))]).toEqual([salt, key, bucket]);
      expect(bucketReference(key, salt)).toBe(bucket);
    }
    for (const { salt, repeat, times, bucket } of vectors.long) {
      expect(bucketOf(repeat.repeat(times), seedOf(salt))).toBe(bucket);
    }
  });

  it("name the bytes each key stands for", () => {
    for (const { key, utf8 } of vectors.buckets) expect(Buffer.from(key).toString("hex")).toBe(utf8);
  });

  it("reach the first bucket and the last", () => {
    const edges = vectors.edges.map(({ bucket }) => bucket);
    expect([Math.min(...edges), Math.max(...edges)]).toEqual([0, bucketCount - 1]);
  });
});

describe("a bucket", () => {
  it("is the reference's for any text [I13]", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 40 }),
      fc.string({ unit: "grapheme", maxLength: 40 }),
      fc.string({ maxLength: 40 }),
    );
    fc.assert(
      fc.property(text, text, (key, salt) => {
        expect(bucketOf(key, seedOf(salt))).toBe(bucketReference(key, salt));
      }),
    );
  });

  it("is found for a key of megabytes, whatever its script", () => {
    const seed = seedOf("s");
    for (const unit of ["a", "é", "日", "🜨"]) {
      const bucket = bucketOf(unit.repeat(1_000_000), seed);
      expect(bucket >= 0 && bucket < bucketCount).toBe(true);
    }
  });

  it("is found for lone surrogates, which count as U+FFFD", () => {
    const seed = seedOf("s");
    for (const key of ["\ud800", "\udc00", "a\ud800b", "\udc00\ud800"]) {
      expect(bucketOf(key, seed)).toBe(bucketOf(key.replaceAll(/[\ud800-\udfff]/g, "\ufffd"), seed));
    }
  });
});

const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** Deterministic, so that a test of chance cannot fail by chance. */
function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}

const sources: readonly [string, (n: number, random: () => number) => string][] = [
  [
    "ids that begin with a time",
    (n, random) =>
      `01JD9Z${String(n).padStart(4, "0").slice(0, 4)}${Array.from({ length: 16 }, () => crockford[Math.floor(random() * 32)]).join("")}`,
  ],
  ["numbers in sequence", (n) => String(n)],
  ["tenants and their threads", (n) => `tenant-${n % 97}/${Math.floor(n / 97)}`],
];

const draws = 400_000;

describe.each(sources)("over %s", (_name, make) => {
  const random = createRandom(7);
  const keys = Array.from({ length: draws }, (_, n) => make(n, random));

  it("all buckets are as likely as each other [I13]", () => {
    const counts = new Uint32Array(bucketCount);
    const seed = seedOf("canary/first/3");
    for (const key of keys) counts[bucketOf(key, seed)]! += 1;
    const expected = draws / bucketCount;
    const chi2 = counts.reduce((sum, seen) => sum + (seen - expected) ** 2 / expected, 0);
    // 9,999 degrees of freedom: mean 9,999, standard deviation 141. Five of them either side.
    expect(Math.abs(chi2 - 9_999)).toBeLessThan(5 * Math.sqrt(2 * 9_999));
  });

  it("the first tenths of two salts share a tenth of their keys [I13]", () => {
    const [one, other] = [seedOf("canary/first/3"), seedOf("canary/first/4")];
    const inOne = keys.filter((key) => bucketOf(key, one) < 1_000);
    const inBoth = inOne.filter((key) => bucketOf(key, other) < 1_000);
    expect(inOne.length / draws).toBeCloseTo(0.1, 2);
    expect(inBoth.length / inOne.length).toBeCloseTo(0.1, 1.7);
  });
});

import {
  checkCommit,
  checkGet,
  checkList,
  checkPrefix,
  type StoreOp,
  storeLimits,
} from "@verdigris/contracts";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const put = (key: string, value = "1"): StoreOp => ({ op: "put", key, rev: 0, value });
const refused = (code: string): unknown => expect.objectContaining({ code });

describe("the limits of a commit", () => {
  test("take what is within them", () => {
    expect(() => checkCommit([])).not.toThrow();
    expect(() => checkCommit([{ op: "check", key: "a", rev: 0 }, put("b")])).not.toThrow();
    expect(() => checkCommit(Array.from({ length: 32 }, (_, n) => put(`k${n}`)))).not.toThrow();
  });

  test("refuse too many ops, a key twice and a revision that cannot be one [STORE-LIMITS]", () => {
    expect(() => checkCommit(Array.from({ length: 33 }, (_, n) => put(`k${n}`)))).toThrow(
      refused("store-limit"),
    );
    expect(() => checkCommit([put("a"), put("a")])).toThrow(refused("store-limit"));
    expect(() => checkCommit([put("a"), put("b"), put("a")])).toThrow(refused("store-limit"));
    for (const rev of [-1, 1.5, Number.NaN, 2 ** 53]) {
      expect(() => checkCommit([{ op: "check", key: "a", rev }])).toThrow(refused("invalid-argument"));
    }
    expect(() => checkCommit([{ op: "del", key: "a", rev: 0 }])).toThrow(refused("invalid-argument"));
    expect(() => checkCommit([{ ...put("a"), op: "set" } as unknown as StoreOp])).toThrow(
      refused("invalid-argument"),
    );
  });

  test("count a value in bytes of UTF-8, whatever it is made of", () => {
    const unit = fc.constantFrom("x", "é", "€", "𝄞");
    fc.assert(
      fc.property(unit, fc.integer({ min: -3, max: 3 }), fc.nat({ max: 3 }), (character, more, padding) => {
        const width = Buffer.byteLength(character);
        const value =
          character.repeat(Math.floor(storeLimits.valueBytes / width) + more) + "x".repeat(padding);
        const check = (): void => checkCommit([put("a", value)]);
        if (Buffer.byteLength(value) > storeLimits.valueBytes) expect(check).toThrow(refused("store-limit"));
        else expect(check).not.toThrow();
      }),
    );
  });
});

describe("the limits of keys and pages", () => {
  test("take printable ASCII up to 512 characters and nothing else", () => {
    expect(() => checkGet(["a", "~", " ", "k".repeat(512)])).not.toThrow();
    for (const key of ["", "é", "\u0000", "\t", "\u007f", "k".repeat(513)]) {
      expect(() => checkGet([key])).toThrow(refused("store-limit"));
    }
  });

  test("take an empty prefix, and refuse one that no key can start with", () => {
    expect(() => checkPrefix("")).not.toThrow();
    expect(() => checkPrefix("é")).toThrow(refused("store-limit"));
    expect(() => checkList("a", { after: "", limit: 1 })).not.toThrow();
    expect(() => checkList("a", { after: "é", limit: 1 })).toThrow(refused("store-limit"));
  });

  test("take a limit from 1 to 1,000", () => {
    for (const limit of [1, 1_000]) expect(() => checkList("", { limit })).not.toThrow();
    for (const limit of [0, 1_001, 0.5, Number.NaN]) {
      expect(() => checkList("", { limit })).toThrow(refused("store-limit"));
    }
  });

  test("name misuse that types would have caught", () => {
    expect(() => checkGet([7 as unknown as string])).toThrow(refused("invalid-argument"));
    expect(() => checkPrefix(undefined as unknown as string)).toThrow(refused("invalid-argument"));
    expect(() => checkCommit([put("a", 7 as unknown as string)])).toThrow(refused("invalid-argument"));
  });
});

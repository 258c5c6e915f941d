import { type StoreOp, storeLimits } from "@verdigris/contracts";
import { expect } from "vitest";
import { commitAll, create, expectCode, listKeys, read, type StoreCheck } from "./context.ts";

const put = (key: string, value = "1"): StoreOp => ({ op: "put", key, rev: 0, value });

/** JSON text of exactly so many bytes of UTF-8, from a character of `width` bytes. */
function textOf(bytes: number, character: string, width: number): string {
  const count = Math.floor((bytes - 2) / width);
  return `"${character.repeat(count)}${"x".repeat(bytes - 2 - count * width)}"`;
}

const characters = [
  ["x", 1],
  ["é", 2],
  ["€", 3],
  ["𝄞", 4],
] as const;

export const limitChecks: readonly StoreCheck[] = [
  {
    name: "a commit takes 32 ops; one more is refused with store-limit and does nothing [STORE-LIMITS]",
    applies: ({ multiKey }) => multiKey,
    async run({ store, prefix }) {
      const ops = Array.from({ length: storeLimits.opsPerCommit }, (_, n) => put(`${prefix}${n}`));
      await expectCode("store-limit", () => store.commit([...ops, put(`${prefix}more`)]));
      expect(await listKeys(store, prefix)).toEqual([]);
      expect((await commitAll(store, ...ops)).revs).toHaveLength(storeLimits.opsPerCommit);
      expect(await listKeys(store, prefix)).toHaveLength(storeLimits.opsPerCommit);
    },
  },
  {
    name: "two ops on one key are refused with store-limit and do nothing [STORE-LIMITS]",
    applies: ({ multiKey }) => multiKey,
    async run({ store, prefix }) {
      const key = `${prefix}a`;
      const check: StoreOp = { op: "check", key, rev: 0 };
      await expectCode("store-limit", () => store.commit([put(key), check]));
      await expectCode("store-limit", () => store.commit([put(`${prefix}b`), check, put(key)]));
      expect(await listKeys(store, prefix)).toEqual([]);
    },
  },
  {
    name: "the longest key is taken; a longer, an empty and a non-ASCII one are refused with store-limit [STORE-LIMITS]",
    async run({ store, prefix, options }) {
      const longest = prefix.padEnd(options.longestKey ?? storeLimits.keyBytes, "k");
      await create(store, longest);
      expect(await read(store, longest)).not.toBeNull();
      for (const key of [
        `${longest}k`,
        "",
        `${prefix}é`,
        `${prefix}\u0000`,
        `${prefix}\n`,
        `${prefix}\u007f`,
      ]) {
        await expectCode("store-limit", () => store.commit([put(key)]));
        await expectCode("store-limit", () => store.get([key]));
      }
      expect(await listKeys(store, prefix)).toEqual([longest]);
    },
  },
  {
    name: "a value of 65,536 bytes of UTF-8 is taken; one byte more is refused with store-limit [STORE-LIMITS]",
    async run({ store, prefix }) {
      for (const [character, width] of characters) {
        const key = `${prefix}${width}`;
        const largest = textOf(storeLimits.valueBytes, character, width);
        await create(store, key, largest);
        expect((await read(store, key))?.value === largest, `${width} bytes a character`).toBe(true);
        const tooLarge = textOf(storeLimits.valueBytes + 1, character, width);
        await expectCode("store-limit", () => store.commit([put(`${key}/more`, tooLarge)]));
        expect(await read(store, `${key}/more`)).toBeNull();
      }
    },
  },
  {
    name: "list takes a limit from 1 to 1,000; any other is refused with store-limit [STORE-LIMITS]",
    async run({ store, prefix }) {
      await create(store, `${prefix}a`);
      for (const limit of [1, storeLimits.listLimit]) {
        expect((await store.list(prefix, { limit })).entries).toHaveLength(1);
      }
      for (const limit of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, storeLimits.listLimit + 1]) {
        await expectCode("store-limit", () => store.list(prefix, { limit }));
      }
    },
  },
];

import { expect } from "vitest";
import { commitAll, create, listKeys, read, type StoreCheck } from "./context.ts";

/** In byte order; a locale, a case-blind or a natural order puts them otherwise. */
const byteOrder = [
  "!",
  "-",
  ".",
  "0",
  "10",
  "2",
  ":",
  "A",
  "B",
  "Z",
  "_",
  "a",
  "a-",
  "a.",
  "a/",
  "aa",
  "b",
  "~",
  "~~",
];

export const listingChecks: readonly StoreCheck[] = [
  {
    name: "list answers in byte order of the key [STORE-LIST]",
    async run({ store, prefix }) {
      for (const name of [...byteOrder].sort((a, b) => (a + a > b + b ? -1 : 1)))
        await create(store, prefix + name);
      expect(await listKeys(store, prefix)).toEqual(byteOrder.map((name) => prefix + name));
    },
  },
  {
    name: "list holds what starts with the prefix and nothing else, the prefix itself included",
    async run({ store, prefix }) {
      const under = `${prefix}pin/`;
      for (const name of ["pin", "pin.", "pin/", "pin/a", "pin/a/b", "pin0", "piN/a", "qin/a"]) {
        await create(store, prefix + name);
      }
      expect(await listKeys(store, under)).toEqual([under, `${under}a`, `${under}a/b`]);
      expect(await listKeys(store, `${prefix}none/`)).toEqual([]);
    },
  },
  {
    name: "no character of a prefix is a pattern",
    async run({ store, prefix }) {
      const names = ["a%b", "a*b", "a?b", "a[b", "a\\b", "a_b", "a^b", "axb"];
      for (const name of names) await create(store, prefix + name);
      for (const name of names) expect(await listKeys(store, prefix + name)).toEqual([prefix + name]);
    },
  },
  {
    name: "after is exclusive and need not exist [STORE-LIST]",
    async run({ store, prefix }) {
      for (const name of ["a", "b", "c"]) await create(store, prefix + name);
      expect(await listKeys(store, prefix, `${prefix}a`)).toEqual([`${prefix}b`, `${prefix}c`]);
      expect(await listKeys(store, prefix, `${prefix}aa`)).toEqual([`${prefix}b`, `${prefix}c`]);
      expect(await listKeys(store, prefix, `${prefix}c`)).toEqual([]);
    },
  },
  {
    name: "an after before the prefix leaves nothing out, one past it leaves nothing",
    async run({ store, prefix }) {
      for (const name of ["a", "m/1", "m/2", "z"]) await create(store, prefix + name);
      const under = `${prefix}m/`;
      const both = [`${under}1`, `${under}2`];
      expect(await listKeys(store, under, `${prefix}a`)).toEqual(both);
      expect(await listKeys(store, under, under)).toEqual(both);
      expect(await listKeys(store, under, "")).toEqual(both);
      expect(await listKeys(store, under, `${prefix}y`)).toEqual([]);
    },
  },
  {
    name: "list answers at most limit entries, from the first",
    async run({ store, prefix }) {
      for (const name of ["c", "a", "b"]) await create(store, prefix + name);
      for (const [limit, names] of [
        [1, "a"],
        [2, "ab"],
        [3, "abc"],
        [4, "abc"],
      ] as const) {
        const { entries } = await store.list(prefix, { limit });
        expect(entries.map((entry) => entry.key)).toEqual([...names].map((name) => prefix + name));
      }
    },
  },
  {
    name: "paging meets every entry once, whatever is deleted and added between two pages",
    async run({ store, prefix }) {
      const names = Array.from({ length: 25 }, (_, n) => String(n).padStart(3, "0"));
      for (const name of names) await create(store, prefix + name);
      const met: string[] = [];
      let after: string | undefined;
      for (;;) {
        const options = after === undefined ? { limit: 4 } : { after, limit: 4 };
        const { entries } = await store.list(prefix, options);
        const last = entries.at(-1);
        if (last === undefined) break;
        met.push(...entries.map((entry) => entry.key.slice(prefix.length)));
        await commitAll(store, { op: "del", key: last.key, rev: last.rev });
        await create(store, `${prefix}000-${met.length}`);
        after = last.key;
      }
      expect(met).toEqual(names);
    },
  },
  {
    name: "list answers the same entries as get",
    async run({ store, prefix }) {
      await create(store, `${prefix}a`, '"a"');
      await create(store, `${prefix}b`, '"b"');
      const { entries } = await store.list(prefix, { limit: 10 });
      expect(entries).toEqual([await read(store, `${prefix}a`), await read(store, `${prefix}b`)]);
    },
  },
  {
    name: "list holds every entry whose commit was acknowledged before the call, on every handle [STORE-LIST]",
    async run(context) {
      const { store, prefix, options } = context;
      const other = options.capabilities.crossProcess ? await context.peer() : store;
      for (let n = 0; n < 20; n += 1) {
        await create(store, `${prefix}${String(n).padStart(2, "0")}`);
        expect(await listKeys(other, prefix)).toHaveLength(n + 1);
      }
    },
  },
];

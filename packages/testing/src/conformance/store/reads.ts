import { expect } from "vitest";
import { commitAll, create, read, type StoreCheck } from "./context.ts";

/** Texts that a store which parses and prints values again would change. */
const exactTexts: readonly string[] = [
  '{ "b":1,"a" : 2 }',
  '{"a":1,"a":2}',
  "1.0",
  "1e3",
  "12345678901234567890",
  '"\\u00e9 \\/"',
  '"é €  𝄞 \u2028"',
  " null\n",
  '"%s \' \\" ; -- $1 ?"',
];

function spoil(value: object | null | undefined): void {
  if (value === null || value === undefined) return;
  for (const field of ["key", "rev", "at", "value"]) Reflect.set(value, field, "spoilt");
}

export const readChecks: readonly StoreCheck[] = [
  {
    name: "get answers one entry or null per key, in the order asked, repeats included",
    async run({ store, prefix }) {
      const rev = await create(store, `${prefix}b`, '"b"');
      await create(store, `${prefix}a`, '"a"');
      const keys = ["b", "none", "a", "b"].map((name) => prefix + name);
      const { entries } = await store.get(keys);
      expect(entries.map((entry) => entry?.value ?? null)).toEqual(['"b"', null, '"a"', '"b"']);
      expect(entries[0]).toEqual({ key: `${prefix}b`, rev, at: expect.any(Number), value: '"b"' });
    },
  },
  {
    name: "get with no keys answers no entries and the store's time",
    async run({ store }) {
      const { entries, at } = await store.get([]);
      expect(entries).toEqual([]);
      expect(at).toBeGreaterThan(0);
    },
  },
  {
    name: "get answers for a hundred keys at once",
    async run({ store, prefix }) {
      await create(store, `${prefix}50`, '"here"');
      const keys = Array.from({ length: 100 }, (_, n) => `${prefix}${n}`);
      const { entries } = await store.get(keys);
      expect(entries).toHaveLength(100);
      expect(entries.flatMap((entry, n) => (entry === null ? [] : [n]))).toEqual([50]);
    },
  },
  {
    name: "a value comes back byte for byte as it was put, from get, list and a conflict",
    async run({ store, prefix }) {
      for (const [n, value] of exactTexts.entries()) {
        const key = `${prefix}${n}`;
        await create(store, key, value);
        expect((await read(store, key))?.value).toBe(value);
        expect((await store.list(key, { limit: 1 })).entries[0]?.value).toBe(value);
        const lost = await store.commit([{ op: "check", key, rev: 0 }]);
        expect(lost.ok ? null : lost.current?.value).toBe(value);
      }
    },
  },
  {
    name: "changing a result changes nothing in the store",
    async run({ store, prefix }) {
      const key = `${prefix}a`;
      await create(store, key, '"kept"');
      const before = { ...(await read(store, key)) };
      spoil(await read(store, key));
      spoil((await store.list(prefix, { limit: 1 })).entries[0]);
      const lost = await store.commit([{ op: "check", key, rev: 0 }]);
      spoil(lost.ok ? null : lost.current);
      expect(await read(store, key)).toEqual(before);
      expect((await store.list(prefix, { limit: 1 })).entries).toEqual([before]);
    },
  },
  {
    name: "changing the ops after the call changes nothing in the store",
    async run({ store, prefix }) {
      const key = `${prefix}a`;
      const op = { op: "put" as const, key, rev: 0, value: '"kept"' };
      const ops = [op];
      const committing = store.commit(ops);
      op.value = '"changed"';
      ops.length = 0;
      const result = await committing;
      expect(result).toMatchObject({ ok: true });
      op.value = '"changed again"';
      expect((await read(store, key))?.value).toBe('"kept"');
    },
  },
  {
    name: "a read after a commit sees it",
    async run({ store, prefix }) {
      let rev = await create(store, `${prefix}a`, "0");
      for (let n = 1; n <= 20; n += 1) {
        const { revs } = await commitAll(store, { op: "put", key: `${prefix}a`, rev, value: String(n) });
        rev = revs[0] ?? 0;
        expect(await read(store, `${prefix}a`)).toMatchObject({ rev, value: String(n) });
      }
    },
  },
];

import type { Store, StoreOp } from "@verdigris/contracts";
import { expect } from "vitest";
import { commitAll, create, expectCode, listKeys, read, type StoreCheck } from "./context.ts";

/** A revision that no store has issued for these keys. */
const wrongRev = 9_007_199_254_740_000;

async function expectConflict(store: Store, op: StoreOp): Promise<void> {
  const current = await read(store, op.key);
  expect(await store.commit([op])).toEqual({ ok: false, key: op.key, current, at: expect.any(Number) });
  expect(await read(store, op.key), "a refused commit changes nothing").toEqual(current);
}

export const commitChecks: readonly StoreCheck[] = [
  {
    name: "put creates with revision 0 and replaces with the current one; del removes",
    async run({ store, prefix }) {
      const key = `${prefix}a`;
      const first = await create(store, key, '"one"');
      const { revs } = await commitAll(store, { op: "put", key, rev: first, value: '"two"' });
      expect(await read(store, key)).toMatchObject({ rev: revs[0], value: '"two"' });
      const gone = await commitAll(store, { op: "del", key, rev: revs[0] ?? 0 });
      expect(gone.revs).toEqual([0]);
      expect(await read(store, key)).toBeNull();
      expect(await listKeys(store, prefix)).toEqual([]);
    },
  },
  {
    name: "an op whose revision does not match an existing entry is a conflict that carries the entry",
    async run({ store, prefix }) {
      const key = `${prefix}a`;
      const old = await create(store, key, '"one"');
      await commitAll(store, { op: "put", key, rev: old, value: '"two"' });
      for (const rev of [0, old, wrongRev]) {
        await expectConflict(store, { op: "check", key, rev });
        await expectConflict(store, { op: "put", key, rev, value: '"three"' });
        if (rev > 0) await expectConflict(store, { op: "del", key, rev });
      }
    },
  },
  {
    name: "an op that expects an entry where there is none is a conflict with null",
    async run({ store, prefix }) {
      const key = `${prefix}a`;
      await expectConflict(store, { op: "check", key, rev: wrongRev });
      await expectConflict(store, { op: "put", key, rev: wrongRev, value: "1" });
      await expectConflict(store, { op: "del", key, rev: wrongRev });
    },
  },
  {
    name: "a check passes on the current revision, and with 0 on a key that is absent",
    async run({ store, prefix }) {
      const rev = await create(store, `${prefix}a`);
      expect((await commitAll(store, { op: "check", key: `${prefix}a`, rev })).revs).toEqual([rev]);
      expect((await commitAll(store, { op: "check", key: `${prefix}b`, rev: 0 })).revs).toEqual([0]);
      expect(await read(store, `${prefix}a`)).toMatchObject({ rev });
      expect(await read(store, `${prefix}b`)).toBeNull();
    },
  },
  {
    name: "an empty commit succeeds and answers the store's time",
    async run({ store }) {
      expect(await store.commit([])).toEqual({ ok: true, revs: [], at: expect.any(Number) });
    },
  },
  {
    name: "a commit on several keys happens as a whole and answers one revision per op, in order [STORE-ATOMIC]",
    applies: ({ multiKey }) => multiKey,
    async run({ store, prefix }) {
      const [a, b, c, d] = ["a", "b", "c", "d"].map((name) => prefix + name) as [
        string,
        string,
        string,
        string,
      ];
      const [revA, revB, revC] = [await create(store, a), await create(store, b), await create(store, c)];
      const { revs, at } = await commitAll(
        store,
        { op: "put", key: d, rev: 0, value: '"new"' },
        { op: "check", key: a, rev: revA },
        { op: "del", key: b, rev: revB },
        { op: "put", key: c, rev: revC, value: '"next"' },
      );
      expect(revs).toHaveLength(4);
      expect(revs[1]).toBe(revA);
      expect(revs[2]).toBe(0);
      const { entries } = await store.get([a, b, c, d]);
      expect(entries).toMatchObject([
        { rev: revA },
        null,
        { rev: revs[3], value: '"next"', at },
        { rev: revs[0], value: '"new"', at },
      ]);
    },
  },
  {
    name: "wherever in a commit the refused op stands, no other op happens and it is the one named [STORE-ATOMIC]",
    applies: ({ multiKey }) => multiKey,
    async run({ store, prefix }) {
      for (const refused of ["check", "put", "del"] as const) {
        for (let place = 0; place < 4; place += 1) {
          const base = `${prefix}${refused}${place}/`;
          const kept = await create(store, `${base}kept`);
          const ops: StoreOp[] = [
            { op: "put", key: `${base}new`, rev: 0, value: "1" },
            { op: "put", key: `${base}kept`, rev: kept, value: "2" },
            { op: "check", key: `${base}none`, rev: 0 },
          ];
          ops.splice(place, 0, { op: refused, key: `${base}refused`, rev: wrongRev, value: "1" } as StoreOp);
          expect(await store.commit(ops)).toMatchObject({ ok: false, key: `${base}refused`, current: null });
          const { entries } = await store.list(base, { limit: 10 });
          expect(entries).toMatchObject([{ key: `${base}kept`, rev: kept, value: "1" }]);
          expect(entries).toHaveLength(1);
        }
      }
    },
  },
  {
    name: "when two ops are refused, the first is named [STORE-ATOMIC]",
    applies: ({ multiKey }) => multiKey,
    async run({ store, prefix }) {
      await create(store, `${prefix}b`);
      const result = await store.commit([
        { op: "check", key: `${prefix}z`, rev: 0 },
        { op: "put", key: `${prefix}b`, rev: 0, value: "1" },
        { op: "check", key: `${prefix}a`, rev: wrongRev },
      ]);
      expect(result).toMatchObject({ ok: false, key: `${prefix}b`, current: { value: "1" } });
    },
  },
  {
    name: "a commit on several keys is refused with store-lacks-capability by a store of single keys",
    applies: ({ multiKey }) => !multiKey,
    async run({ store, prefix }) {
      await expectCode("store-lacks-capability", () =>
        store.commit([
          { op: "put", key: `${prefix}a`, rev: 0, value: "1" },
          { op: "put", key: `${prefix}b`, rev: 0, value: "1" },
        ]),
      );
      expect(await listKeys(store, prefix)).toEqual([]);
    },
  },
];

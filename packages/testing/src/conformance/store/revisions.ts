import type { Store } from "@verdigris/contracts";
import { expect } from "vitest";
import { commitAll, create, handles, read, type StoreCheck } from "./context.ts";

/** Creates, replaces and deletes the key; returns both revisions. */
async function cycle(store: Store, key: string): Promise<readonly number[]> {
  const first = await create(store, key);
  const second = (await commitAll(store, { op: "put", key, rev: first, value: "1" })).revs[0] ?? 0;
  await commitAll(store, { op: "del", key, rev: second });
  return [first, second];
}

function expectFresh(revs: readonly number[]): void {
  for (const rev of revs) {
    expect(Number.isSafeInteger(rev) && rev > 0, `a revision is a whole number above 0, got ${rev}`).toBe(
      true,
    );
  }
  expect(new Set(revs).size, "no revision is issued twice for a key").toBe(revs.length);
}

export const revisionChecks: readonly StoreCheck[] = [
  {
    name: "no revision is issued twice for a key, not even after del [STORE-REV]",
    async run({ store, prefix }) {
      const revs: number[] = [];
      for (let n = 0; n < 20; n += 1) revs.push(...(await cycle(store, `${prefix}a`)));
      expectFresh(revs);
    },
  },
  {
    name: "a put of the same value issues a new revision",
    async run({ store, prefix }) {
      const rev = await create(store, `${prefix}a`, '"same"');
      const { revs } = await commitAll(store, { op: "put", key: `${prefix}a`, rev, value: '"same"' });
      expect(revs[0]).not.toBe(rev);
      expect(await read(store, `${prefix}a`)).toMatchObject({ rev: revs[0] });
    },
  },
  {
    name: "a compare-and-set from before del and re-creation is a conflict",
    async run({ store, prefix }) {
      const key = `${prefix}a`;
      const old = await create(store, key);
      await commitAll(store, { op: "del", key, rev: old });
      await create(store, key, '"again"');
      expect(await store.commit([{ op: "put", key, rev: old, value: '"late"' }])).toMatchObject({
        ok: false,
        current: { value: '"again"' },
      });
    },
  },
  {
    name: "get, list and commit tell the same revision",
    async run({ store, prefix }) {
      const rev = await create(store, `${prefix}a`);
      expect(await read(store, `${prefix}a`)).toMatchObject({ rev });
      expect((await store.list(prefix, { limit: 1 })).entries).toMatchObject([{ rev }]);
    },
  },
  {
    name: "no revision is issued twice for a key by two handles [STORE-REV]",
    applies: ({ crossProcess }) => crossProcess,
    async run(context) {
      const [one, two] = await handles(context);
      const revs: number[] = [];
      for (let n = 0; n < 10; n += 1) {
        revs.push(...(await cycle(one, `${context.prefix}a`)), ...(await cycle(two, `${context.prefix}a`)));
      }
      expectFresh(revs);
    },
  },
  {
    name: "no revision is issued twice for a key after the data was closed and opened again [STORE-REV]",
    applies: ({ durableAck }) => durableAck,
    async run(context) {
      const key = `${context.prefix}a`;
      const revs = [...(await cycle(context.store, key))];
      const again = await context.reopen();
      revs.push(...(await cycle(again, key)));
      expectFresh(revs);
    },
  },
];

import type { Store } from "@verdigris/contracts";
import { expect } from "vitest";
import { commitAll, create, handles, read, type StoreCheck } from "./context.ts";

/** Adds one by compare-and-set until it works. */
async function increment(store: Store, key: string): Promise<void> {
  for (;;) {
    const entry = await read(store, key);
    const value = String(Number(entry?.value ?? 0) + 1);
    if ((await store.commit([{ op: "put", key, rev: entry?.rev ?? 0, value }])).ok) return;
  }
}

const winners = (results: readonly { readonly ok: boolean }[]): number =>
  results.filter(({ ok }) => ok).length;

export const concurrencyChecks: readonly StoreCheck[] = [
  {
    name: "racing increments lose none [STORE-ATOMIC]",
    async run(context) {
      const [one, two] = await handles(context);
      const key = `${context.prefix}count`;
      const worker = async (store: Store): Promise<void> => {
        for (let n = 0; n < 10; n += 1) await increment(store, key);
      };
      await Promise.all([worker(one), worker(two), worker(one), worker(two)]);
      expect(await read(one, key)).toMatchObject({ value: "40" });
    },
  },
  {
    name: "of several racing to create a key one wins, and the others learn who",
    async run(context) {
      const [one, two] = await handles(context);
      for (let round = 0; round < 10; round += 1) {
        const key = `${context.prefix}${round}`;
        const results = await Promise.all(
          [one, two, one, two].map((store, n) =>
            store.commit([{ op: "put", key, rev: 0, value: String(n) }]),
          ),
        );
        expect(winners(results)).toBe(1);
        const { value } = (await read(one, key)) ?? {};
        expect(value).toBe(String(results.findIndex(({ ok }) => ok)));
        for (const result of results) if (!result.ok) expect(result.current?.value).toBe(value);
      }
    },
  },
  {
    name: "of two commits that each check what the other puts, one at most happens [STORE-ATOMIC]",
    applies: ({ multiKey }) => multiKey,
    async run(context) {
      const [one, two] = await handles(context);
      for (let round = 0; round < 10; round += 1) {
        const [a, b] = [`${context.prefix}${round}/a`, `${context.prefix}${round}/b`];
        const results = await Promise.all([
          one.commit([
            { op: "check", key: a, rev: 0 },
            { op: "put", key: b, rev: 0, value: "1" },
          ]),
          two.commit([
            { op: "check", key: b, rev: 0 },
            { op: "put", key: a, rev: 0, value: "1" },
          ]),
        ]);
        expect(winners(results)).toBe(1);
      }
    },
  },
  {
    name: "once a checked key has changed, no commit that checks its old revision happens",
    applies: ({ multiKey }) => multiKey,
    async run(context) {
      const [one, two] = await handles(context);
      const route = `${context.prefix}route`;
      let rev = await create(one, route);
      for (let round = 0; round < 10; round += 1) {
        const old = rev;
        const start = (n: number) =>
          two.commit([
            { op: "check", key: route, rev: old },
            { op: "put", key: `${context.prefix}${round}/${n}`, rev: 0, value: "1" },
          ]);
        const early = Promise.all([start(0), start(1)]);
        rev = (await commitAll(one, { op: "put", key: route, rev: old, value: "1" })).revs[0] ?? 0;
        expect(await start(2)).toMatchObject({ ok: false, key: route, current: { rev } });
        await early;
      }
    },
  },
  {
    name: "a commit on several keys is seen as a whole by get and list [STORE-ATOMIC]",
    applies: ({ multiKey }) => multiKey,
    async run(context) {
      const [one, two] = await handles(context);
      const keys = [`${context.prefix}a`, `${context.prefix}b`] as const;
      let revs = [await create(one, keys[0], "0"), await create(one, keys[1], "0")];
      const write = async (): Promise<void> => {
        for (let n = 1; n <= 20; n += 1) {
          const value = String(n);
          const ops = keys.map((key, i) => ({ op: "put" as const, key, rev: revs[i] ?? 0, value }));
          revs = [...(await commitAll(one, ...ops)).revs];
        }
      };
      const look = async (): Promise<void> => {
        for (let n = 0; n < 20; n += 1) {
          for (const { entries } of [await two.get(keys), await two.list(context.prefix, { limit: 2 })]) {
            expect(entries[0]?.value).toBe(entries[1]?.value);
          }
        }
      };
      await Promise.all([write(), look()]);
    },
  },
];

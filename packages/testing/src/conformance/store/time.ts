import { expect } from "vitest";
import { commitAll, create, handles, read, type StoreCheck } from "./context.ts";

function expectForward(times: readonly number[]): void {
  for (const [n, at] of times.entries()) {
    expect(Number.isInteger(at) && at > 0, `store time is whole milliseconds, got ${at}`).toBe(true);
    const before = times[n - 1] ?? 0;
    expect(at >= before, `store time went back from ${before} to ${at}`).toBe(true);
  }
}

export const timeChecks: readonly StoreCheck[] = [
  {
    name: "the time of an entry is the time of the commit that put it",
    async run({ store, prefix }) {
      const { at, revs } = await commitAll(store, { op: "put", key: `${prefix}a`, rev: 0, value: "1" });
      expect(await read(store, `${prefix}a`)).toMatchObject({ at });
      const next = await commitAll(store, { op: "put", key: `${prefix}a`, rev: revs[0] ?? 0, value: "2" });
      expect(await read(store, `${prefix}a`)).toMatchObject({ at: next.at });
    },
  },
  {
    name: "store time never goes back over commits, conflicts and reads [STORE-TIME]",
    async run({ store, prefix }) {
      const times: number[] = [];
      for (let n = 0; n < 20; n += 1) {
        const key = `${prefix}${n}`;
        times.push((await commitAll(store, { op: "put", key, rev: 0, value: "1" })).at);
        times.push((await store.commit([{ op: "check", key, rev: 0 }])).at);
        times.push((await store.get([key])).at);
        times.push((await store.list(prefix, { limit: 1 })).at);
        times.push((await store.commit([])).at);
      }
      expectForward(times);
    },
  },
  {
    name: "the time of a read is not before the entries it answers",
    async run(context) {
      const [one, two] = await handles(context);
      await create(one, `${context.prefix}a`);
      for (const reply of [
        await two.get([`${context.prefix}a`]),
        await two.list(context.prefix, { limit: 1 }),
      ]) {
        expect(reply.at).toBeGreaterThanOrEqual(reply.entries[0]?.at ?? Number.POSITIVE_INFINITY);
      }
    },
  },
  {
    name: "the times of entries follow the order of their commits, whichever handle made them [STORE-TIME]",
    async run(context) {
      const [one, two] = await handles(context);
      const times: number[] = [];
      for (let n = 0; n < 40; n += 1) {
        const key = `${context.prefix}${n}`;
        // In pairs, so that each handle also follows itself right after it has followed the other.
        await create(n % 4 < 2 ? one : two, key);
        times.push((await read(one, key))?.at ?? 0);
      }
      expectForward(times);
    },
  },
  {
    name: "store time stands still while the wall clock is behind it [STORE-TIME]",
    async run(context) {
      const { subject, prefix } = context;
      if (subject.jumpWall === undefined) return;
      const [one, two] = await handles(context);
      const times: number[] = [];
      for (const [n, jump] of [0, -60_000, 0, 5_000, -3_600_000, 1, 0, 2].entries()) {
        subject.jumpWall(jump);
        const store = n % 4 < 2 ? one : two;
        times.push((await commitAll(store, { op: "put", key: `${prefix}${n}`, rev: 0, value: "1" })).at);
      }
      expectForward(times);
    },
  },
  {
    name: "store time does not go back when the data is closed and opened again [STORE-TIME]",
    applies: ({ durableAck }) => durableAck,
    async run(context) {
      const { store, prefix, subject } = context;
      const { at } = await commitAll(store, { op: "put", key: `${prefix}a`, rev: 0, value: "1" });
      subject.jumpWall?.(-60_000);
      const again = await context.reopen();
      const next = await commitAll(again, { op: "put", key: `${prefix}b`, rev: 0, value: "1" });
      expectForward([at, next.at]);
    },
  },
];

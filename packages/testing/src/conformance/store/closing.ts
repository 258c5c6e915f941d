import type { StoreHint } from "@verdigris/contracts";
import { expect } from "vitest";
import { create, expectCode, read, type StoreCheck } from "./context.ts";

export const closingChecks: readonly StoreCheck[] = [
  {
    name: "after close every call is refused with closed, and closing twice is harmless",
    async run({ store, prefix }) {
      await create(store, `${prefix}a`);
      await store.close();
      await store.close();
      await expectCode("closed", () => store.get([`${prefix}a`]));
      await expectCode("closed", () => store.get([]));
      await expectCode("closed", () => store.commit([{ op: "put", key: `${prefix}b`, rev: 0, value: "1" }]));
      await expectCode("closed", () => store.list(prefix, { limit: 1 }));
      await expectCode("closed", () => store.watch(prefix, () => undefined));
    },
  },
  {
    name: "closing while watched sends no further hint",
    async run({ store, prefix }) {
      const hints: StoreHint[] = [];
      const stop = store.watch(prefix, (hint) => hints.push(hint));
      await create(store, `${prefix}a`);
      await store.close();
      const seen = hints.length;
      await new Promise((resolve) => {
        setTimeout(resolve, 0);
      });
      stop();
      expect(hints).toHaveLength(seen);
    },
  },
  {
    name: "closing one handle leaves the other at work",
    applies: ({ crossProcess }) => crossProcess,
    async run(context) {
      const { store, prefix } = context;
      const peer = await context.peer();
      await create(peer, `${prefix}a`, '"from the peer"');
      await peer.close();
      expect(await read(store, `${prefix}a`)).toMatchObject({ value: '"from the peer"' });
      await create(store, `${prefix}b`);
    },
  },
  {
    name: "an acknowledged commit is there after the data was closed and opened again",
    applies: ({ durableAck }) => durableAck,
    async run(context) {
      const { store, prefix } = context;
      await create(store, `${prefix}a`, '"kept"');
      const before = await read(store, `${prefix}a`);
      const again = await context.reopen();
      expect(await read(again, `${prefix}a`)).toEqual(before);
    },
  },
];

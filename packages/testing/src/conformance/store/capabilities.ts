import { expect } from "vitest";
import { create, listKeys, read, type StoreCheck } from "./context.ts";

export const capabilityChecks: readonly StoreCheck[] = [
  {
    name: "the store declares the capabilities it is tested for",
    async run({ store, options }) {
      expect(store.capabilities).toEqual(options.capabilities);
    },
  },
  {
    name: "a second handle sees the same data",
    applies: ({ crossProcess }) => crossProcess,
    async run(context) {
      const { store, prefix } = context;
      const peer = await context.peer();
      const rev = await create(store, `${prefix}a`, '"shared"');
      expect(await read(peer, `${prefix}a`)).toMatchObject({ rev, value: '"shared"' });
    },
  },
  {
    name: "a store of one process has no second handle, and two of them share nothing",
    applies: ({ crossProcess }) => !crossProcess,
    async run(context) {
      const { store, prefix, subject } = context;
      expect(subject.peer, "a store with peers is crossProcess: declare it").toBeUndefined();
      const other = await context.another();
      await create(store, `${prefix}a`);
      expect(await listKeys(other.store, prefix)).toEqual([]);
      await create(other.store, `${prefix}a`);
    },
  },
  {
    name: "a durable store can be opened again",
    applies: ({ durableAck }) => durableAck,
    async run({ subject }) {
      expect(subject.reopen, "durableAck is declared, so give reopen").toBeTypeOf("function");
    },
  },
];

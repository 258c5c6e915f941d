import type { Store, StoreCapabilities } from "@verdigris/contracts";
import { createMemoryStore } from "@verdigris/store-memory";
import { createFakeClock } from "@verdigris/testing";
import {
  describeStoreConformance,
  runStoreCheck,
  type StoreConformanceOptions,
  type StoreUnderTest,
  storeTopics,
} from "@verdigris/testing/conformance/store";
import { describe, expect, test } from "vitest";
import { createBrokenStore, type Fault } from "./broken-store.ts";

const capabilities: StoreCapabilities = {
  multiKey: true,
  crossProcess: false,
  durableAck: false,
  push: true,
};

function broken(fault: Fault | null, declared: StoreCapabilities = capabilities): StoreConformanceOptions {
  return {
    name: fault ?? "a store without faults",
    capabilities: declared,
    hintWithinMs: 30,
    create: async () => {
      const clock = createFakeClock();
      const store = createBrokenStore({ fault, capabilities: declared, now: clock.now });
      return { store, jumpWall: clock.jumpWall, dispose: async () => undefined };
    },
  };
}

/** The names of the checks that go red. */
async function redChecks(options: StoreConformanceOptions): Promise<string[]> {
  const red: string[] = [];
  for (const check of storeTopics.flatMap((topic) => topic.checks)) {
    if (check.applies?.(options.capabilities) === false) continue;
    await runStoreCheck(check, options).catch(() => red.push(check.name));
  }
  return red;
}

/** Each fault and a part of the name of a check that must find it. */
const finders: Readonly<Record<Exclude<Fault, "sends changes without push">, string>> = {
  "reissues revisions after del": "no revision is issued twice for a key, not even after del",
  "keeps the revision of an equal value": "a put of the same value issues a new revision",
  "applies ops before all are checked": "wherever in a commit the refused op stands",
  "ignores checks": "of two commits that each check what the other puts",
  "names the last refused op": "when two ops are refused, the first is named",
  "leaves out the current entry": "a conflict that carries the entry",
  "gaps between check and write": "racing increments lose none",
  "acknowledges before it writes": "a read after a commit sees it",
  "orders by locale": "byte order of the key",
  "includes after": "after is exclusive",
  "takes prefixes for patterns": "no character of a prefix is a pattern",
  "lists at most ten": "list holds every entry whose commit was acknowledged",
  "ignores the list limit": "list answers at most limit entries",
  "ignores the value limit": "a value of 65,536 bytes",
  "counts characters for bytes": "a value of 65,536 bytes",
  "takes any key": "the longest key is taken",
  "takes two ops on a key": "two ops on one key",
  "hands out its own entries": "changing a result changes nothing",
  "prints values again": "byte for byte",
  "answers in its own order": "get answers one entry or null per key",
  "sends no hints": "a commit under the prefix is hinted at",
  "sends the first hint at once": "watching begins with resync",
  "hints at every key": "no change names a key outside the prefix",
  "goes on hinting": "no hint arrives after watching has stopped",
  "lets listeners throw": "a listener that throws",
  "follows the wall clock back": "store time stands still",
  "stamps reads before writes": "the time of a read is not before the entries",
  "works after close": "after close every call is refused",
  "fails on a second close": "after close every call is refused",
  "shares data between stores": "two of them share nothing",
};

describe("the store conformance suite", () => {
  test("passes a small store without faults", async () => {
    expect(await redChecks(broken(null))).toEqual([]);
  });

  for (const [fault, finder] of Object.entries(finders)) {
    test(`finds a store that ${fault}`, async () => {
      expect(await redChecks(broken(fault as Fault))).toContainEqual(expect.stringContaining(finder));
    });
  }

  test("has checks whose names are unique", () => {
    const names = storeTopics.flatMap(({ checks }) => checks.map(({ name }) => name));
    expect(new Set(names).size).toBe(names.length);
  });
});

describe("the store conformance suite and capabilities", () => {
  const poor = { ...capabilities, multiKey: false, push: false };

  test("passes a store of single keys without push that declares just that", async () => {
    expect(await redChecks(broken(null, poor))).toEqual([]);
  });

  test("finds a store that sends changes although it declares no push", async () => {
    expect(await redChecks(broken("sends changes without push", poor))).toContainEqual(
      expect.stringContaining("without push"),
    );
  });

  test("finds a store that declares other capabilities than it is tested for", async () => {
    const options = { ...broken(null), capabilities: poor };
    const red = await redChecks(options);
    expect(red).toContainEqual(expect.stringContaining("declares the capabilities"));
    expect(red).toContainEqual(expect.stringContaining("refused with store-lacks-capability"));
  });

  test("finds a store that declares durableAck and crossProcess and can show neither", async () => {
    const red = await redChecks(broken(null, { ...capabilities, durableAck: true, crossProcess: true }));
    for (const part of ["a durable store can be opened again", "a second handle sees the same data"]) {
      expect(red).toContainEqual(expect.stringContaining(part));
    }
  });

  test("finds a store that gives peers without declaring crossProcess", async () => {
    const create = async (): Promise<StoreUnderTest> => {
      const store = createMemoryStore();
      return { store, peer: async () => store, dispose: () => store.close() };
    };
    const red = await redChecks({ name: "peers", capabilities, create });
    expect(red).toEqual([expect.stringContaining("a store of one process has no second handle")]);
  });

  test("finds a store whose second handle has data of its own, and one that forgets when it is opened again", async () => {
    const declared = { ...capabilities, crossProcess: true, durableAck: true };
    const open = async (): Promise<Store> => ({ ...createMemoryStore(), capabilities: declared });
    const create = async (): Promise<StoreUnderTest> => ({
      store: await open(),
      peer: open,
      reopen: open,
      dispose: async () => undefined,
    });
    const red = await redChecks({ name: "strangers", capabilities: declared, create, hintWithinMs: 30 });
    for (const part of [
      "a second handle sees the same data",
      "an acknowledged commit is there",
      "no revision is issued twice for a key by two handles",
      "twice for a key after the data was closed",
      "a commit of another handle is hinted at",
      "of several racing to create a key",
    ]) {
      expect(red).toContainEqual(expect.stringContaining(part));
    }
  });
});

describeStoreConformance(broken(null));

import { agentKeys } from "@verdigris/contracts";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createUsageLedger, readCosts } from "../src/index.ts";
import { createBatches } from "../src/usage/batches.ts";
import { call, createLedgerWorld, type LedgerProcess, type LedgerWorld } from "./ledger-world.ts";

const range = { from: 0, to: 9e12 };
const recordOf = {
  run: "r",
  bundle: "b",
  class: "live",
  model: "m",
  inputTokens: 1,
  outputTokens: 1,
  cost: null,
} as const;

describe("a model call", () => {
  it("is on record after the next flush, under the bundle, step, class and labels of its scope [USAGE-RECORD]", async () => {
    const world = createLedgerWorld();
    const { note } = world.process();
    note(call(0.0125, { cacheReadTokens: 4, priceTable: "genai-prices@0.1.8" }), {
      step: "plan",
      class: "canary",
      labels: { tenant: "acme" },
      mixed: true,
    });
    note(call(null), { bundle: "green" });
    expect(await world.batches()).toEqual([]);
    const at = world.clock.now();
    await world.clock.advance(2_000);
    expect(await world.batches()).toEqual([
      {
        v: 1,
        records: [
          {
            at,
            run: "r1",
            bundle: "blue",
            step: "plan",
            class: "canary",
            mixed: true,
            model: "m-1",
            inputTokens: 10,
            outputTokens: 2,
            cacheReadTokens: 4,
            cost: "0.0125",
            currency: "USD",
            priceTable: "genai-prices@0.1.8",
            costSource: "price-table",
            labels: { tenant: "acme" },
          },
          {
            at,
            run: "r1",
            bundle: "green",
            class: "live",
            model: "m-1",
            inputTokens: 10,
            outputTokens: 2,
            cost: null,
          },
        ],
      },
    ]);
    expect(JSON.stringify(await world.batches())).not.toContain("user-7");
    expect((await world.entries())[0]?.key).toBe(`docs/usage/${at}/node-1-1`);
  });

  it("costs no commit of its own: those of one flush go together, and none is made without one [USAGE-RECORD]", async () => {
    const world = createLedgerWorld();
    const { note } = world.process();
    await world.clock.advance(60_000);
    for (let i = 0; i < 100; i++) note();
    await world.clock.advance(2_000);
    expect(world.store.count("commit")).toBe(1);
    await world.clock.advance(60_000);
    expect(world.store.count("commit")).toBe(1);
    expect(world.clock.pending).toBe(0);
  });

  it("is written in the format the fleet has agreed on [USAGE-RECORD]", async () => {
    const world = createLedgerWorld();
    const { note, ledger } = world.process();
    for (const format of [null, 2]) {
      world.format = format;
      note();
      await ledger.flush();
    }
    expect((await world.batches()).map(({ v }) => v)).toEqual([1, 2]);
  });

  it("is written when its process closes [USAGE-RECORD]", async () => {
    const world = createLedgerWorld();
    const { note, close } = world.process();
    note();
    await close();
    expect(await world.batches()).toHaveLength(1);
    note();
    expect(world.clock.pending).toBe(0);
  });
});

describe("batches", () => {
  it("hold a minute at most and stand under the time of their first record, on however many nodes [USAGE-RECORD]", async () => {
    const world = createLedgerWorld();
    const [one, two] = [world.process({ flushMs: 60_000 }), world.process({ flushMs: 60_000 })];
    world.store.down();
    const began = world.clock.now();
    for (let minute = 0; minute < 5; minute++) {
      one.note();
      two.note();
      await world.clock.advance(59_999);
      one.note();
      await world.clock.advance(30_000);
    }
    world.store.up();
    await Promise.all([one.ledger.flush(), two.ledger.flush()]);
    const keys = (await world.entries()).map(({ key }) => key);
    expect(keys.length).toBeGreaterThanOrEqual(10);
    expect(keys).toEqual([...keys].sort());
    expect(Number(keys[0]?.split("/")[2])).toBe(began);
    for (const { value, key } of await world.entries()) {
      const times = (JSON.parse(value) as { records: { at: number }[] }).records.map(({ at }) => at);
      expect(Math.min(...times)).toBe(Number(key.split("/")[2]));
      expect(Math.max(...times) - Math.min(...times)).toBeLessThan(60_000);
    }
  });

  it("end after a minute, and where time goes back, whenever they are written [USAGE-RECORD]", () => {
    const batches = createBatches(
      agentKeys("docs"),
      () => "n",
      () => 1,
    );
    const at = (time: number) => batches.add({ ...recordOf, at: time });
    for (const time of [100, 60_099, 60_100, 120_000, 90_000]) at(time);
    batches.seal();
    expect(batches.oldest(9).map(({ key, records }) => [Number(key.split("/")[2]), records])).toEqual([
      [100, 2],
      [60_100, 3],
    ]);
    at(60_000);
    at(59_999);
    batches.seal();
    expect(
      batches
        .oldest(9)
        .slice(2)
        .map(({ key }) => Number(key.split("/")[2])),
    ).toEqual([60_000, 59_999]);
  });

  it("stay within the limits of the store, whatever labels hold [USAGE-RECORD]", async () => {
    const world = createLedgerWorld();
    const { note, ledger } = world.process();
    const labels = Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`label-${i}`, "é".repeat(256)]));
    for (let i = 0; i < 300; i++) note(call(0.001), { labels });
    await ledger.flush();
    const batches = await world.batches();
    expect(batches.length).toBeGreaterThan(30);
    expect(batches.flatMap(({ records }) => records)).toHaveLength(300);
  });
});

describe("nothing is lost and nothing is counted twice", () => {
  it.each(["done", "dropped", "late"] as const)("where a reply is lost: %s [USAGE-ONCE]", async (fate) => {
    const world = createLedgerWorld();
    const { note, ledger } = world.process();
    for (let i = 0; i < 5; i++) note(call(0.1), { run: `r${i}` });
    world.store.loseReply(fate);
    await ledger.flush();
    await world.store.landLate();
    note(call(0.1), { run: "r5" });
    await ledger.flush();
    const runs = (await world.batches()).flatMap(({ records }) => records.map(({ run }) => run));
    expect(runs.sort()).toEqual(["r0", "r1", "r2", "r3", "r4", "r5"]);
    expect(world.lost).toEqual([]);
  });

  it("where every reply is lost for a while, and records come in between [USAGE-ONCE]", async () => {
    const world = createLedgerWorld();
    const { note } = world.process();
    for (let i = 0; i < 12; i++) {
      note(call(0.1), { run: `r${i}` });
      for (let lost = 0; lost < 3; lost++) world.store.loseReply(i % 2 === 0 ? "done" : "dropped");
      await world.clock.advance(61_000);
    }
    world.store.reset();
    await world.clock.advance(120_000);
    const runs = (await world.batches()).flatMap(({ records }) => records.map(({ run }) => run));
    expect(runs).toHaveLength(12);
    expect(new Set(runs).size).toBe(12);
    expect(world.clock.pending).toBe(0);
  });

  it("where the store is away and comes back: tried ever less often, and then at once [USAGE-ONCE]", async () => {
    const world = createLedgerWorld();
    const { note } = world.process();
    note();
    world.store.down();
    await world.clock.advance(300_000);
    const tries = world.store.count("commit");
    expect(tries).toBeGreaterThan(4);
    expect(tries).toBeLessThan(12);
    world.store.up();
    await world.clock.advance(60_000);
    expect((await world.batches()).flatMap(({ records }) => records)).toHaveLength(1);
    note();
    await world.clock.advance(2_000);
    expect((await world.batches()).flatMap(({ records }) => records)).toHaveLength(2);
  });

  it("where a second process of the same time writes too [USAGE-ONCE]", async () => {
    const world = createLedgerWorld();
    const all = Array.from({ length: 4 }, () => world.process());
    for (const { note } of all) note();
    await Promise.all(all.map(({ ledger }) => ledger.flush()));
    expect(await world.batches()).toHaveLength(4);
  });

  it("whatever happens, in any order [USAGE-ONCE]", async () => {
    const whatever = async (
      world: LedgerWorld,
      { note, ledger }: LedgerProcess,
      happenings: readonly string[],
    ) => {
      let noted = 0;
      const happen: Readonly<Record<string, () => unknown>> = {
        note: () => note(call(0.1), { run: `r${noted++}` }),
        flush: () => ledger.flush().catch(() => {}),
        wait: () => world.clock.advance(2_000),
        minute: () => world.clock.advance(61_000),
        down: () => world.store.down(),
        up: () => world.store.up(),
        done: () => world.store.loseReply("done"),
        dropped: () => world.store.loseReply("dropped"),
        late: () => world.store.loseReply("late"),
      };
      for (const what of happenings) await happen[what]?.();
      return noted;
    };
    const events = [
      "note",
      "note",
      "note",
      "flush",
      "wait",
      "minute",
      "done",
      "dropped",
      "late",
      "down",
      "up",
    ];
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...events), { maxLength: 40 }), async (happenings) => {
        const world = createLedgerWorld();
        const process = world.process();
        const noted = await whatever(world, process, happenings);
        world.store.up();
        // Commits that are lost late must land even though what was asked for is forgotten.
        await world.store.landLate();
        world.store.reset();
        await process.close();
        const runs = (await world.batches()).flatMap(({ records }) => records.map(({ run }) => run));
        expect(runs.sort()).toEqual(Array.from({ length: noted }, (_, i) => `r${i}`).sort());
      }),
      { numRuns: 150 },
    );
  });
});

describe("memory is bounded", () => {
  it("records beyond the bound are dropped, told of and owned up to in the ledger [USAGE-BOUNDED]", async () => {
    const world = createLedgerWorld();
    const { note } = world.process({ mostWaiting: 10 });
    world.store.down();
    for (let i = 0; i < 25; i++) note(call(1));
    await world.clock.advance(2_000);
    expect(world.lost).toMatchObject([{ records: 15, error: { code: "store-unavailable" } }]);
    world.store.up();
    await world.clock.advance(60_000);
    note(call(1));
    await world.clock.advance(2_000);
    const report = await readCosts(world.records, "docs", range);
    expect(report).toMatchObject({ totals: [{ calls: 11, cost: "11" }], lost: 15 });
  });

  it("a batch that can never be written does not hold up the ones after it [USAGE-BOUNDED]", async () => {
    const world = createLedgerWorld();
    const { note, ledger } = world.process();
    note();
    world.store.failNext("store-limit", "commit");
    await ledger.flush();
    expect(world.lost).toMatchObject([{ records: 1, error: { code: "store-limit" } }]);
    note();
    await ledger.flush();
    expect(await world.batches()).toMatchObject([{ lost: 1, records: [{}] }]);
  });

  it("two nodes under one name do not overwrite each other [USAGE-BOUNDED]", async () => {
    const world = createLedgerWorld();
    const { note, ledger } = world.process();
    await world.records.commit([
      { op: "put", key: `docs/usage/${world.clock.now()}/node-1-1`, rev: 0, value: '{"v":1,"records":[]}' },
    ]);
    note();
    await ledger.flush();
    expect(world.lost).toMatchObject([{ records: 1, error: { code: "record-corrupt" } }]);
    note();
    await ledger.flush();
    expect((await world.entries()).map(({ key }) => key.split("/")[3])).toEqual(["node-1-1", "node-2-2"]);
  });

  it("a process that closes while the store is away says what is lost [USAGE-BOUNDED]", async () => {
    const world = createLedgerWorld();
    const { note, close } = world.process();
    note();
    note();
    world.store.down();
    await close();
    expect(world.lost).toMatchObject([{ records: 2, error: { code: "store-unavailable" } }]);
  });
});

it.each([
  [{ flushMs: 1 }, "flushMs"],
  [{ flushMs: Number.NaN }, "flushMs"],
  [{ mostWaiting: 0 }, "mostWaiting"],
])("%j is refused by name", (options, argument) => {
  expect(() => createUsageLedger(options)).toThrow(
    expect.objectContaining({ code: "invalid-argument", details: { argument } }),
  );
});

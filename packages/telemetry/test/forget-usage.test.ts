import { describe, expect, it } from "vitest";
import { createUsageLedger, forgetUsage, readCosts } from "../src/index.ts";
import { call, createLedgerWorld } from "./ledger-world.ts";

const range = { from: 0, to: 9e12 };

async function world(minutes: number) {
  const made = createLedgerWorld();
  const { note, ledger } = made.process();
  const began = made.clock.now();
  for (let i = 0; i < minutes; i++) {
    note(call(1));
    made.clock.jumpWall(60_000);
  }
  await ledger.flush();
  const left = async () => (await readCosts(made.records, "docs", range)).totals[0]?.calls ?? 0;
  return { ...made, began, left };
}

it("goes as far as it was told, over many pages, and not a record further [USAGE-FORGET]", async () => {
  const { records, began, left } = await world(150);
  const kept = async () =>
    (await readCosts(records, "docs", { from: began + 100 * 60_000, to: 9e12 })).totals;
  const before = await kept();
  expect(await forgetUsage(records, "docs", began + 100 * 60_000)).toBe(100);
  expect(await left()).toBe(50);
  expect(await kept()).toEqual(before);
  expect(await forgetUsage(records, "docs", new Date(began + 100 * 60_000))).toBe(0);
});

it("leaves a batch that reaches into the time that stays [USAGE-FORGET]", async () => {
  const { records, began, left } = await world(3);
  expect(await forgetUsage(records, "docs", began + 59_999)).toBe(0);
  expect(await forgetUsage(records, "docs", began + 60_000)).toBe(1);
  expect(await left()).toBe(2);
});

it("may be done by several at once [USAGE-FORGET]", async () => {
  const { records, began, left } = await world(200);
  const tries = [1, 2, 3].map(() => forgetUsage(records, "docs", began + 150 * 60_000));
  const counts = await Promise.all(tries);
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(150);
  expect(await left()).toBe(50);
});

it("goes on where it was left, a bounded number of batches at a time [USAGE-FORGET]", async () => {
  const { records, store, began, left } = await world(150);
  const end = began + 100 * 60_000;
  expect(await forgetUsage(records, "docs", end, 40)).toBe(40);
  expect(await left()).toBe(110);
  store.onCommit(() => {
    store.down();
  });
  await expect(forgetUsage(store, "docs", end)).rejects.toMatchObject({ code: "store-unavailable" });
  store.up();
  const cut = await left();
  expect(cut).toBeGreaterThan(50);
  expect(await forgetUsage(records, "docs", end, 60)).toBe(cut - 50);
  expect(await left()).toBe(50);
  await expect(forgetUsage(records, "docs", end, 0)).rejects.toMatchObject({ details: { argument: "most" } });
});

describe("a ledger that is kept for a time", () => {
  const day = 86_400_000;

  it("lets go of what is older as it is written to, once an hour, and of nothing else [USAGE-FORGET]", async () => {
    const made = createLedgerWorld();
    const { note, ledger, close } = made.process({ keepMs: 2 * day });
    const days = async () => (await made.entries()).map(({ key }) => Number(key.split("/")[2]));
    const began = made.clock.now();
    for (let n = 0; n < 5; n++) {
      note(call(1));
      await ledger.flush();
      made.clock.jumpWall(day);
    }
    expect(await days()).toHaveLength(5);
    await made.clock.advance(3_600_000);
    note(call(1));
    await ledger.flush();
    await close();
    expect(Math.min(...(await days()))).toBe(began + 4 * day);
    expect(await days()).toHaveLength(2);
    expect(made.lost).toEqual([]);
  });

  it("is kept for ever where nothing is said, and a store that fails it costs no record [USAGE-FORGET]", async () => {
    const made = createLedgerWorld();
    const forever = made.process();
    forever.note(call(1));
    await forever.ledger.flush();
    made.clock.jumpWall(400 * day);
    await made.clock.advance(7_200_000);
    forever.note(call(1));
    await forever.close();
    expect(await made.entries()).toHaveLength(2);
    const bounded = made.process({ keepMs: day });
    await made.clock.advance(3_600_000);
    bounded.note(call(1));
    made.store.failNext("store-unavailable", "list");
    await bounded.close();
    expect(await made.entries()).toHaveLength(3);
    expect(made.lost).toEqual([]);
  });

  it.each([[1], [Number.NaN], [Number.POSITIVE_INFINITY]])("of %j ms is refused by name", (keepMs) => {
    expect(() => createUsageLedger({ keepMs })).toThrow(
      expect.objectContaining({ code: "invalid-argument", details: { argument: "keepMs" } }),
    );
  });
});

it("refuses what is no time, and tells where the store is away [USAGE-FORGET]", async () => {
  const { store, records } = await world(1);
  await expect(forgetUsage(records, "docs", Number.NaN)).rejects.toMatchObject({ code: "invalid-argument" });
  store.down();
  await expect(forgetUsage(store, "docs", 9e12)).rejects.toMatchObject({ code: "store-unavailable" });
});

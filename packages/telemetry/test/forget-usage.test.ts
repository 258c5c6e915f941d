import { expect, it } from "vitest";
import { forgetUsage, readCosts } from "../src/index.ts";
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

it("refuses what is no time, and tells where the store is away [USAGE-FORGET]", async () => {
  const { store, records } = await world(1);
  await expect(forgetUsage(records, "docs", Number.NaN)).rejects.toMatchObject({ code: "invalid-argument" });
  store.down();
  await expect(forgetUsage(store, "docs", 9e12)).rejects.toMatchObject({ code: "store-unavailable" });
});

import { readFileSync } from "node:fs";
import { createMemoryStore } from "@verdigris/store-memory";
import { expect, it } from "vitest";
import { readCosts, readFigures, readUsage, type UsageBatch } from "../src/index.ts";
import { call, createLedgerWorld } from "./ledger-world.ts";

const fixture = JSON.parse(
  readFileSync(new URL("fixtures/usage-v1.json", import.meta.url), "utf8"),
) as Record<string, UsageBatch>;
const [[key, batch] = ["", { v: 0, records: [] }]] = Object.entries(fixture);
const range = { from: 0, to: 9e12 };

async function storeOf(value: unknown) {
  const store = createMemoryStore();
  await store.commit([{ op: "put", key, rev: 0, value: JSON.stringify(value) }]);
  return store;
}

it("a batch of format 1 is written as the fixture has it, under the same key [USAGE-RECORD]", async () => {
  const world = createLedgerWorld();
  const { note, finish, score, ledger } = world.process();
  note(call(0.0125, { cacheReadTokens: 4, priceTable: "genai-prices@0.1.8" }), {
    step: "plan",
    labels: { tenant: "acme" },
  });
  note(call(null, { inputTokens: 1, outputTokens: 1 }), { bundle: "green", class: "shadow", mixed: true });
  finish("completed", 1_000);
  score({ name: "quality", passed: true });
  await ledger.flush();
  expect((await world.entries()).map(({ key: written }) => written)).toEqual([key]);
  expect(await world.batches()).toEqual([batch]);
});

it("a batch of format 1 is read, and fields a later release adds to it do no harm [FORMAT-UNKNOWN-FIELDS]", async () => {
  const more = (item: object) => ({ ...item, later: { than: "this" } });
  const later = { ...more(batch), records: batch.records.map(more), runs: batch.runs?.map(more) };
  for (const value of [batch, later]) {
    const store = await storeOf(value);
    expect(await readCosts(store, "docs", range)).toMatchObject({
      totals: [{ traffic: "production", cost: "0.0125", calls: 1, inputTokens: 10 }],
      unpriced: [{ key: "green", traffic: "shadow", calls: 1 }],
      unreadable: 0,
    });
    expect(await readFigures(store, "docs", range)).toMatchObject([
      { bundle: "blue", runs: 1, scores: { quality: { passRate: 1 } }, costs: [{ perCompletedRun: 0.0125 }] },
    ]);
    const runs: string[] = [];
    for await (const { run } of readUsage(store, "docs", range)) runs.push(run);
    expect(runs).toEqual(["r1", "r1"]);
  }
});

it("a batch of a later format is left out and owned up to [FORMAT-TOO-NEW]", async () => {
  const store = await storeOf({ ...batch, v: 99 });
  expect(await readCosts(store, "docs", range)).toMatchObject({ totals: [], unreadable: 1 });
  expect(await readFigures(store, "docs", range)).toEqual([]);
});

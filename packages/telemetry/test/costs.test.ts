import { recordVersion } from "@verdigris/contracts";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CostReport, readCosts, readUsage } from "../src/index.ts";
import { decimalOf, decimalText, unitsOf } from "../src/usage/decimal.ts";
import { call, createLedgerWorld, type LedgerWorld } from "./ledger-world.ts";

const day = 86_400_000;
const range = { from: 0, to: 9e12 };
const costs = (world: LedgerWorld, options: object = {}): Promise<CostReport> =>
  readCosts(world.records, "docs", { ...range, ...options });

describe("a bill", () => {
  it("is by the bundle that made each call, production, shadow, eval and preview apart [COSTS-APART]", async () => {
    const world = createLedgerWorld();
    const { note, ledger } = world.process();
    note(call(0.1));
    note(call(0.2), { class: "canary" });
    note(call(0.3), { class: "shadow" });
    note(call(0.4), { class: "eval" });
    note(call(0.5), { class: "preview" });
    note(call(0.6), { bundle: "green" });
    note(call(0.7, { currency: "EUR" }), { bundle: "green" });
    await ledger.flush();
    const { lines, totals } = await costs(world);
    expect(
      lines.map(({ key, traffic, currency, cost, calls }) => [key, traffic, currency, cost, calls]),
    ).toEqual([
      ["blue", "eval", "USD", "0.4", 1],
      ["blue", "preview", "USD", "0.5", 1],
      ["blue", "production", "USD", "0.3", 2],
      ["blue", "shadow", "USD", "0.3", 1],
      ["green", "production", "EUR", "0.7", 1],
      ["green", "production", "USD", "0.6", 1],
    ]);
    expect(totals.map(({ traffic, currency, cost }) => `${traffic} ${cost} ${currency}`)).toEqual([
      "eval 0.4 USD",
      "preview 0.5 USD",
      "production 0.7 EUR",
      "production 0.9 USD",
      "shadow 0.3 USD",
    ]);
  });

  it("is by model, by label and by day of UTC [COSTS-APART]", async () => {
    const world = createLedgerWorld();
    const { note, ledger } = world.process();
    note(call(1), { labels: { tenant: "acme" } });
    note(call(2, { model: "m-2" }), { labels: { tenant: "zeta", plan: "pro" } });
    await world.clock.advance(day);
    note(call(4));
    await ledger.flush();
    const split = async (options: object) =>
      (await costs(world, options)).lines.map(({ key, cost }) => [key, cost]);
    expect(await split({ by: "model" })).toEqual([
      ["m-1", "5"],
      ["m-2", "2"],
    ]);
    expect(await split({ by: "label", label: "tenant" })).toEqual([
      ["acme", "1"],
      ["zeta", "2"],
      [null, "4"],
    ]);
    expect(await split({ by: "day" })).toEqual([
      ["2026-01-01", "3"],
      ["2026-01-02", "4"],
    ]);
  });

  it("lists calls without a price, and never counts them as 0 [COSTS-UNPRICED]", async () => {
    const world = createLedgerWorld();
    const { note, ledger } = world.process();
    note(call(null));
    note(call(null, { model: "m-2" }), { class: "shadow" });
    note(call(0));
    await ledger.flush();
    const { lines, unpriced } = await costs(world);
    expect(lines).toMatchObject([{ key: "blue", cost: "0", calls: 1, inputTokens: 10 }]);
    expect(unpriced).toEqual([
      { key: "blue", traffic: "production", model: "m-1", calls: 1, inputTokens: 10, outputTokens: 2 },
      { key: "blue", traffic: "shadow", model: "m-2", calls: 1, inputTokens: 10, outputTokens: 2 },
    ]);
  });

  it("counts from its first moment on and not its last, also where a batch reaches over it [COSTS-EXACT]", async () => {
    const world = createLedgerWorld();
    const { note, ledger } = world.process();
    const began = world.clock.now();
    for (let second = 0; second < 59; second++) {
      note(call(1));
      world.clock.jumpWall(1_000);
    }
    await ledger.flush();
    expect(await world.batches()).toHaveLength(1);
    const between = { from: began + 50_000, to: began + 55_000 };
    expect((await costs(world, between)).totals).toMatchObject([{ calls: 5, cost: "5" }]);
    expect((await costs(world, { from: new Date(began), to: new Date(began) })).totals).toEqual([]);
    const seen: number[] = [];
    for await (const { at } of readUsage(world.records, "docs", between)) seen.push(at - began);
    expect(seen).toEqual([50_000, 51_000, 52_000, 53_000, 54_000]);
  });

  it("equals the ledger to the last digit, whatever it is split by [COSTS-EXACT]", async () => {
    const cost = fc.oneof(
      fc.double({ min: 0, max: 1_000_000, noNaN: true }),
      fc.integer({ min: 0, max: 10_000 }).map((n) => n * 0.000_000_1),
      fc.constant(null),
    );
    const bundles = fc.constantFrom("blue", "green");
    const classes = fc.constantFrom("live", "canary", "shadow", "eval" as const);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(cost, bundles, classes), { maxLength: 60 }), async (calls) => {
        const world = createLedgerWorld();
        const { note, ledger } = world.process();
        for (const [price, bundle, traffic] of calls) note(call(price), { bundle, class: traffic as never });
        await ledger.flush();
        let kept = 0n;
        for await (const record of readUsage(world.records, "docs", range))
          kept += unitsOf(record.cost) ?? 0n;
        for (const by of ["bundle", "model", "day"] as const) {
          const report = await costs(world, { by });
          for (const sums of [report.lines, report.totals]) {
            expect(sums.reduce((sum, line) => sum + (unitsOf(line.cost) ?? 0n), 0n)).toBe(kept);
            expect(sums.reduce((sum, line) => sum + line.calls, 0)).toBe(
              calls.filter(([price]) => price !== null).length,
            );
          }
          expect(report.unpriced.reduce((sum, line) => sum + line.calls, 0)).toBe(
            calls.filter(([price]) => price === null).length,
          );
        }
      }),
      { numRuns: 60 },
    );
  });

  it("goes over many pages, and owns up to batches it cannot read [COSTS-EXACT]", async () => {
    const world = createLedgerWorld();
    const { note, ledger } = world.process();
    for (let i = 0; i < 130; i++) {
      note(call(0.1));
      world.clock.jumpWall(60_000);
    }
    await ledger.flush();
    const put = (name: string, value: string) =>
      world.records.commit([{ op: "put", key: `docs/usage/${world.clock.now()}/${name}-1`, rev: 0, value }]);
    await put("later", `{"v":${recordVersion + 1},"records":[]}`);
    await put("broken", "{");
    await put("empty", '{"v":1}');
    expect(await costs(world)).toMatchObject({ totals: [{ cost: "13", calls: 130 }], unreadable: 3 });
    expect(world.store.count("list")).toBe(0);
  });

  it.each([
    [{ from: "x" }, "from"],
    [{ from: 5, to: 4 }, "to"],
    [{ by: "hour" }, "by"],
    [{ by: "label" }, "label"],
  ])("%j is refused by name", async (options, argument) => {
    await expect(costs(createLedgerWorld(), options)).rejects.toMatchObject({
      code: "invalid-argument",
      details: { argument },
    });
  });
});

describe("decimals", () => {
  it.each([
    [0, "0"],
    [0.1, "0.1"],
    [1e-12, "0.000000000001"],
    [4e-13, "0"],
    [6e-13, "0.000000000001"],
    [0.1 + 0.2, "0.3"],
    [1_000_000, "1000000"],
    [2.5e-7, "0.00000025"],
  ])("%d is %s", (cost, text) => {
    expect(decimalOf(cost)).toBe(text);
    expect(decimalText(unitsOf(text) ?? -1n)).toBe(text);
  });

  it.each(["", "1.", ".5", "-1", "1e3", "1.0000000000001", 1, null, undefined])("%s is none", (text) => {
    expect(unitsOf(text)).toBeNull();
  });
});

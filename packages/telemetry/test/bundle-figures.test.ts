import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readFigures } from "../src/index.ts";
import { bucketOf, middleOf, quantileOf } from "../src/usage/durations.ts";
import { call, createLedgerWorld } from "./ledger-world.ts";

const range = { from: 0, to: 9e12 };

describe("counts of runs", () => {
  it("stand in the batch beside the calls, by bundle and class, and hold no run id [BLAME-BUNDLE]", async () => {
    const world = createLedgerWorld();
    const { note, finish, score, ledger } = world.process();
    note(call(0.5));
    for (const outcome of ["completed", "completed", "failed", "cancelled"] as const) finish(outcome, 1_000);
    finish("completed", 3_000, { class: "shadow" });
    finish("completed", 3_000, { mixed: true });
    score({ name: "quality", passed: true });
    score({ name: "quality", passed: false });
    score({ name: "length", value: 3 });
    await ledger.flush();
    const [batch] = await world.batches();
    const second = String(bucketOf(1_000));
    expect(batch?.records).toHaveLength(1);
    expect(batch?.runs).toEqual([
      {
        bundle: "blue",
        class: "live",
        completed: 2,
        failed: 1,
        cancelled: 1,
        expired: 0,
        durations: { [second]: 3 },
        scores: { quality: { scored: 2, passed: 1 } },
      },
      {
        bundle: "blue",
        class: "shadow",
        completed: 1,
        failed: 0,
        cancelled: 0,
        expired: 0,
        durations: expect.anything(),
      },
      {
        bundle: "blue",
        class: "live",
        mixed: true,
        completed: 1,
        failed: 0,
        cancelled: 0,
        expired: 0,
        durations: expect.anything(),
      },
    ]);
    expect(JSON.stringify(batch?.runs)).not.toContain("r1");
  });

  it("hold a finish once it is certain, and only where it is this process's to count [BLAME-BUNDLE]", async () => {
    const world = createLedgerWorld();
    const { finishUnconfirmed, settle, ledger } = world.process();
    for (let n = 0; n < 3; n++) finishUnconfirmed("completed", 1_000);
    await ledger.flush();
    expect(await readFigures(world.records, "docs", range)).toEqual([]);
    for (const result of ["finished", "superseded", "expired"] as const) settle("completed", 1_000, result);
    await ledger.flush();
    expect(await readFigures(world.records, "docs", range)).toMatchObject([{ runs: 1, completed: 1 }]);
  });

  it("take as much room for a million runs as for a thousand [BLAME-BUNDLE]", async () => {
    const world = createLedgerWorld();
    const { finish, ledger } = world.process();
    for (let i = 0; i < 20_000; i++) finish("completed", 10 + (i % 5_000));
    await ledger.flush();
    const [entry, ...more] = await world.entries();
    expect(more).toEqual([]);
    expect(entry?.value.length).toBeLessThan(6_000);
  });

  it("stay within the limits of the store, however many bundles, durations and scores there are [BLAME-BUNDLE]", async () => {
    const world = createLedgerWorld();
    const { finish, score, ledger } = world.process();
    const long = "x".repeat(120);
    for (let i = 0; i < 400; i++) {
      const bundle = `${long}-${i % 50}`;
      finish("completed", 1.02 ** i, { bundle });
      score({ name: `${"é".repeat(120)}-${i}`, passed: true }, { bundle });
    }
    await ledger.flush();
    const figures = await readFigures(world.records, "docs", range);
    expect(figures).toHaveLength(50);
    expect(figures.reduce((sum, { runs }) => sum + runs, 0)).toBe(400);
    expect(figures.reduce((sum, { scores }) => sum + Object.keys(scores).length, 0)).toBe(400);
  });

  it("are merged exactly, over nodes and minutes, in any order [BLAME-BUNDLE]", async () => {
    const run = fc.record({
      outcome: fc.constantFrom("completed" as const, "failed" as const, "cancelled" as const),
      durationMs: fc.double({ min: 0, max: 1e7, noNaN: true }),
      bundle: fc.constantFrom("blue", "green"),
      node: fc.integer({ min: 0, max: 2 }),
      pause: fc.constantFrom(0, 0, 20_000, 61_000),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(run, { maxLength: 60 }), async (runs) => {
        const world = createLedgerWorld();
        const nodes = Array.from({ length: 3 }, () => world.process());
        for (const { outcome, durationMs, bundle, node, pause } of runs) {
          nodes[node]?.finish(outcome, durationMs, { bundle });
          await world.clock.advance(pause);
        }
        await Promise.all(nodes.map(({ ledger }) => ledger.flush()));
        for (const figures of await readFigures(world.records, "docs", range)) {
          const own = runs.filter(({ bundle }) => bundle === figures.bundle);
          const took = own
            .filter(({ outcome }) => outcome !== "cancelled")
            .map(({ durationMs }) => durationMs)
            .sort((a, b) => a - b);
          expect(figures.runs).toBe(took.length);
          expect(figures.cancelled).toBe(own.length - took.length);
          const p95 = took[Math.ceil(0.95 * took.length) - 1];
          if (p95 === undefined) expect(figures.p95Ms).toBeNull();
          else
            expect(Math.abs((figures.p95Ms ?? 0) - Math.max(1, p95))).toBeLessThan(0.01 * Math.max(1, p95));
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe("buckets of durations", () => {
  it("are a ratio of 1.25 in exactly twelve, and their middle is within a hundredth [BLAME-BUNDLE]", async () => {
    await fc.assert(
      fc.property(fc.double({ min: 1.3, max: 1e9, noNaN: true }), (ms) => {
        expect(Math.abs(bucketOf(ms * 1.25) - bucketOf(ms) - 12)).toBeLessThanOrEqual(1);
        expect(Math.abs(middleOf(bucketOf(ms)) / ms - 1)).toBeLessThan(0.01);
      }),
    );
    expect(bucketOf(1_000 * 1.25) - bucketOf(1_000)).toBe(12);
    expect([bucketOf(0), bucketOf(1), bucketOf(-5), middleOf(0)]).toEqual([0, 0, 0, 1]);
  });

  it("give quantiles by nearest rank, and none of nothing [BLAME-BUNDLE]", () => {
    const counts = new Map([
      [10, 94],
      [20, 1],
      [5, 5],
    ]);
    expect(quantileOf(counts, 0.95)).toBe(middleOf(10));
    expect(quantileOf(counts, 0.991)).toBe(middleOf(20));
    expect(quantileOf(counts, 0.01)).toBe(middleOf(5));
    expect(quantileOf(new Map(), 0.95)).toBeNull();
  });
});

import type { StoreEntry, StoreOp } from "@verdigris/contracts";
import { createFakeClock } from "@verdigris/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createTable, type Table } from "../src/table.ts";

/** The naive table: one sorted look at everything for every listing. */
class Model {
  readonly entries = new Map<string, StoreEntry>();

  list(prefix: string, after: string | undefined, limit: number): StoreEntry[] {
    return [...this.entries.values()]
      .filter(({ key }) => key.startsWith(prefix) && (after === undefined || key > after))
      .sort((a, b) => (a.key < b.key ? -1 : 1))
      .slice(0, limit);
  }
}

interface Both {
  readonly table: Table;
  readonly model: Model;
}

const start = (): Both => ({ table: createTable(createFakeClock()), model: new Model() });

/** Commits to both; what the table answers is what the model then holds. */
function commit({ table, model }: Both, ops: readonly StoreOp[]): void {
  const result = table.commit(ops);
  const stopped = ops.find(({ key, rev }) => (model.entries.get(key)?.rev ?? 0) !== rev);
  if (stopped !== undefined) {
    const current = model.entries.get(stopped.key) ?? null;
    expect(result).toEqual({ ok: false, key: stopped.key, current, at: result.at });
    return;
  }
  if (!result.ok) throw new Error(`${result.key} was refused`);
  for (const [i, op] of ops.entries()) {
    const rev = result.revs[i] ?? 0;
    if (op.op === "put") model.entries.set(op.key, { key: op.key, rev, at: result.at, value: op.value });
    if (op.op === "del") model.entries.delete(op.key);
  }
}

function agree({ table, model }: Both, prefix = "", after?: string, limit = 1_000_000): void {
  expect(table.list(prefix, after, limit)).toEqual(model.list(prefix, after, limit));
  expect(table.size).toBe(model.entries.size);
}

const put = (both: Both, key: string, value = "1"): void =>
  commit(both, [{ op: "put", key, rev: both.model.entries.get(key)?.rev ?? 0, value }]);
const del = (both: Both, key: string): void =>
  commit(both, [{ op: "del", key, rev: both.model.entries.get(key)?.rev ?? 999_999_999 }]);

const smallKey = fc.stringMatching(/^[ab/~]{1,4}$/);
const smallStep = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant("put" as const), key: smallKey, value: fc.string() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("del" as const), key: smallKey }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("list" as const),
      prefix: fc.stringMatching(/^[ab/~]{0,2}$/),
      after: fc.option(smallKey, { nil: undefined }),
      limit: fc.integer({ min: 1, max: 5 }),
    }),
  },
);

/** Many commits at once, so that the newest rows move on and spread. */
const bulkStep = fc.oneof(
  fc.record({
    do: fc.constantFrom("fill" as const, "come-and-go" as const, "overlap" as const),
    count: fc.constantFrom(1, 200, 257, 1_023, 1_024, 1_025, 2_500),
    from: fc.nat({ max: 6_000 }),
    stride: fc.constantFrom(1, 7, 4_999),
  }),
  fc.record({
    do: fc.constant("thin" as const),
    every: fc.integer({ min: 1, max: 5 }),
    from: fc.nat({ max: 9_999 }),
    count: fc.constantFrom(1, 300, 3_000),
  }),
  fc.record({
    do: fc.constant("look" as const),
    after: fc.nat({ max: 9_999 }),
    limit: fc.integer({ min: 1, max: 50 }),
  }),
);
type Bulk = typeof bulkStep extends fc.Arbitrary<infer T> ? T : never;

const nth = (n: number): string => `agent/pin/${String(n % 10_000).padStart(5, "0")}`;

/** Runs of which `alive` are under way at any time: the oldest ends as the next begins, so they leave from wherever they are. */
function overlap(both: Both, from: number, count: number, alive: number): void {
  const end = (key: string): void => {
    if (both.model.entries.has(key)) del(both, key);
  };
  for (let i = 0; i < count + alive; i++) {
    if (i < count) put(both, nth(from + i));
    if (i >= alive) end(nth(from + i - alive));
  }
}

function doBulk(both: Both, step: Bulk): void {
  switch (step.do) {
    case "fill":
      for (let i = 0; i < step.count; i++) put(both, nth(step.from + i * step.stride), String(i));
      return;
    case "come-and-go":
      for (let i = 0; i < step.count; i++) {
        const key = nth(step.from + i * step.stride);
        put(both, key);
        del(both, key);
      }
      return;
    case "overlap":
      overlap(both, step.from, step.count, 100);
      return;
    case "thin":
      for (let i = 0; i < step.count; i += step.every) {
        const key = nth(step.from + i);
        if (both.model.entries.has(key)) del(both, key);
      }
      return;
    case "look":
      agree(both, "agent/", nth(step.after), step.limit);
  }
}

describe("the table against a sorted list", () => {
  test("[STORE-LIST] answers every listing between any commits, refused ones among them", () => {
    fc.assert(
      fc.property(fc.array(smallStep, { maxLength: 60 }), (steps) => {
        const both = start();
        for (const step of steps) {
          if (step.do === "put") put(both, step.key, step.value);
          else if (step.do === "del") del(both, step.key);
          else agree(both, step.prefix, step.after, step.limit);
        }
        agree(both);
      }),
      { numRuns: 500 },
    );
  });

  test("[STORE-LIST] stays right when thousands come, stay and go between listings", () => {
    fc.assert(
      fc.property(fc.array(bulkStep, { maxLength: 12 }), (steps) => {
        const both = start();
        for (const step of steps) doBulk(both, step);
        agree(both);
        for (const [key, entry] of both.model.entries) expect(both.table.read(key)).toEqual(entry);
      }),
      { numRuns: 20 },
    );
  });

  test.each([1, 2, 100, 1_023, 1_024, 1_025, 1_800])(
    "[STORE-LIST] is right with %i runs under way at any time, and one that outlives them all",
    (alive) => {
      const both = start();
      put(both, "agent/pin/lasting");
      overlap(both, 0, 3_000, alive);
      agree(both);
      overlap(both, 3_000, 700, alive);
      put(both, nth(9_999));
      agree(both, "agent/", nth(3_100), 7);
      del(both, "agent/pin/lasting");
      agree(both);
    },
  );

  test.each([1_024, 1_025, 2_049, 9_000])(
    "[STORE-REV] loses none of %i rows as they spread, and finds each to end it",
    (count) => {
      const both = start();
      for (let i = 0; i < count; i++) put(both, nth(i));
      for (let i = 0; i < count; i++) expect(both.table.read(nth(i))).toEqual(both.model.entries.get(nth(i)));
      for (let i = 0; i < count; i += 3) put(both, nth(i), "again");
      for (let i = 1; i < count; i += 3) del(both, nth(i));
      agree(both);
      for (let i = 1; i < count; i += 3) expect(both.table.read(nth(i))).toBeNull();
    },
  );

  test("[STORE-ATOMIC] several keys change together or not at all, wherever each of them lies", () => {
    const op = fc.record({
      op: fc.constantFrom("check" as const, "put" as const, "del" as const),
      key: fc.constantFrom(..."abcdefgh"),
      stale: fc.nat({ max: 7 }).map((n) => n === 0),
    });
    const ops = fc.uniqueArray(op, { selector: ({ key }) => key, maxLength: 5 });
    fc.assert(
      fc.property(fc.array(fc.record({ ops, listed: fc.boolean() }), { maxLength: 25 }), (steps) => {
        const both = start();
        for (const { ops: asked, listed } of steps) {
          if (listed) agree(both);
          const made = asked.map(({ op, key, stale }): StoreOp => {
            const known = both.model.entries.get(key)?.rev ?? 0;
            const rev = stale || (op === "del" && known === 0) ? 999_999_999 : known;
            return op === "put" ? { op, key, rev, value: "2" } : { op, key, rev };
          });
          commit(both, made);
        }
        agree(both);
      }),
      { numRuns: 300 },
    );
  });

  test("what was handed out does not change when its row does", () => {
    const both = start();
    put(both, "a", "first");
    const [listed] = both.table.list("", undefined, 1);
    const read = both.table.read("a");
    put(both, "a", "second");
    expect([listed?.value, read?.value]).toEqual(["first", "first"]);
    const conflict = both.table.commit([{ op: "put", key: "a", rev: 0, value: "third" }]);
    put(both, "a", "fourth");
    expect(conflict).toMatchObject({ ok: false, current: { value: "second" } });
  });

  test("is empty once cleared, and begins again", () => {
    const both = start();
    for (let i = 0; i < 5_000; i++) put(both, nth(i));
    both.table.clear();
    both.model.entries.clear();
    agree(both);
    put(both, nth(3));
    agree(both);
  });
});

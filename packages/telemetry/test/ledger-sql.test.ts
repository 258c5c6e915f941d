import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Store } from "@verdigris/contracts";
import { createLiveDetectors, passRateFloor } from "@verdigris/detectors";
import { createMemoryStore } from "@verdigris/store-memory";
import { createPostgresStore } from "@verdigris/store-postgres";
import { createSqliteStore } from "@verdigris/store-sqlite";
import { createFakeClock } from "@verdigris/testing";
import Libsql from "libsql";
import pg from "pg";
import { createVerdigris, defineBundle, digestOf, type Verdigris } from "verdigris";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ledgerSql, readFigures } from "../src/index.ts";

const url = process.env.VERDIGRIS_POSTGRES_URL ?? "postgres://postgres@127.0.0.1:5432/postgres";
const schema = `vt_ledger_${process.pid}`;
const began = Date.parse("2026-01-01T00:00:00Z");
const end = began + 3_600_000;

const bundleOf = (id: string, text: string, model: string) =>
  defineBundle({
    id,
    code: { commit: "c0ffee", build: digestOf("build") },
    prompts: { system: { version: text, text } },
    models: { planner: { provider: "acme", name: "planner", snapshot: model } },
  });

const detectors = createLiveDetectors({
  rules: [passRateFloor()],
  scoring: { sample: 1, scorers: [{ name: "even", score: (output) => Number(output) % 2 === 0 }] },
});

/** Runs whose answers are scored in the background, some of which fail, and what people say of them. */
async function judged(agent: Verdigris, n: number): Promise<void> {
  let id = "";
  const running = agent.run({}, async (run) => {
    id = run.id;
    if (n % 4 === 0) throw new Error("no");
    return n;
  });
  await running.catch(() => {});
  const receipt = detectors.receipt(id);
  if (n % 3 === 0) detectors.feedback(n % 2 === 0 ? id : String(receipt), n % 9 === 0);
  await clock.advance(300);
}

/** An hour of two bundles: calls with and without a price, in two currencies, failures, scores, shadow and mixed runs. */
async function fill(agent: Verdigris): Promise<void> {
  const work = async (n: number, cost: number | null) => {
    const started = await agent.start(
      n % 9 === 0 ? { class: "shadow" } : { labels: { tenant: `t${n % 3}` } },
    );
    if (!started.placed) throw new Error("not placed");
    const { run } = started;
    await run.step("plan", (step) =>
      step.usage({
        model: "m",
        inputTokens: 10,
        outputTokens: n,
        cost,
        ...(n % 7 === 0 ? { currency: "EUR" } : {}),
      }),
    );
    await clock.advance(700 + 37 * n);
    agent.score(run.scope, { name: "quality", passed: n % 5 !== 0 });
    await run.finish({ outcome: n % 8 === 0 ? "failed" : "completed" });
  };
  for (let n = 1; n <= 60; n++) await work(n, n % 11 === 0 ? null : n * 0.000_1);
  for (let n = 1; n <= 12; n++) await judged(agent, n);
  await agent.register(bundleOf("green", "kind", "planner-2"));
  await agent.flip({ to: "green", reason: "r", expect: 1 });
  for (let n = 1; n <= 60; n++) await work(n, n * 0.000_3);
  for (let n = 1; n <= 7; n++) await judged(agent, n);
  const moving = await agent.start({ bundle: "blue" });
  if (moving.placed) await moving.run.finish({ outcome: "completed" });
}

const clock = createFakeClock({ now: began });
const memory = createMemoryStore({ clock });
let expected: Awaited<ReturnType<Verdigris["blame"]>>;
let bill: Awaited<ReturnType<Verdigris["costs"]>>;

async function copyTo(store: Store): Promise<void> {
  for (const part of ["usage/", "bundle/"]) {
    const { entries } = await memory.list(`docs/${part}`, { limit: 1_000 });
    for (const { key, value } of entries) await store.commit([{ op: "put", key, rev: 0, value }]);
  }
  // Neighbours that must not count: another agent, a later format, a key that only looks like one.
  const usage =
    '{"v":1,"records":[],"runs":[{"bundle":"x","class":"live","completed":9,"failed":0,"cancelled":0,"expired":0,"durations":{}}]}';
  await store.commit([
    { op: "put", key: `docs2/usage/${began}/n-1`, rev: 0, value: usage },
    { op: "put", key: `docs/usage/${began}/later-1`, rev: 0, value: '{"v":99,"records":{"not":"a list"}}' },
    { op: "put", key: "docs/claim/usage", rev: 0, value: '{"v":1}' },
  ]);
}

/** Why there is no server to ask; null where there is. */
async function problemOf(): Promise<string | null> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 3_000 });
  try {
    await client.connect();
    return null;
  } catch (error) {
    return `no PostgreSQL (${error}); set VERDIGRIS_POSTGRES_URL`;
  } finally {
    await client.end().catch(() => undefined);
  }
}

const problem = await problemOf();
if (problem !== null) {
  if (process.env.CI === "true") throw new Error(problem);
  process.stderr.write(`skipped: ${problem}\n`);
}

type Counted = Record<string, { readonly scored: number; readonly passed: number }>;

interface Dialect {
  readonly name: "postgres" | "sqlite";
  query(sql: string, parameters?: readonly unknown[]): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
}

async function postgres(): Promise<Dialect> {
  const pool = new pg.Pool({ connectionString: url, max: 2 });
  await copyTo(await createPostgresStore({ client: pool, schema }));
  const { views } = ledgerSql({ dialect: "postgres", schema });
  for (let twice = 0; twice < 2; twice++) await pool.query(views);
  return {
    name: "postgres",
    query: async (sql, parameters = []) =>
      (await pool.query(sql, [...parameters])).rows as Record<string, unknown>[],
    async close() {
      await pool.query(`DROP SCHEMA ${schema} CASCADE`);
      await pool.end();
    },
  };
}

async function sqlite(): Promise<Dialect> {
  const folder = mkdtempSync(join(tmpdir(), "vt-ledger-"));
  const file = join(folder, "agent.db");
  const store = await createSqliteStore({ file, synchronous: "normal" });
  await copyTo(store);
  const database = new Libsql(file);
  for (let twice = 0; twice < 2; twice++) database.exec(ledgerSql({ dialect: "sqlite" }).views);
  return {
    name: "sqlite",
    query: async (sql, parameters = []) => database.prepare(sql).all(parameters) as Record<string, unknown>[],
    async close() {
      database.close();
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

beforeAll(async () => {
  const bundle = bundleOf("blue", "brief", "planner-1");
  const agent = createVerdigris({
    agent: "docs",
    store: memory,
    clock,
    bundle,
    watch: false,
    sweepMs: "never",
    actor: "ana",
    detectors,
  });
  await fill(agent);
  expected = await agent.blame({ from: began, to: end });
  bill = await agent.costs({ from: began, to: end });
  await agent.close();
  expect(expected).toHaveLength(2);
  // What scorers, failures and people said is among them: 3 of 12 are even and did not fail, and 1 of 4 was liked.
  expect(expected[0]?.scores).toMatchObject({
    live: { scored: 12, passRate: 3 / 12 },
    feedback: { scored: 4, passRate: 1 / 4 },
  });
});

describe.each([...(problem === null ? [["postgres", postgres] as const] : []), ["sqlite", sqlite] as const])(
  "in %s",
  (name, open) => {
    let dialect: Dialect;
    beforeAll(async () => {
      dialect = await open();
    }, 60_000);
    afterAll(() => dialect.close());
    const prefix = name === "postgres" ? `${schema}.` : "";
    const sql = ledgerSql({ dialect: name, schema });
    const blame = (from: number, to: number) => dialect.query(sql.blame, ["docs", from, to]);

    it("one query blames as the function does, bundle by bundle [BLAME-SQL]", async () => {
      const rows = await blame(began, end);
      for (const line of expected) {
        for (const { currency, cost, perCompletedRun } of line.costs) {
          const row = rows.find((r) => r.bundle === line.bundle && r.currency === currency);
          expect(row).toMatchObject({ before: line.before, bundle: line.bundle });
          for (const [column, value] of [
            ["runs", line.runs],
            ["completed", line.completed],
            ["failed", line.failed],
            ["expired", line.expired],
            ["cancelled", line.cancelled],
            ["error_rate", line.errorRate],
            ["p95_ms", line.p95Ms],
            ["pass_rate", line.passRate],
            ["cost", Number(cost)],
            ["cost_per_completed_run", perCompletedRun],
            ["unpriced_calls", line.unpricedCalls],
          ] as const) {
            expect(Number(row?.[column]), column).toBeCloseTo(Number(value), 9);
          }
          const { scores } = row ?? {};
          const counted = (typeof scores === "string" ? JSON.parse(scores) : scores) as Counted;
          const rates = Object.entries(counted).map(([name, { scored, passed }]) => [
            name,
            { scored, passRate: passed / scored },
          ]);
          expect(Object.fromEntries(rates)).toEqual(line.scores);
        }
      }
      expect(rows).toHaveLength(4);
      expect(rows.map(({ changed_pieces }) => changed_pieces)).toEqual([
        null,
        null,
        "prompts, models",
        "prompts, models",
      ]);
    });

    it("the sums of the view equal the bill, and every call is a row [BLAME-SQL]", async () => {
      const sums = await dialect.query(
        `SELECT bundle, currency, class, count(*) AS calls, ${name === "postgres" ? "trim_scale(sum(cost))::text" : "sum(cost_units)"} AS cost
       FROM ${prefix}usage_calls WHERE agent = 'docs' AND cost IS NOT NULL GROUP BY bundle, currency, class`,
      );
      for (const { key, currency, traffic, cost, calls } of bill.lines) {
        const row = sums.find(
          (r) =>
            r.bundle === key &&
            r.currency === currency &&
            (r.class === "live") === (traffic === "production"),
        );
        expect(Number(row?.calls)).toBe(calls);
        if (name === "postgres") expect(row?.cost).toBe(cost);
        else expect(Number(row?.cost)).toBe(Math.round(Number(cost) * 1e12));
      }
      expect(sums).toHaveLength(bill.lines.length);
      const [call] = await dialect.query(
        `SELECT agent, at, step, model, output_tokens, mixed, labels FROM ${prefix}usage_calls ORDER BY at LIMIT 1`,
      );
      expect(call).toMatchObject({ agent: "docs", step: "plan", model: "m" });
      expect(Number(call?.at)).toBe(began);
    });

    it("a narrower time gives fewer, and another agent's runs are not among them [BLAME-SQL]", async () => {
      const half = began + 20 * 60_000;
      const narrow = await readFigures(memory, "docs", { from: half, to: end });
      const rows = await blame(half, end);
      const runs = (bundle: string) => Number(rows.find((row) => row.bundle === bundle)?.runs ?? 0);
      for (const figures of narrow) expect(runs(figures.bundle)).toBe(figures.runs);
      expect(rows.some(({ bundle }) => bundle === "x")).toBe(false);
      expect(await blame(end, end + 1)).toEqual([]);
    });
  },
);

it("names what it cannot make statements for", () => {
  for (const [options, argument] of [
    [{ dialect: "mysql" }, "dialect"],
    [{ dialect: "postgres", schema: "a; drop table x" }, "schema"],
  ] as const) {
    expect(() => ledgerSql(options as never)).toThrow(
      expect.objectContaining({ code: "invalid-argument", details: { argument } }),
    );
  }
});

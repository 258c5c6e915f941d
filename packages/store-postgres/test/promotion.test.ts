import type { Store } from "@verdigris/contracts";
import { createPostgresStore, type PostgresStore } from "@verdigris/store-postgres";
import pg from "pg";
import { createVerdigris, defineBundle, type Verdigris } from "verdigris";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createOwnEngine, hasBinaries, type OwnEngine } from "./own-engine.ts";

const code = { commit: "0123456789abcdef", build: `sha256:${"0".repeat(64)}` } as const;
const bundleNamed = (id: string) =>
  defineBundle({ id, code, prompts: { system: { version: id, text: id } } });
const facts = { reason: "test", actor: "ana" };

function openPool(connectionString: string): pg.Pool {
  const pool = new pg.Pool({ connectionString, max: 2 });
  pool.on("error", () => undefined);
  return pool;
}

/** A store behind an address that is moved from one server to another. */
async function openMovable(engine: OwnEngine) {
  let pool = openPool(engine.url);
  let inner: PostgresStore = await createPostgresStore({ client: pool });
  const end = async (): Promise<void> => {
    await inner.close();
    await pool.end();
  };
  const store: Store = {
    capabilities: inner.capabilities,
    get: (keys) => inner.get(keys),
    commit: (ops) => inner.commit(ops),
    list: (prefix, options) => inner.list(prefix, options),
    watch: (prefix, onHint) => inner.watch(prefix, onHint),
    close: end,
  };
  return {
    store,
    async moveTo(other: OwnEngine) {
      await end();
      pool = openPool(other.url);
      inner = await createPostgresStore({ client: pool });
    },
  };
}

function openAgent(store: Store): Verdigris {
  return createVerdigris({
    agent: "support",
    store,
    bundle: bundleNamed("blue"),
    watch: false,
    sweepMs: "never",
  });
}

async function mustStart(agent: Verdigris) {
  const started = await agent.start();
  if (!started.placed) throw new Error("not placed");
  return started.run;
}

async function ask(url: string, text: string): Promise<Record<string, unknown> | undefined> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query(text);
  await client.end();
  return rows[0] as Record<string, unknown> | undefined;
}

/** Revisions of so many commits. */
async function issue(store: Store, name: string, count: number): Promise<Set<number>> {
  const revs = new Set<number>();
  for (let n = 0; n < count; n += 1) {
    const result = await store.commit([{ op: "put", key: `other/${name}-${n}`, rev: 0, value: "1" }]);
    if (result.ok) revs.add(result.revs[0] ?? 0);
  }
  return revs;
}

describe.skipIf(!hasBinaries)("an asynchronous standby that is promoted", { timeout: 60_000 }, () => {
  let primary: OwnEngine;
  let standby: OwnEngine;
  beforeAll(async () => {
    primary = await createOwnEngine();
    await primary.start();
    standby = await createOwnEngine(primary);
  }, 60_000);
  afterAll(async () => {
    await primary.remove();
    await standby.remove();
  });

  test("without the latest acknowledged flip is noticed, not obeyed, and gone on from by decision [ROUTE-REGRESSED] [ROUTE-REANCHOR] [STORE-REV]", async () => {
    const { store, moveTo } = await openMovable(primary);
    const [agent, peer] = [openAgent(store), openAgent(store)];
    await agent.ready();
    await agent.register(bundleNamed("green"), { actor: "ana" });
    const kept = await mustStart(agent);
    // What the standby has is what was written so far; it is cut off before the flip.
    await standby.start();
    const { lsn } = (await ask(primary.url, "SELECT pg_current_wal_lsn() AS lsn")) ?? {};
    await expect
      .poll(() => ask(standby.url, `SELECT pg_last_wal_replay_lsn() >= '${lsn}' AS caught_up`), {
        timeout: 10_000,
      })
      .toEqual({ caught_up: true });
    await standby.stop();
    await agent.flip({ to: "green", expect: 1, ...facts });
    const lost = await mustStart(agent);
    await peer.router?.refresh();
    const issued = (await store.get(["support/route"])).entries[0]?.rev ?? 0;
    // More than a sequence is ahead of itself in what the standby has.
    const lostRevs = await issue(store, "lost", 50);
    await primary.kill();
    await standby.start();
    await ask(standby.url, "SELECT pg_promote()");
    await moveTo(standby);
    for (const each of [agent, peer])
      await expect(each.start()).rejects.toMatchObject({
        code: "store-regressed",
        details: { known: 2, found: 1 },
      });
    await agent.reanchor({ live: "green", stable: "blue", expect: 1, ...facts });
    for (const each of [agent, peer]) expect((await mustStart(each)).scope.bundle).toBe("green");
    expect((await store.get(["support/route"])).entries[0]?.rev).toBeGreaterThan(issued);
    const madeRevs = await issue(store, "made", 100);
    expect([lostRevs.size, madeRevs.size]).toEqual([50, 100]);
    expect(
      [...madeRevs].filter((rev) => lostRevs.has(rev)),
      "none is issued again",
    ).toEqual([]);
    expect(
      await (await peer.resume(kept.token ?? "", { takeover: true })).finish({ outcome: "completed" }),
    ).toBe("finished");
    expect(await lost.finish({ outcome: "completed" })).toBe("superseded");
    expect(await peer.verifyAudit()).toMatchObject({ ok: true, entries: 2, holes: [{ from: 2, to: 2 }] });
    for (const each of [agent, peer]) await each.close();
    await store.close();
  });
});

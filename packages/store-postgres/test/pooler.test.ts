import { createPostgresStore, type PostgresNotice, type PostgresStore } from "@verdigris/store-postgres";
import { createVerdigris, defineBundle, type Verdigris } from "verdigris";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { hasPooler, type OwnPooler, startPooler } from "./own-pooler.ts";
import { hasServer, openServer, type Server } from "./server.ts";

const code = { commit: "0123456789abcdef", build: `sha256:${"0".repeat(64)}` } as const;
const bundleNamed = (id: string) =>
  defineBundle({ id, code, prompts: { system: { version: id, text: id } } });

describe.skipIf(!hasServer || !hasPooler)("behind a PgBouncer that lends connections by transaction", () => {
  let direct: Server;
  let pooled: Server;
  let pooler: OwnPooler;
  const stores: PostgresStore[] = [];
  const agents: Verdigris[] = [];
  beforeAll(async () => {
    direct = openServer();
    pooler = await startPooler(direct.pool.options.connectionString ?? "");
    pooled = openServer(pooler.url, direct.schema);
  });
  afterEach(async () => {
    for (const agent of agents.splice(0)) await agent.close();
    for (const store of stores.splice(0)) await store.close();
  });
  afterAll(async () => {
    await pooled.pool.end();
    await pooler.remove();
    await direct.dispose();
  });

  async function open(listen: Server["listen"]) {
    const notices: PostgresNotice["type"][] = [];
    const store = await createPostgresStore({
      client: pooled.pool,
      schema: direct.schema,
      listen,
      onNotice: ({ type }) => notices.push(type),
    });
    stores.push(store);
    const agent = createVerdigris({
      agent: "support",
      store,
      bundle: bundleNamed("blue"),
      actor: "ana",
      sweepMs: "never",
    });
    agents.push(agent);
    await agent.ready();
    return { store, agent, notices };
  }

  const flip = async (agent: Verdigris): Promise<string> => {
    const { generation, route } = await agent.status();
    const to = route?.live === "blue" ? "green" : "blue";
    await agent.register(bundleNamed(to));
    await agent.flip({ to, expect: generation, reason: "test", supersede: true });
    return to;
  };

  test("a listener that leads through it is found out, and nodes learn of a flip by their poll, with no stale start [STORE-WATCH] [I4]", async () => {
    const [here, there] = await Promise.all([open(pooled.listen), open(pooled.listen)]);
    for (const { store, notices, agent } of [here, there]) {
      expect(store.capabilities.push).toBe(false);
      expect(notices).toEqual(["push-refused"]);
      expect(agent.mode()).toBe("polling");
    }
    const to = await flip(here.agent);
    const started = await there.agent.start();
    expect(started.placed && started.run.bundle.id).toBe(to);
    await expect.poll(() => there.agent.router?.snapshot()?.route.live, { timeout: 3_000 }).toBe(to);
  });

  test("one that leads around it hears of every flip, and commits go through [STORE-WATCH]", async () => {
    const [here, there] = [await open(direct.listen), await open(direct.listen)];
    expect([here.store.capabilities.push, there.store.capabilities.push]).toEqual([true, true]);
    await expect.poll(() => there.agent.mode()).toBe("live");
    for (let n = 0; n < 5; n += 1) {
      const to = await flip(here.agent);
      await expect.poll(() => there.agent.router?.snapshot()?.route.live).toBe(to);
    }
  });
});

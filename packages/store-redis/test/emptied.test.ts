import { createRedisStore } from "@verdigris/store-redis";
import { createVerdigris, defineBundle, type Verdigris } from "verdigris";
import { afterAll, describe, expect, test } from "vitest";
import { connect } from "./clients.ts";
import { freshPrefix, lacksServer, removeData, sharedUrl } from "./shared-server.ts";

const code = { commit: "0123456789abcdef", build: `sha256:${"0".repeat(64)}` } as const;
const bundleNamed = (id: string) =>
  defineBundle({ id, code, prompts: { system: { version: id, text: id } } });
const facts = { reason: "test", actor: "ana" };

describe.skipIf(await lacksServer())("a Redis that was emptied under running processes", () => {
  const prefix = freshPrefix();
  afterAll(() => removeData(prefix));

  async function open(name: string): Promise<{ agent: Verdigris; end(): Promise<void> }> {
    const { client, end } = await connect("node-redis", sharedUrl);
    const accept = ["persistence", "fsync"] as const;
    const store = await createRedisStore({ client, prefix, accept });
    const agent = createVerdigris({
      agent: "support",
      store,
      bundle: bundleNamed("blue"),
      node: { name },
      actor: "ana",
    });
    await agent.ready();
    return {
      agent,
      async end() {
        await agent.close();
        await store.close();
        end();
      },
    };
  }

  const regressed = (agent: Verdigris) => heard(agent, "store-regressed");
  const reanchored = (agent: Verdigris) => heard(agent, "reanchored");
  const heard = (agent: Verdigris, event: "store-regressed" | "reanchored"): Promise<void> =>
    new Promise((resolve) => {
      const stop = agent.on(event, () => {
        stop();
        resolve();
      });
    });

  test("starts nothing anywhere until a person decides, then everywhere on that bundle [ROUTE-REANCHOR]", async () => {
    const [here, there] = [await open("here"), await open("there")];
    await here.agent.register(bundleNamed("green"));
    await here.agent.flip({ to: "green", expect: 1, ...facts });
    await there.agent.router?.refresh();
    const noticed = [regressed(here.agent), regressed(there.agent)];
    await removeData(prefix);
    await Promise.all(noticed);
    for (const { agent } of [here, there])
      await expect(agent.start()).rejects.toMatchObject({ code: "store-regressed" });
    const back = [reanchored(here.agent), reanchored(there.agent)];
    await there.agent.register(bundleNamed("green"));
    // Both decide at once: one of them wins, and the other is told by what.
    const decisions = await Promise.allSettled([
      here.agent.reanchor({ live: "green", stable: "blue", expect: 0, ...facts }),
      there.agent.reanchor({ live: "blue", expect: 0, ...facts }),
    ]);
    expect(decisions.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    await Promise.all(back);
    const won = decisions[0]?.status === "fulfilled" ? "green" : "blue";
    for (const { agent } of [here, there]) {
      const started = await agent.start();
      expect(started.placed && [started.run.bundle.id, agent.router?.snapshot()?.route.generation]).toEqual([
        won,
        3,
      ]);
    }
    expect(await here.agent.verifyAudit()).toMatchObject({
      ok: true,
      entries: 1,
      holes: [{ from: 1, to: 2 }],
    });
    await here.end();
    await there.end();
  });
});

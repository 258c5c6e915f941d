import type { Store } from "@verdigris/contracts";
import { createRedisStore } from "@verdigris/store-redis";
import { createVerdigris, defineBundle } from "verdigris";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connect, libraries } from "./clients.ts";
import { type FaultProxy, startProxy } from "./fault-proxy.ts";
import { lacksProgram, type OwnServer, startServer } from "./own-server.ts";
import { freshPrefix } from "./shared-server.ts";

const code = { commit: "0123456789abcdef", build: `sha256:${"0".repeat(64)}` } as const;
const bundleNamed = (id: string) =>
  defineBundle({ id, code, prompts: { system: { version: id, text: id } } });

describe.skipIf(lacksProgram())("a move whose reply was lost", () => {
  let server: OwnServer;
  let proxy: FaultProxy;
  beforeAll(async () => {
    server = await startServer();
    proxy = await startProxy(server.port);
  });
  afterAll(async () => {
    await proxy.close();
    await server.remove();
  });

  for (const library of libraries) {
    test(`is found to have happened, once, and its repetition gets the first answer, over ${library} [I11]`, async () => {
      const client = await connect(library, proxy.url);
      const real = await createRedisStore({ client: client.client, prefix: freshPrefix() });
      let losing = false;
      const outcomes: string[] = [];
      const store: Store = {
        ...real,
        commit(ops) {
          if (!losing) return real.commit(ops);
          proxy.hold("replies");
          const committing = real.commit(ops);
          committing.catch((error: { code: string }) => outcomes.push(error.code));
          return committing;
        },
      };
      const agent = createVerdigris({
        agent: "support",
        store,
        bundle: bundleNamed("blue"),
        load: () => undefined,
        watch: false,
        sweepMs: "never",
        actor: "test",
      });
      await agent.ready();
      await agent.register(bundleNamed("green"));
      const flip = () => agent.flip({ to: "green", reason: "test", expect: 1, requestId: "request-1" });
      losing = true;
      // The store gives the dead connection up, so the router can read whether its commit happened.
      expect(await flip()).toMatchObject({ outcome: "moved", generation: 2 });
      losing = false;
      proxy.release();
      expect(outcomes).toEqual(["store-indeterminate"]);
      expect(await flip()).toMatchObject({ outcome: "duplicate", generation: 2 });
      const { entries } = await store.list("support/audit/", { limit: 10 });
      expect(entries).toHaveLength(2);
      const started = await agent.start();
      expect(started.placed && started.run.bundle.id).toBe("green");
      await agent.close();
      await store.close();
      client.end();
    });
  }
});

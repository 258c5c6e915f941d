import { copyFile, rm } from "node:fs/promises";
import type { Store } from "@verdigris/contracts";
import { createSqliteStore } from "@verdigris/store-sqlite";
import { aBundle } from "@verdigris/testing";
import { createVerdigris, type Verdigris } from "verdigris";
import { expect, test } from "vitest";
import { type TemporaryFile, temporaryFile } from "./temporary-file.ts";

const [blue, green] = [aBundle("blue"), aBundle("green")];
const facts = { reason: "test", actor: "ana" };

/** A process whose file may be exchanged while it runs: what it opened is closed before, and opened again afterwards. */
async function openProcess({ file }: TemporaryFile) {
  let inner = await createSqliteStore({ file });
  const store: Store = {
    capabilities: inner.capabilities,
    get: (keys) => inner.get(keys),
    commit: (ops) => inner.commit(ops),
    list: (prefix, options) => inner.list(prefix, options),
    watch: (prefix, onHint) => inner.watch(prefix, onHint),
    close: () => inner.close(),
  };
  const agent: Verdigris = createVerdigris({
    agent: "support",
    store,
    bundle: blue,
    sweepMs: "never",
    watch: false,
  });
  await agent.ready();
  return {
    agent,
    store,
    detach: () => inner.close(),
    attach: async () => {
      inner = await createSqliteStore({ file });
    },
  };
}

async function mustStart(agent: Verdigris) {
  const started = await agent.start();
  if (!started.placed) throw new Error("not placed");
  return started.run;
}

test("a file copied back is noticed, not obeyed, and gone on from by decision [ROUTE-REANCHOR] [ROUTE-REGRESSED]", async () => {
  const place = await temporaryFile();
  const [here, there, asleep] = [
    await openProcess(place),
    await openProcess(place),
    await openProcess(place),
  ];
  const all = [here, there];
  const attached = [...all, asleep];
  await here.agent.register(green, { actor: "ana" });
  const kept = await mustStart(here.agent);
  const detachAll = () => Promise.all(attached.map(({ detach }) => detach()));
  const attachAll = () => Promise.all(attached.map(({ attach }) => attach()));
  await detachAll();
  await copyFile(place.file, `${place.file}.backup`);
  await attachAll();
  await here.agent.flip({ to: "green", expect: 1, ...facts });
  await there.agent.router?.refresh();
  await asleep.agent.router?.refresh();
  await detachAll();
  for (const rest of ["-wal", "-shm"]) await rm(`${place.file}${rest}`, { force: true });
  await copyFile(`${place.file}.backup`, place.file);
  await attachAll();
  for (const { agent } of all)
    await expect(agent.start()).rejects.toMatchObject({
      code: "store-regressed",
      details: { known: 2, found: 1 },
    });
  await here.agent.reanchor({ live: "blue", expect: 1, ...facts });
  const late = there.agent.reanchor({ live: "blue", stable: "green", expect: 1, ...facts });
  await expect(late).rejects.toMatchObject({ code: "route-conflict", details: { generation: 3 } });
  for (const { agent } of all) expect((await mustStart(agent)).scope.bundle).toBe("blue");
  const routes = all.map(({ agent }) => agent.router?.snapshot()?.route);
  expect(routes[0]).toEqual(routes[1]);
  // It has seen neither the loss nor the decision, and starts on the route it remembers; only the revision tells it.
  expect((await mustStart(asleep.agent)).scope.bundle).toBe("blue");
  const resumed = await there.agent.resume(kept.token ?? "", { takeover: true });
  expect(await resumed.finish({ outcome: "completed" })).toBe("finished");
  expect(await there.agent.verifyAudit()).toMatchObject({
    ok: true,
    entries: 2,
    holes: [{ from: 2, to: 2 }],
  });
  await Promise.all(attached.map(({ agent }) => agent.close()));
  await detachAll();
  await place.remove();
});
